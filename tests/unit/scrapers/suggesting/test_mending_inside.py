"""Fields inside the objects of records are found again, and the objects themselves, on pages of any shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from scrapers.suggesting import nesting
from scrapers.suggesting.mending import Known, Mended, mend
from tests.unit.scrapers.suggesting.test_mending import page_of, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRICE = {"css": ".price", "type": "price"}
OFFERS: dict[str, Any] = {
    "name": "css:.name",
    "offers": {
        "css": ".offer",
        "many": True,
        "fields": {
            "seller": "css:.seller",
            "price": {"css": ".price", "type": "price"},
            "state": "css:.state",
        },
    },
    "maker": {"css": ".maker", "fields": {"called": "css:.called", "town": "css:.town"}},
}
ROW = ".card"
WORDS = ("name", "offer", "seller", "price", "state", "maker", "called", "town", "card")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a page lays out what it says: layers of elements around each part, and parts that say nothing."""

    layers: Sequence[str] = field(default_factory=list)
    noise: Sequence[str] = field(default_factory=list)
    tag: str = "div"
    reversed: bool = False

    def part(self, name: str, content: str, called: Mapping[str, str]) -> str:
        inner = f'<{self.tag} class="{called[name]}">{content}</{self.tag}>'
        for layer in self.layers:
            inner = f"<div class={layer}>{inner}</div>"
        return inner

    def together(self, *parts: str) -> str:
        ordered = parts[::-1] if self.reversed else parts
        return "".join([*ordered, *(f"<p class={one}>Read more</p>" for one in self.noise)])


SHAPES = some.builds(
    Shape,
    layers=some.lists(some.sampled_from(["box", "inner", "x1a9"]), max_size=2),
    noise=some.lists(some.sampled_from(["more", "hint"]), max_size=2),
    tag=some.sampled_from(["div", "span", "b"]),
    reversed=some.booleans(),
)
OLD = {word: word for word in WORDS}


def shown(things: Sequence[Sequence[int]], shape: Shape, called: Mapping[str, str]) -> str:
    """Return a page of things, with offers that have these numbers, whose parts are called so."""

    def offer(number: int) -> str:
        return shape.part(
            "offer",
            shape.together(
                shape.part("seller", f"Shop {number}", called),
                shape.part("price", f"€ {number}.50", called),
                shape.part("state", "used" if number % 3 else "new", called),
            ),
            called,
        )

    def thing(numbers: Sequence[int]) -> str:
        maker = shape.together(
            shape.part("called", f"Maker {numbers[0]}", called),
            shape.part("town", f"Town {numbers[0]}", called),
        )
        return shape.part(
            "card",
            shape.together(
                shape.part("name", f"Thing {numbers[0]}", called),
                f"<section>{''.join(map(offer, numbers))}</section>",
                shape.part("maker", maker, called),
            ),
            called,
        )

    return f"<main>{''.join(map(thing, things))}</main>"


def numbered(offers: Sequence[int]) -> list[list[int]]:
    numbers = count(101)
    return [[next(numbers) for _ in range(many)] for many in offers]


def mended(fields: Mapping[str, Any], found: Mended) -> dict[str, Any]:
    """Return the fields with the first proposal for each."""
    after = dict(fields)
    for path, proposals in found.fields.items():
        if proposals:
            after = nesting.placed(after, path, dict(proposals[0].declared))
    return after


def relaid(
    pages: Sequence[Sequence[int]], before: Shape, after: Shape, called: Mapping[str, str]
) -> list[Known]:
    return [
        Known(
            page=page_of(shown(things, after, called)),
            records=records(page_of(shown(things, before, OLD)), OFFERS, ROW),
        )
        for things in map(numbered, pages)
    ]


