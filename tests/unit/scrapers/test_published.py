"""The published JSON Schema of declared records, and the parser: what one accepts the other accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from scrapers.fields import InvalidFields, parse
from scrapers.fields.published import json_schema, written
from scrapers.fields.selectors import KINDS
from scrapers.fields.transforms import STEPS
from scrapers.fields.types import Kind

CASES = Path(__file__).parents[2] / "cases" / "extractors" / "fields"
REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
VALIDATOR = Draft202012Validator(json_schema())

_SELECTORS = {
    "css": ["h1", "a::attr(href)", ":scope", "p::text"],
    "xpath": ["//h1", "./@href"],
    "re": ["SKU (\\w+)", "x"],
    "jmespath": ["[0].sku", "items[]"],
    "json": ["script#state -> items[]", "2 -> a", "window.state =", "::attr(data-x) -> a"],
}
_ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, 1, 1.0, 2.5, "", " ", "x", [], ["x"], {}, [1]])
_SELECTOR = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind), st.one_of(st.sampled_from(_SELECTORS[kind]), _ODD))
)
_SHORT = st.one_of(
    st.sampled_from(
        [
            "h1",
            "css:h1",
            "re:x",
            "json:1",
            "jmespath:a",
            "xpath://a",
            "css:",
            "css: ",
            "a\x01",
            "",
            "nope:hover",
        ]
    ),
    st.sampled_from(["re:" + "a" * 500, "re:" + "a" * 501, "a" * 1000, "a" * 1001, "css:" + "a" * 1000]),
)
_STEP = st.one_of(
    st.sampled_from([*STEPS, "nope"]),
    st.dictionaries(
        st.sampled_from([*STEPS, "nope"]),
        st.one_of(
            _ODD,
            st.sampled_from([["a", "b"], ["a"], ["a", "b" * 201], [0, None], [None, None], [True, 1], 10**7]),
            st.sampled_from(["amount", "currency", "x" * 101, {"timezone": "Europe/Berlin"}, {"nope": 1}]),
            st.sampled_from([{"languages": ["de", "en-GB"]}, {"languages": "de"}, {"languages": ["x" * 9]}]),
        ),
        min_size=1,
        max_size=2,
    ),
)
_REST: dict[str, st.SearchStrategy[Any]] = {
    "attr": st.one_of(st.just("href"), _ODD),
    "as": st.one_of(st.sampled_from(["text", "html", "markdown"]), _ODD),
    "type": st.one_of(st.sampled_from([*Kind]), _ODD),
    "many": st.one_of(st.booleans(), _ODD),
    "required": st.one_of(st.booleans(), _ODD),
    "default": _ODD,
    "transform": st.one_of(st.lists(_STEP, max_size=3), st.just(["lower"] * 21), _ODD),
    "min": _ODD,
    "max_length": st.one_of(st.integers(-1, 3), _ODD),
    "pattern": st.one_of(st.just("^a"), _ODD),
    "one_of": st.one_of(st.just(["x", 1, True]), _ODD),
    "nope": st.just(1),
}
_NAMES = st.sampled_from(["a", "b c", "größe", "_a", "a.b", "", " ", "x" * 100, "x" * 101, "a\n", "a\tb"])


@st.composite
def fields(draw: st.DrawFn, depth: int = 1) -> Any:
    """Draw fields of which most are right: a level more than there may be, and odd values in odd places."""
    if draw(st.integers(0, 30)) == 0:
        return draw(_ODD)
    field = st.one_of(_SHORT, _declared(depth), _declared(depth))
    names = draw(st.lists(_NAMES if draw(st.integers(0, 5)) == 0 else st.sampled_from("abc"), max_size=2))
    return {name: draw(field) for name in names}


@st.composite
def _declared(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    said = dict(draw(st.lists(_SELECTOR, min_size=0 if draw(st.booleans()) else 1, max_size=1)))
    if draw(st.integers(0, 20)) == 0:
        said |= dict([draw(_SELECTOR)])
    for key in draw(st.lists(st.sampled_from(sorted(_REST)), max_size=3, unique=True)):
        said[key] = draw(_REST[key])
    if depth < 7 and draw(st.integers(0, 2)) == 0:
        said["fields"] = draw(fields(depth + 1))
    return said


_PAGES = st.sampled_from(
    ["?page={n}", "/page/{n}/", "?start={n+20}", "{n}", "x{n}", "?a={n}\n", "?a={n}b={n}"]
)
_OPTIONS = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(["next", "pages", "nope"]), st.one_of(_SHORT, _PAGES, _PAGES, _ODD), max_size=2
    ),
    _ODD,
)


@given(fields=fields(), row=st.one_of(_SHORT, _ODD), options=_OPTIONS)
def test_parser_accepts_what_the_schema_accepts(fields: Any, row: Any, options: Any) -> None:
    try:
        parse(fields=fields, row=row, options=options)
    except InvalidFields as error:
        wrong = error.problems
    else:
        wrong = ()
    said = {"fields": fields, "row": row, "options": options}
    faults = [fault.json_path for fault in VALIDATOR.iter_errors(said)]
    assert bool(wrong) == bool(faults), (wrong, faults)


@pytest.mark.parametrize("case", sorted(CASES.glob("*/input.json")), ids=lambda path: path.parent.name)
def test_golden_cases_are_valid(case: Path) -> None:
    said = json.loads(case.read_text(encoding="utf-8"))
    assert VALIDATOR.is_valid({key: said[key] for key in ("scraper", "row", "fields") if key in said})


def test_schema_is_one_of_the_draft_it_names() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_reference_has_the_schema_as_it_is() -> None:
    """To write it: `python -m scrapers.fields.published > docs/reference/fields.schema.json`."""
    assert (REFERENCE / "fields.schema.json").read_text(encoding="utf-8") == written()
