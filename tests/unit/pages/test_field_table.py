"""Tests of the table of fields: what it shows is what is declared, there and back, and as JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawler.models import Target
from crawler.services.drafts import Problem
from scrapers import fields as declared
from scrapers.fields.transforms import STEPS
from webui.pages import target_form
from webui.pages.target_form.rows import MOST_ROWS, MOST_STEPS, FieldRow, posted
from webui.pages.target_form.shown import TargetForm
from webui.pages.target_form.steps import CHOICES, StepRow

TEXTS = st.text(st.sampled_from("aZ0 ,;.-/\\()[]{}\"'<>&\t\n\u00a0é"), max_size=8)
SHORT = TEXTS.filter(bool)
NUMBERS = st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False))
INDEX = st.integers(-1000, 1000)
TRANSFORMS = st.one_of(
    st.sampled_from(["strip", "join", "split", "lower", "upper", "number", "price", "date", "url"]),
    st.fixed_dictionaries({"join": TEXTS}),
    st.fixed_dictionaries({"strip": SHORT}),
    st.fixed_dictionaries({"split": SHORT}),
    st.fixed_dictionaries(
        {"replace": st.tuples(st.sampled_from(["a", " ", "[\\s,]+", "^$"]), TEXTS).map(list)}
    ),
    st.fixed_dictionaries({"slice": st.one_of(INDEX, st.lists(st.none() | INDEX, min_size=2, max_size=2))}),
    st.fixed_dictionaries({"price": st.sampled_from(["amount", "currency"])}),
    st.fixed_dictionaries(
        {
            "date": st.fixed_dictionaries(
                {},
                optional={
                    "languages": st.lists(st.sampled_from(["en", "de-AT"]), max_size=2),
                    "timezone": st.just("Europe/Prague"),
                },
            )
        }
    ),
)
VALUES = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, st.lists(st.booleans() | NUMBERS | TEXTS, max_size=2)
)
FIELDS = st.fixed_dictionaries(
    {"css": st.sampled_from(["a", ".b > c", " a", "a\n b", "a[title='\"<&>']"])},
    optional={
        "type": st.sampled_from(["text", "integer", "number", "price", "date", "url", "boolean"]),
        "attr": st.sampled_from(["href", "data-x"]),
        "many": st.booleans(),
        "required": st.booleans(),
        "default": VALUES,
        "transform": st.lists(TRANSFORMS, max_size=3),
        "min": NUMBERS,
        "max_length": st.integers(0, 1000),
        "pattern": st.sampled_from(["^a$", " a ", "\\d+"]),
        "one_of": st.lists(st.booleans() | NUMBERS | TEXTS, min_size=1, max_size=3),
    },
)
DECLARED = st.dictionaries(st.sampled_from(["a", "b c", " d", "é<"]), FIELDS, min_size=1, max_size=2)


def sent(form: TargetForm) -> QueryDict:
    """Return what a browser sends of the form's part about fields."""
    page = LexborHTMLParser(render_to_string("targets/_fields.html", {"form": form}))
    pairs: list[tuple[str, str | None]] = []
    for control in page.css("input[name], select[name], textarea[name]"):
        attributes = control.attributes
        if attributes.get("type") == "checkbox" and "checked" not in attributes:
            continue
        value: str | None = attributes.get("value") or ""
        if control.tag == "textarea":
            value = (control.text() or "").replace("\n", "\r\n")
        elif control.tag == "select":
            chosen = (control.css("option[selected]") or control.css("option"))[0]
            value = chosen.attributes.get("value", chosen.text())
        pairs.append((str(attributes["name"]), value))
    return QueryDict(urlencode([*pairs, ("scraper", "fields")]))


def same(one: object, other: object) -> bool:
    """Compare as JSON does: 1 is neither true nor 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out flags that are off and transforms that are none."""
    nothing = {"many": False, "required": False, "transform": []}
    return {
        name: {key: value for key, value in said.items() if not (key in nothing and value == nothing[key])}
        for name, said in fields.items()
    }


def form_of(fields: dict[str, Any]) -> TargetForm:
    return target_form.of_target(Target(scraper="fields", fields=fields, start_urls=[]))