@settings(max_examples=10, phases=(Phase.explicit, Phase.generate))
@given(
    pages=some.lists(some.lists(some.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=3),
    before=SHAPES,
    after=SHAPES,
    kept=some.sets(some.sampled_from(WORDS)),
)
def test_first_proposals_find_what_was_there_however_pages_are_laid_out(
    pages: list[list[int]], before: Shape, after: Shape, kept: set[str]
) -> None:
    """Rows stay; of all else any may be called otherwise."""
    called = {word: word if word in kept | {"card"} else f"new-{word[::-1]}" for word in WORDS}
    known = relaid(pages, before, after, called)
    found = mend(known, row=ROW, fields=OFFERS, broken=OFFERS, seconds=600)
    fields = mended(OFFERS, found)

    for one in known:
        assert told(records(one.page, fields, found.row)) == told(one.records)


def told(many: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [nesting.told([dict(one)]) for one in many]


def test_field_inside_of_objects_that_are_found_is_mended_alone() -> None:
    called = OLD | {"price": "amount"}
    known = relaid([[2, 3]], Shape(), Shape(), called)
    found = mend(known, row=ROW, fields=OFFERS, broken=["offers.price"])

    assert list(found.fields) == ["offers.price"]
    best = found.fields["offers.price"][0]
    assert (best.declared, best.restored, best.known) == ({"css": ".amount", "type": "price"}, 5, 5)


def test_objects_whose_selector_is_gone_are_declared_anew_with_their_fields() -> None:
    called = OLD | {"offer": "deal", "seller": "from"}
    known = relaid([[2, 3], [1]], Shape(), Shape(), called)
    found = mend(known, row=ROW, fields=OFFERS, broken=["offers"])

    (path,) = found.fields
    best = found.fields[path][0]
    assert path == "offers"
    assert best.declared == {
        "css": ".deal",
        "many": True,
        "fields": {
            "seller": {"css": ".from"},
            "price": {"css": ".price", "type": "price"},
            "state": {"css": ".state"},
        },
    }
    assert (best.restored, best.filled, best.known) == (18, 18, 18)


def test_objects_that_are_found_and_say_nothing_are_mended_field_by_field() -> None:
    called = OLD | {"called": "firm", "town": "city"}
    known = relaid([[1, 1]], Shape(), Shape(), called)
    found = mend(known, row=ROW, fields=OFFERS, broken=["maker"])

    assert {path: proposals[0].declared for path, proposals in found.fields.items()} == {
        "maker.called": {"css": ".firm"},
        "maker.town": {"css": ".city"},
    }


def test_objects_without_an_element_of_their_own_are_read_from_the_row() -> None:
    fields = {"maker": {"css": ".maker", "fields": {"called": "css:.called", "town": "css:.town"}}}
    known = [
        Known(
            page=page_of(f"<b>Maker {n}</b><i>Town {n}</i>"),
            records=[{"maker": {"called": f"Maker {n}", "town": f"Town {n}"}}],
        )
        for n in range(3)
    ]
    found = mend(known, row="", fields=fields, broken=["maker"])

    assert [records(one.page, mended(fields, found)) for one in known] == [one.records for one in known]


@pytest.mark.parametrize("said", ["jmespath:offers[]", "xpath://p"])
def test_objects_that_no_css_finds_have_no_proposal(said: str) -> None:
    fields = {
        "offers": {said.partition(":")[0]: said.partition(":")[2], "many": True, "fields": {"price": "css:b"}}
    }
    known = [Known(page=page_of("<p>5</p>"), records=[{"offers": [{"price": "9"}]}])]

    assert mend(known, row="", fields=fields, broken=["offers.price", "offers"]).fields == {
        "offers.price": [],
        "offers": [],
    }


def test_declarations_and_values_are_told_by_paths() -> None:
    assert nesting.at(OFFERS, "offers.price") == {"css": ".price", "type": "price"}
    assert nesting.at(OFFERS, "offers.price.more") is None
    assert nesting.nearest(OFFERS, "offers.price.currency") == "offers.price"
    assert nesting.nearest(OFFERS, "unknown.price") == ""
    assert list(nesting.leaves(OFFERS, "maker")) == ["maker.called", "maker.town"]
    record: dict[str, Any] = {"offers": [{"price": 5}, {"price": None}, "?"], "maker": {"town": "Kiel"}}
    assert nesting.values(record, "offers.price") == [5]
    assert nesting.values(record, "maker.town") == ["Kiel"]
    assert nesting.told([{"a": [{"b": 1}]}]) == nesting.told([{"a": {"b": 1}}])
    assert nesting.told([{"a": 1}]) != nesting.told([{"b": 1}])
