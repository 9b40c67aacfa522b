"""Tests of how the target form becomes a target's keys, and back."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from crawler.models import Target
from crawler.services.drafts import Problem
from webui.pages import target_form
from webui.pages.target_form.rows import MOST_ROWS, of_fields, posted


def post(query: str) -> QueryDict:
    return QueryDict(query)


def test_empty_controls_ask_for_no_limit() -> None:
    data = target_form.read(post("max_pages=&delay_seconds=&connections=")).data
    assert (data["max_pages"], data["delay_seconds"], data["connections"]) == (None, None, None)


@pytest.mark.parametrize(
    ("word", "value"), [("12", 12), ("0.5", 0.5), ("1e3", 1000.0), ("twelve", "twelve"), ("1,5", "1,5")]
)
def test_what_is_no_number_stays_text_for_its_reader_to_refuse(word: str, value: object) -> None:
    assert target_form.read(post(f"delay_seconds={word}")).data["delay_seconds"] == value


@pytest.mark.parametrize(
    ("every", "unit", "seconds"),
    [
        ("2", "3600", 7200),
        ("1.5", "60", 90),
        ("inf", "60", "inf"),
        ("1e308", "3600", "1e308"),
        ("9" * 400, "60", int("9" * 400) * 60),
        ("x", "60", "x"),
        ("1", "7", "1"),
        ("", "60", None),
    ],
)
def test_interval_is_told_in_seconds(every: str, unit: str, seconds: object) -> None:
    schedule = target_form.read(post(f"when=every&every={every}&every_unit={unit}")).data["schedule"]
    assert schedule["every_seconds"] == seconds


def test_target_that_runs_only_when_asked_has_no_schedule() -> None:
    assert target_form.read(post("when=never&cron=0+6+*+*+*")).data["schedule"] is None


@pytest.mark.parametrize("query", ["", "when=", "when=sometimes&cron=0+6+*+*+*"])
def test_form_that_does_not_say_when_runs_start_is_refused(query: str) -> None:
    asked = target_form.read(post(query))
    assert "schedule" not in asked.data
    assert ("schedule", "choose when runs start") in [(each.field, each.message) for each in asked.problems]


def test_fields_are_sent_only_for_the_scraper_that_reads_them() -> None:
    query = "row=li&field_name=a&field_kind=css&field_selector=b&field_attr=&field_type="
    for scraper, fields in (("auto", {}), ("fields", {"a": {"css": "b"}})):
        asked = target_form.read(post(f"{query}&scraper={scraper}"))
        assert (asked.data["fields"], asked.data["row"]) == (fields, "li" if fields else "")
        assert asked.left_out is (scraper == "auto")


def test_paging_is_an_option_of_declared_fields_and_shown_as_it_was_asked_for() -> None:
    query = "scraper=fields&next_page=a.next+&page_numbers=&options="
    assert target_form.read(post(query)).data["options"] == {"next": "a.next"}
    assert target_form.read(post(query.replace("=fields", "=auto"))).data["options"] == {}
    assert target_form.read(post(query + "%5B1%5D")).data["options"] == [1]

    target = Target(scraper="fields", options={"pages": "?page={n}"}, fields={"a": "b"})
    values = target_form.of_target(target).values
    assert (values["next_page"], values["page_numbers"], values["options"]) == ("", "?page={n}", "")


def test_problem_of_paging_stands_beside_its_control() -> None:
    problems = (Problem(field="options.pages", message="is wrong"),)
    declared = target_form.submitted(post("scraper=fields"), problems)
    assert declared.problems == {"page_numbers": ("is wrong",)}
    assert target_form.submitted(post("scraper=auto"), problems).problems == {
        "options": ("at pages: is wrong",)
    }


@pytest.mark.parametrize(
    "filled_in", ["row=%5B", "fields_json=%7B", "field_name=a&field_kind=css", "next_page=a"]
)
def test_what_the_scraper_does_not_read_is_noted(filled_in: str) -> None:
    empty = "row=&fields_json=&field_name=&field_kind=css&field_selector="
    assert target_form.read(post(f"scraper=auto&{filled_in}")).left_out
    assert not target_form.read(post(f"scraper=auto&{empty}")).left_out
    assert not target_form.read(post(f"scraper=fields&{filled_in}")).left_out


def test_rows_keep_the_ticks_of_their_own_row() -> None:
    query = "scraper=fields" + "".join(
        f"&field_name={name}&field_kind=css&field_selector=x&field_attr=&field_type="
        for name in ("a", "", "c")
    )
    asked = target_form.read(post(f"{query}&field_many=2&field_required=0"))
    assert asked.data["fields"]["a"] == {"css": "x", "required": True}
    assert asked.data["fields"]["c"] == {"css": "x", "many": True}


def test_no_row_is_dropped_that_was_filled_in() -> None:
    query = "scraper=fields" + "".join(
        f"&field_name=f{number}&field_kind=css&field_selector=x&field_attr=&field_type="
        for number in range(MOST_ROWS + 5)
    )
    assert len(target_form.read(post(query)).data["fields"]) == MOST_ROWS + 5


def test_same_field_twice_is_a_problem() -> None:
    query = (
        "when=never&scraper=fields"
        + 2 * "&field_name=a&field_kind=css&field_selector=x&field_attr=&field_type="
    )
    assert [problem.field for problem in target_form.read(post(query)).problems] == ["fields"]


def test_short_selectors_are_shown_as_rows() -> None:
    form = target_form.of_target(Target(fields={"a": "xpath://b", "c": ".d"}, start_urls=[]))
    assert [(row.name, row.kind, row.selector) for row in form.rows] == [
        ("a", "xpath", "//b"),
        ("c", "css", ".d"),
    ]


@pytest.mark.parametrize(
    ("declared", "kind", "follow"),
    [
        ({"css": "p", "as": "markdown", "follow": "link"}, "markdown", "link"),
        ({"css": "p", "as": "html", "many": True}, "html", ""),
        ({"css": "p", "type": "price", "follow": "link", "required": True}, "price", "link"),
    ],
)
def test_row_says_markup_where_it_has_the_type_and_what_is_followed(
    declared: dict[str, object], kind: str, follow: str
) -> None:
    (row,) = of_fields({"text": declared})
    assert (row.type, row.follow) == (kind, follow)
    assert row.said() == declared
    query = urlencode({"field_name": "text", "field_kind": "css", "field_selector": "p", "field_type": kind})
    (posted_row,) = posted(QueryDict(f"{query}&field_follow={follow}"))
    assert posted_row.said() == {
        name: value for name, value in declared.items() if name not in {"many", "required"}
    }


@pytest.mark.parametrize(
    "said",
    [
        {"css": "a", "default": 1},
        {"css": "a", "transform": [{"split": "\n"}]},
        {"css": "a ", "type": "text"},
        {"fields": {}},
        {"css": "a", "xpath": "b"},
        {"css": "a", "as": "html", "type": "url"},
        {"css": "a", "as": "text"},
    ],
)
def test_field_that_no_row_can_say_is_shown_as_json(said: object) -> None:
    form = target_form.of_target(Target(fields={"a": said}, start_urls=[]))
    assert form.values["fields_as"] == "json"
    assert form.values["not_in_table"].startswith("a")


def test_more_fields_than_the_table_takes_are_shown_as_json() -> None:
    fields = {f"field {number}": "css:b" for number in range(MOST_ROWS + 1)}
    form = target_form.of_target(Target(fields=fields, start_urls=[]))
    assert form.values["fields_as"] == "json"


@pytest.mark.parametrize(
    ("field", "control", "message"),
    [
        ("name", "name", "is wrong"),
        ("start_urls.1", "start_urls", "line 2: is wrong"),
        ("headers.Host", "headers", "Host: is wrong"),
        ("fields.price.css", "fields", "at price.css: is wrong"),
        ("schedule.cron", "cron", "is wrong"),
        ("schedule.misfire", "when", "misfire: is wrong"),
        ("schedule.windows.1", "windows", "line 2: is wrong"),
        ("schedule.windows", "windows", "is wrong"),
        ("schedule.jitter_seconds", "jitter", "is wrong"),
        ("schedule", "when", "is wrong"),
    ],
)
def test_problem_stands_at_the_control_it_is_about(field: str, control: str, message: str) -> None:
    form = target_form.submitted(post(""), (Problem(field=field, message="is wrong"),))
    assert form.problems == {control: (message,)}


def test_problem_of_a_key_without_a_control_is_listed_apart() -> None:
    form = target_form.submitted(post(""), (Problem(field="colour", message="is not a key of a target"),))
    assert form.elsewhere == ("colour: is not a key of a target",)


def test_sitemaps_are_read_line_by_line_and_shown_as_they_were_asked_for() -> None:
    said = "sitemaps=http://a.test/1.xml%0A%0Ahttp://a.test/2.xml&robots_sitemaps=on&sitemaps_since=last_run"
    data = target_form.read(post(said)).data
    asked = {name: data[name] for name in ("sitemaps", "robots_sitemaps", "sitemaps_since")}
    assert asked == {
        "sitemaps": ["http://a.test/1.xml", "http://a.test/2.xml"],
        "robots_sitemaps": True,
        "sitemaps_since": "last_run",
    }
    form = target_form.of_target(Target(start_urls=["http://a.test/"], **asked))
    assert form.values["sitemaps"].split() == asked["sitemaps"]
    assert (form.values["robots_sitemaps"], form.values["sitemaps_since"]) == ("on", "last_run")
    assert form.has_sitemaps
    assert not target_form.blank().has_sitemaps


def test_problem_of_a_sitemap_stands_beside_its_line() -> None:
    problem = Problem(field="sitemaps.1", message="is not a whole URL")
    assert target_form.submitted(post(""), (problem,)).problems["sitemaps"] == ("line 2: is not a whole URL",)


@pytest.mark.parametrize(
    ("typed", "url", "name"),
    [
        ("https://shop.test/list?page=1", "https://shop.test/list?page=1", "shop.test"),
        ("shop.test/list", "https://shop.test/list", "shop.test"),
        ("http://[", "http://[", ""),
        ("", "", ""),
    ],
)
def test_form_begins_with_an_address_and_is_named_after_its_host(typed: str, url: str, name: str) -> None:
    values = target_form.beginning(typed).values
    assert (values["start_urls"], values["name"]) == (url, name)


@pytest.mark.parametrize(
    ("control", "part"),
    [("deadline", "has_freshness"), ("min_items", "has_quality"), ("keep_days", "has_keeping")],
)
def test_parts_that_say_nothing_are_folded(control: str, part: str) -> None:
    assert not getattr(target_form.blank(), part)
    assert getattr(target_form.submitted(post(f"{control}=1")), part)


@pytest.mark.parametrize("field", ["deadline.timezone", "quality.min_items", "keep.days"])
def test_parts_with_a_problem_are_open(field: str) -> None:
    form = target_form.submitted(post(""), (Problem(field=field, message="is wrong"),))
    assert [form.has_freshness, form.has_quality, form.has_keeping].count(True) == 1