@example({"a": {"css": "a", "default": 0, "type": "integer", "one_of": [0, -5]}})
@example(
    {"a": {"css": "a", "default": ["x", "y z"], "many": True, "transform": [{"join": ""}, {"slice": -1}]}}
)
@example({"a": {"css": "a", "default": None}, "b c": {"css": "b", "default": [], "many": True}})
@hypothesis_settings(max_examples=20)
@given(DECLARED)
def test_whatever_the_table_shows_comes_back_unchanged(fields: dict[str, Any]) -> None:
    form = form_of(fields)
    if form.values["fields_as"] == "json":
        assert form.values["not_in_table"]
    read = target_form.read(sent(form)).data["fields"]
    assert same(read, fields if form.values["fields_as"] == "json" else without_nothing(fields))
    assert same(target_form.read(sent(form), saved=fields).data["fields"], fields)


SPELLED: dict[str, Any] = {
    "a": "css:h1",
    "b": "p",
    "c": {"css": "i", "type": "integer", "min": 1, "many": False},
}


@pytest.mark.parametrize("to", ["rows", "json"])
def test_field_that_was_not_changed_keeps_its_spelling(to: str) -> None:
    form = target_form.turned(form_of(SPELLED), to=to)
    assert same(target_form.read(sent(form), saved=SPELLED).data["fields"], SPELLED)

    for other in ("h2", "xpath://p", {"css": "i", "type": "integer", "min": 1.0}):
        said = target_form.read(
            sent(target_form.turned(form_of(SPELLED | {"c": other}), to=to)), saved=SPELLED
        )
        assert same({**said.data["fields"], "c": 0}, {**SPELLED, "c": 0})
        assert said.data["fields"]["c"] == form_of({"c": other}).rows[0].said()


@pytest.mark.parametrize(
    ("inner", "is_kept"),
    [
        ({"x": {"css": "b"}}, True),
        ({"x": {"css": "b", "required": True}}, False),
        ({"x": {"css": "b"}, "y": "i"}, False),
        (["x"], False),
    ],
)
def test_fields_inside_of_others_are_compared_as_well(inner: object, is_kept: bool) -> None:
    saved = {"made": {"css": ".made", "fields": {"x": "b"}}}
    said = {"made": {"css": ".made", "fields": inner}}
    post = QueryDict(mutable=True)
    post.update({"scraper": "fields", "fields_as": "json", "fields_json": json.dumps(said)})

    assert target_form.read(post, saved=saved).data["fields"] == (saved if is_kept else said)


@hypothesis_settings(max_examples=20)
@given(DECLARED)
def test_turning_to_json_and_back_loses_nothing(fields: dict[str, Any]) -> None:
    first = form_of(fields)
    as_json = target_form.turned(target_form.submitted(sent(first)), to="json")
    back = target_form.turned(target_form.submitted(sent(as_json)), to="rows")

    assert same(json.loads(as_json.values["fields_json"]), target_form.read(sent(first)).data["fields"])
    assert (back.values["fields_as"], back.rows) == (first.values["fields_as"], first.rows)
    assert same(target_form.read(sent(back)).data["fields"], target_form.read(sent(first)).data["fields"])


def test_example_of_each_choice_is_a_transform_that_fields_take() -> None:
    arguments = {
        "replace": ("a", "b"),
        "slice:one": ("3", ""),
        "slice": ("", "-2"),
        "date": ("en, de", "Europe/Prague"),
    }
    for choice, _ in CHOICES[1:]:
        first, second = arguments.get(choice, ("", ""))
        step = StepRow(choice=choice, first=first, second=second)
        row = FieldRow(name="a", selector="b", steps=(step,))
        declared.parse(fields={"a": row.said()})
        assert target_form.of_target(Target(fields={"a": row.said()}, start_urls=[])).rows == (row,)
    assert {choice.partition(":")[0] for choice, _ in CHOICES[1:]} == set(STEPS)


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (StepRow(choice="lower", first="x"), "fields.a.transform.0"),
        (StepRow(choice="strip", first="x", second="y"), "fields.a.transform.0"),
        (StepRow(choice="price:amount", second="y"), "fields.a.transform.0"),
        (StepRow(choice="slice:one"), "fields.a.transform.0"),
        (StepRow(choice="slice", first="one"), "fields.a.transform.0"),
        (StepRow(first="x"), "fields.a.transform.0"),
    ],
)
def test_argument_that_a_transform_does_not_take_is_refused_and_not_dropped(step: StepRow, path: str) -> None:
    with pytest.raises(declared.InvalidFields) as refused:
        declared.parse(fields={"a": FieldRow(name="a", selector="b", steps=(step,)).said()})
    assert [place for place, _ in refused.value.problems] == [path]


