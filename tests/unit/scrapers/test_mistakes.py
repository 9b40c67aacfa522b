"""Wherever a declaration has a mistake, it is told with its place, and nothing else is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from scrapers.fields import InvalidFields, parse

FIELDS: dict[str, Any] = {
    "link": {"css": "a", "type": "url", "required": True},
    "title": "css:h2",
    "price": {"css": ".price", "type": "price", "min": 0, "transform": ["strip", {"replace": ["EUR", ""]}]},
    "maker": {"css": ".maker", "fields": {"name": "css:b", "town": {"xpath": ".//i", "one_of": ["Oslo"]}}},
    "offers": {
        "css": "li",
        "many": True,
        "fields": {
            "seller": {"css": "b", "fields": {"name": "css:i"}},
            "price": {"css": "u", "type": "number"},
        },
    },
    "sku": {"jmespath": "[0].sku", "follow": "link"},
    "state": {"json": "script#state -> items[].name", "many": True, "follow": "link"},
}
PLACES = ("link", "price", "maker", "maker.town", "offers", "offers.seller", "offers.price", "sku", "state")
MISTAKES: tuple[tuple[str, Any], ...] = (
    ("colour", "blue"),
    ("type", "colour"),
    ("many", "yes"),
    ("transform", ["shout"]),
    ("transform", [{"replace": "x"}]),
    ("css", "li["),
    ("css", ""),
    ("xpath", "//["),
    ("re", "(?=x)"),
    ("jmespath", "a["),
    ("json", "-> a"),
    ("fields", {}),
    ("fields", []),
    ("pattern", "("),
    ("min", "much"),
    ("required", 1),
    ("as", "pdf"),
    ("follow", 7),
)


@given(st.sampled_from(PLACES), st.sampled_from(MISTAKES))
@example("offers.seller", ("css", "li["))
def test_mistake_is_told_at_its_place_and_nowhere_else(place: str, mistake: tuple[str, Any]) -> None:
    fields = deepcopy(FIELDS)
    where = "fields." + place.replace(".", ".fields.")
    declared(fields, place)[mistake[0]] = mistake[1]

    with pytest.raises(InvalidFields) as refused:
        parse(fields=fields, row="css:.card")

    told = [path for path, _message in refused.value.problems]
    assert any(path == where or path.startswith(f"{where}.") for path in told)
    # what follows a link that is none has a mistake, too
    known = {"fields.sku.follow", "fields.state.follow"} if place == "link" else set()
    assert all(path == where or path.startswith(f"{where}.") or path in known for path in told), told
    assert all(message for _path, message in refused.value.problems)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.just(("type", "colour"))), min_size=1, unique=True))
def test_all_mistakes_are_told_at_once(mistakes: list[tuple[str, tuple[str, Any]]]) -> None:
    fields = deepcopy(FIELDS)
    for place, (key, value) in mistakes:
        declared(fields, place)[key] = value

    with pytest.raises(InvalidFields) as refused:
        parse(fields=fields, row="css:.card")

    told = [path for path, _message in refused.value.problems]
    for place, _mistake in mistakes:
        where = "fields." + place.replace(".", ".fields.")
        assert any(path == where or path.startswith(f"{where}.") for path in told)


def test_declaration_that_mistakes_are_put_into_has_none() -> None:
    assert [one.name for one in parse(fields=FIELDS, row="css:.card").fields] == list(FIELDS)


def declared(fields: dict[str, Any], place: str) -> dict[str, Any]:
    """Return what is declared at a place, which is an object."""
    name, _, rest = place.partition(".")
    found = fields[name]
    return declared(found["fields"], rest) if rest else found