def test_what_is_wrong_stands_in_its_row_with_its_place() -> None:
    rows = "".join(
        f"&field_name={name}&field_kind=css&field_selector=x&field_attr=&field_type=" for name in ("a", "b")
    )
    post = QueryDict(f"scraper=fields{rows}&step_of=1&step_choice=slice%3Aone&step_first=x&step_second=")
    problems = (
        Problem(field="fields.b.transform.0", message="is wrong"),
        Problem(field="fields.a.css", message="is not CSS"),
        Problem(field="fields", message="is mixed"),
        Problem(field="fields.c.css", message="is nowhere"),
    )

    form = target_form.submitted(post, problems)

    assert [row.told for row in form.rows] == [("selector: is not CSS",), ("transform 1: is wrong",)]
    assert [row.is_unfolded for row in form.rows] == [False, True]
    assert form.rowless == ("is mixed", "at c.css: is nowhere")
    page = LexborHTMLParser(render_to_string("targets/_fields.html", {"form": form}))
    assert [one.attributes["name"] for one in page.css("[aria-invalid]")] == ["field_selector", "step_choice"]
    assert page.css("#field-2-problems")[0].text().strip() == "Transform 1: is wrong"
    assert len(page.css("details[open]")) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": {"fields": {"b": "i"}}}', "a is an object with fields of its own"),
        ('{"a": {"css": "b", "type": "text", "default": ""}}', 'a: default, which is ""'),
        ('{"a": {"css": "b", "transform": [{"split": "\\n"}]}}', 'a: transform, which is [{"split": "\\n"}]'),
        ("{", "the text is not JSON"),
        ("[1]", "the text is not an object"),
        ('{"a": ' + "[" * 1_000 + "]" * 1_000 + "}", "the text is nested too deep"),
        ('{"a": 5}', "a: must be an object"),
    ],
)
def test_json_that_the_table_cannot_show_stays_json_and_says_why(text: str, why: str) -> None:
    post = QueryDict(urlencode({"scraper": "fields", "fields_as": "json", "fields_json": text}))
    form = target_form.turned(target_form.submitted(post), to="rows")
    assert (form.values["fields_as"], form.values["fields_json"]) == ("json", text)
    assert form.values["not_in_table"].startswith(why)
    assert why in LexborHTMLParser(render_to_string("targets/_fields.html", {"form": form})).text()


@pytest.mark.parametrize(
    ("default", "why"),
    [
        ('""', 'a: default, which is "", and an empty control is no default'),
        ("5", "a: default, which is 5, and a number goes with another type than text"),
        ("true", "a: default, which is true, and yes or no goes with another type than text"),
        ('{"b": 1}', 'a: default, which is {"b": 1}, an object'),
        ('["b"]', 'a: default, which is ["b"], a list of one value'),
    ],
)
def test_default_that_a_row_cannot_say_is_explained(default: str, why: str) -> None:
    text = '{"a": {"css": "b", "type": "text", "default": ' + default + "}}"
    post = QueryDict(urlencode({"scraper": "fields", "fields_as": "json", "fields_json": text}))
    assert target_form.turned(target_form.submitted(post), to="rows").values["not_in_table"] == why


def test_each_part_that_the_table_cannot_show_is_named_and_how_many_more_there_are() -> None:
    nested = {f"f{number}": {"fields": {"b": "i"}} for number in range(7)}
    why = form_of({**nested, "plain": {"css": "a"}}).values["not_in_table"]
    assert why.count("is an object with fields of its own") == 5
    assert why.endswith("; and 2 more")
    many = {f"f{number}": {"css": "a"} for number in range(MOST_ROWS + 1)}
    said = form_of(many).values["not_in_table"]
    assert said == f"there are {MOST_ROWS + 1} fields, and {MOST_ROWS} at most are a help as rows"


def test_fields_that_stay_json_are_shown_in_words_with_their_place() -> None:
    inner = {"name": "css:th", "value": {"css": "td", "transform": ["lower"], "required": True}}
    form = form_of(
        {
            "link": {"css": "a", "type": "url"},
            "specs": {"css": ".specs tr", "many": True, "follow": "link", "fields": inner, "default": []},
        }
    )
    assert [(one.path, one.kind, one.selector, one.type, one.rest) for one in form.outlined] == [
        ("link", "css", "a", "url", ""),
        ("specs", "css", ".specs tr", "", "many, on the page of link, an object of 2, default"),
        ("specs.fields.name", "css", "th", "", ""),
        ("specs.fields.value", "css", "td", "", "required, 1 transform"),
    ]
    page = LexborHTMLParser(render_to_string("targets/_fields.html", {"form": form}))
    assert "In words: 4 fields" in page.css("details summary")[0].text()
    assert [one.text() for one in page.css("details th[scope=row]")][-1] == "specs.fields.value"


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "5", '{"a": 5}', "[" * 2_000, '{"a": {"fields": 3, "css": 7}}']
)
def test_words_about_json_that_declares_nothing_are_few(text: str) -> None:
    post = QueryDict(urlencode({"fields_as": "json", "fields_json": text}))
    assert len(target_form.submitted(post).outlined) <= 1


def with_steps(*choices: str, move: str) -> TargetForm:
    """Return a form whose second field has transforms of which one was moved; the first is empty."""
    fields = [
        ("field_name", ""), ("field_selector", ""), ("field_name", "a"), ("field_selector", "b"),
        ("step_of", "0"), ("step_choice", ""), ("step_first", ""), ("step_second", ""),
    ]  # fmt: skip
    for number, choice in enumerate(choices):
        fields += [("step_of", "1"), ("step_choice", choice)]
        fields += [("step_first", f"{number}"), ("step_second", f"-{number}")]
    return target_form.submitted(target_form.moved(QueryDict(urlencode([*fields, ("move", move)]))))


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ("up:1:1", "b a c"), ("up:1:2", "a c b"), ("down:1:0", "b a c"), ("down:1:1", "a c b"),
        ("up:1:0", "a b c"), ("down:1:2", "a b c"), ("up:1:9", "a b c"), ("up:7:1", "a b c"),
        ("up:0:1", "a b c"),
    ],
)  # fmt: skip
def test_transform_changes_places_with_its_neighbour_arguments_and_all(move: str, order: str) -> None:
    [row] = with_steps("a", "b", "c", move=move).rows
    assert [step.choice for step in row.steps] == order.split()
    assert all(step.first == str("abc".index(step.choice)) == step.second[1:] for step in row.steps)
    assert row.is_unfolded is move.startswith(("up:1", "down:1"))


@pytest.mark.parametrize(
    "move", ["", "up", "up:1", "left:1:1", "up:1:x", "up:1:-1", "up:1:99999", "up:1:1:1"]
)
def test_move_that_is_none_leaves_the_form_as_it_was(move: str) -> None:
    [row] = with_steps("a", "b", move=move).rows
    assert ([step.choice for step in row.steps], row.is_unfolded) == (["a", "b"], False)


@pytest.mark.parametrize("to", ["", "table", "rows "])
def test_turning_to_what_there_is_not_leaves_the_fields_as_they_are(to: str) -> None:
    text = '{"a": {"css": "b"}}'
    post = QueryDict(urlencode({"scraper": "fields", "fields_as": "json", "fields_json": text}))
    form = target_form.submitted(post)
    assert target_form.turned(form, to=to) == form


def test_two_rows_of_one_name_are_not_turned_into_one_of_json() -> None:
    row = "&field_name=a&field_kind=css&field_selector=x"
    form = target_form.turned(target_form.submitted(QueryDict(f"fields_as=rows{row}{row}")), to="json")
    assert (form.values["fields_as"], len(form.rows)) == ("rows", 2)
    assert "same name" in form.values["not_in_table"]


def test_fullest_table_may_be_sent() -> None:
    steps = [{"slice": 1}] * (MOST_STEPS // MOST_ROWS)
    fields = {f"f{number}": {"css": "a", "transform": steps} for number in range(MOST_ROWS)}
    form = form_of(fields)
    assert form.values["fields_as"] == "rows"
    pairs = sum(len(values) for _, values in sent(form).lists())
    assert pairs < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS - 500
    too_many = {name: {**said, "transform": steps * 2} for name, said in fields.items()}
    assert "more than" in form_of(too_many).values["not_in_table"]


def test_value_that_is_none_of_its_type_is_kept_for_the_reader_to_refuse() -> None:
    query = {"field_name": "a", "field_kind": "css", "field_selector": "b", "field_type": "integer"}
    (row,) = posted(QueryDict(urlencode(query | {"field_default": "few", "field_min": "nan"})))
    with pytest.raises(declared.InvalidFields) as refused:
        declared.parse(fields={"a": row.said()})
    assert {place for place, _ in refused.value.problems} == {"fields.a.default", "fields.a.min"}
