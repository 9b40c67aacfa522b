"""Fields that are read from JSON are found again, and those whose values are in JSON or in markup now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from demo import catalogue as shop
from demo import listing
from scrapers.suggesting import nesting
from scrapers.suggesting.mending import Known, Mended, mend
from tests.unit.scrapers.suggesting.test_mending import BASE, page_of, records
from tests.unit.scrapers.suggesting.test_mending_rows import page_of as page_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scrapers.page import Page

JSON = "application/json"
THINGS: list[dict[str, Any]] = [
    {
        "sku": f"A-{n}",
        "name": f"Thing {n}",
        "price": n + 0.5,
        "stock": n % 3,
        "rating": n * n % 3,
        "on": n % 2 == 0,
        "sale": n % 4 < 2,
        "url": f"https://site.test/things/{n}",
        "offers": [{"seller": f"Shop {n}{k}", "price": n + k + 0.25} for k in range(1 + n % 2)],
        "maker": {"town": f"Town {n}"},
    }
    for n in range(1, 11)
]
FIELDS: dict[str, Any] = {
    "sku": "jmespath:sku",
    "price": {"jmespath": "price", "required": True},
    "stock": "jmespath:stock",
    "on": "jmespath:on",
    "offers": {
        "jmespath": "offers",
        "many": True,
        "fields": {"seller": "jmespath:seller", "price": "jmespath:price"},
    },
    "maker": {"jmespath": "maker", "fields": {"town": "jmespath:town"}},
}
PRODUCT: dict[str, Any] = {
    "name": "jmespath:[?\"@type\"=='Product'] | [0].name",
    "price": "jmespath:[?\"@type\"=='Product'] | [0].offers.price",
}
BY_CSS: dict[str, Any] = {"name": "css:.name", "price": {"css": ".price", "type": "price"}}


def body(value: object) -> Page:
    return page_as(json.dumps(value), JSON)


def linked(data: object, *, beside: str = "") -> str:
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    return f"<head>{script}</head><body><h1>Shop</h1>{beside}</body>"


def shown(thing: Mapping[str, Any]) -> str:
    return f'<h1 class="name">{thing["name"]}</h1><p class="price">€ {thing["price"]:.2f}</p>'


def listed(change: Callable[[dict[str, Any]], dict[str, Any]], *broken: str) -> tuple[Mended, list[Any]]:
    """Return what is proposed for a list whose objects were changed, and its records by the best of that."""
    before = records(body({"items": THINGS}), FIELDS, "jmespath:items[]")
    page = body({"items": [change(dict(thing)) for thing in THINGS]})
    found = mend([Known(page=page, records=before)], row="jmespath:items[]", fields=FIELDS, broken=broken)
    return found, [records(page, anew(FIELDS, found), found.row), before]


def anew(fields: Mapping[str, Any], found: Mended) -> dict[str, Any]:
    declared = dict(fields)
    for path, many in found.fields.items():
        declared = nesting.placed(declared, path, dict(many[0].declared)) if many else declared
    return declared


def best(found: Mended) -> dict[str, Any]:
    return {path: many[0].declared for path, many in found.fields.items() if many}


def renamed(thing: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in thing.items()}


@pytest.mark.parametrize(
    ("change", "broken", "declared"),
    [
        (lambda one: renamed(one, price="current_price"), "price", {"jmespath": "current_price"}),
        (
            lambda one: one | {"price": {"amount": one["price"], "unit": "EUR", "tax": 1}},
            "price",
            {"jmespath": "price.amount"},
        ),
        (lambda one: one | {"price": f"{one['price']} €"}, "price", {"jmespath": "price", "type": "number"}),
        (lambda one: renamed(one, stock="left"), "stock", {"jmespath": "left"}),
        (lambda one: renamed(one, on="active"), "on", {"jmespath": "active"}),
        (lambda one: one | {"on": str(one["on"]).lower()}, "on", {"jmespath": "on", "type": "boolean"}),
        (
            lambda one: (
                one | {"price": None, "facts": [{"name": "cost", "value": one["price"]}, {"name": "x"}]}
            ),
            "price",
            {"jmespath": "facts[?name=='cost'] | [0].value"},
        ),
    ],
)
def test_value_of_a_body_is_found_where_it_went_and_keeps_what_else_is_declared(
    change: Callable[[dict[str, Any]], dict[str, Any]], broken: str, declared: dict[str, Any]
) -> None:
    found, (after, before) = listed(change, broken)

    kept = {"required": True} if broken == "price" else {}
    assert best(found) == {broken: declared | kept}
    assert found.fields[broken][0].restored == found.fields[broken][0].known == len(THINGS)
    assert after == before


def test_objects_by_json_are_mended_inside_and_as_a_whole() -> None:
    def change(one: dict[str, Any]) -> dict[str, Any]:
        sold = [renamed(offer, seller="by", price="cost") for offer in one["offers"]]
        return one | {"offers": None, "sold": {"list": sold}, "maker": {"city": one["maker"]["town"]}}

    found, (after, before) = listed(change, "offers", "maker")

    assert best(found) == {
        "offers": {
            "jmespath": "sold.list[]",
            "many": True,
            "fields": {"seller": {"jmespath": "by"}, "price": {"jmespath": "cost"}},
        },
        "maker.town": {"jmespath": "city"},
    }
    assert after == before


@pytest.mark.parametrize(
    ("wrapped", "row"),
    [
        (lambda many: {"data": {"results": many}, "items": []}, "jmespath:data.results[]"),
        (lambda many: {"items": {"edges": [{"node": one} for one in many]}}, "jmespath:items.edges[].node"),
        (lambda many: {"items": {one["sku"]: one for one in many}}, "jmespath:items.*"),
        (lambda many: many, "jmespath:[]"),
    ],
)
def test_rows_of_a_body_are_found_where_they_went(wrapped: Callable[[list[Any]], Any], row: str) -> None:
    before = records(body({"items": THINGS}), FIELDS, "jmespath:items")
    page = body(wrapped(THINGS))
    found = mend([Known(page=page, records=before)], row="jmespath:items", fields=FIELDS, broken=FIELDS)

    assert (found.row, found.given, found.expected) == (row, len(THINGS), len(THINGS))
    assert records(page, anew(FIELDS, found), found.row) == before


def pages(before: Mapping[str, Any], old: Callable[[Any], str], new: Callable[[Any], str]) -> list[Known]:
    return [Known(page=page_of(new(thing)), records=records(page_of(old(thing)), before)) for thing in THINGS]


def old_data(thing: dict[str, Any]) -> str:
    return linked({"@type": "Product", "name": thing["name"], "offers": {"price": thing["price"]}})


def new_data(thing: dict[str, Any]) -> str:
    offer = {"@type": "Offer", "priceSpecification": {"price": thing["price"]}}
    return linked([{"@type": "WebSite", "name": "Shop"}, {"@type": "Product", "name": "x", "offers": offer}])


def in_script(thing: dict[str, Any]) -> str:
    state = {"shop": {"id": 1}, "byId": {thing["sku"]: thing}}
    return f"<h1>Shop</h1><script>window.__STATE__ = {json.dumps(state)};</script>"


def in_attribute(thing: dict[str, Any]) -> str:
    return f"<h1>Shop</h1><div id='app' data-page='{json.dumps({'thing': thing})}'></div>"


@pytest.mark.parametrize(
    ("fields", "old", "new", "declared"),
    [
        (
            PRODUCT,
            old_data,
            new_data,
            {"jmespath": "[?\"@type\"=='Product'] | [0].offers.priceSpecification.price"},
        ),
        (
            PRODUCT,
            old_data,
            lambda one: linked({"@type": "Product"}, beside=shown(one)),
            {"css": ".price", "type": "number"},
        ),
        (
            BY_CSS,
            shown,
            old_data,
            {"jmespath": "[?\"@type\"=='Product'] | [0].offers.price", "type": "price"},
        ),
        (BY_CSS, shown, in_script, {"json": "window.__STATE__ = -> byId.* | [0].price", "type": "price"}),
        (
            BY_CSS,
            shown,
            in_attribute,
            {"json": "#app::attr(data-page) -> thing.price", "type": "price"},
        ),
        (
            BY_CSS,
            shown,
            lambda one: f'<script id="state" type="application/json">{json.dumps({"at": one})}</script>',
            {"json": "script#state -> at.price", "type": "price"},
        ),
    ],
)
def test_value_is_found_in_json_that_a_page_carries_and_in_its_markup(
    fields: dict[str, Any], old: Callable[[Any], str], new: Callable[[Any], str], declared: dict[str, Any]
) -> None:
    known = pages(fields, old, new)
    found = mend(known, row="", fields=fields, broken=["price"])

    assert best(found) == {"price": declared}
    after = [records(one.page, {"price": declared}) for one in known]
    assert after == [[{"price": one.records[0]["price"]}] for one in known]


def test_relaid_lists_of_the_shop_are_read_as_before() -> None:
    fields = {
        "sku": "jmespath:sku",
        "name": "jmespath:name",
        "price": {"jmespath": "price.amount", "type": "price"},
        "in_stock": "jmespath:in_stock",
    }
    categories = shop.categories(epoch=4)
    listed = [
        [page_as(listing.body(one, 1, base=BASE, layout=layout).decode(), JSON) for layout in "12"]
        for one in categories
    ]
    known = [
        Known(page=after, records=records(before, fields, "jmespath:items[]")) for before, after in listed
    ]
    found = mend(known, row="jmespath:items[]", fields=fields, broken=["price"])

    assert (found.row, best(found)) == (
        "jmespath:data.results[]",
        {
            "sku": {"jmespath": "article"},
            "name": {"jmespath": "title"},
            "price": {"jmespath": "current_price", "type": "price"},
            "in_stock": {"jmespath": "availability.in_stock"},
        },
    )
    after = anew(fields, found)
    assert [records(one.page, after, found.row) for one in known] == [one.records for one in known]


def test_value_is_found_in_json_that_rows_carry() -> None:
    rows = "".join(f"<li class=card data-thing='{json.dumps(thing)}'>x</li>" for thing in THINGS)
    boxed = "".join(f"<li class=card><p data-thing='{json.dumps(thing)}'></p></li>" for thing in THINGS)
    before = "".join(f"<li class=card>{shown(thing)}</li>" for thing in THINGS)
    known = records(page_of(before), BY_CSS, ".card")
    for after, lead in ((rows, ":scope"), (boxed, "[data-thing]")):
        found = mend(
            [Known(page=page_of(after), records=known)], row=".card", fields=BY_CSS, broken=["price"]
        )
        assert best(found) == {"price": {"json": f"{lead}::attr(data-thing) -> price", "type": "price"}}


def test_list_that_a_script_shows_now_is_read_from_its_state() -> None:
    rows = "".join(f"<li class=card>{shown(thing)}</li>" for thing in THINGS)
    page = page_of(f"<div></div><script>window.__S__ = {json.dumps({'list': THINGS})};</script>")
    before = records(page_of(f"<ul>{rows}</ul>"), BY_CSS, ".card")
    found = mend([Known(page=page, records=before)], row=".card", fields=BY_CSS, broken=["price"])

    assert found.row == "json:window.__S__ = -> list[]"
    assert records(page, anew(BY_CSS, found), found.row) == before


def test_values_that_stand_in_many_places_are_told_by_their_records_or_by_what_they_are_called() -> None:
    """Others have the same numbers as often, in other records; of one that all have nothing can be told."""
    found, _read = listed(lambda one: renamed(one, stock="left", on="active"), "stock", "on")
    assert best(found) == {"stock": {"jmespath": "left"}, "on": {"jmespath": "active"}}

    page = body({"a": 1, "b": {"c": 1, "d": True}, "e": [0, 1]})
    known = [Known(page=page, records=[{"stock": 1, "on": True}])]
    fields = {"stock": "jmespath:gone", "on": "jmespath:gone.on"}
    assert mend(known, row="", fields=fields, broken=fields).fields == {"stock": [], "on": []}

    called = [Known(page=body({"a": 1, "x": {"stock_level": 1}}), records=[{"stock": 1}])]
    found = mend(called, row="", fields={"stock": "jmespath:gone"}, broken=["stock"])
    assert best(found) == {"stock": {"jmespath": "x.stock_level"}}


KEYS = some.text(some.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=8).filter(
    str.isprintable
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 999) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
PLACES = some.lists(KEYS | some.integers(0, 3), max_size=5)


def put(value: Any, inside: Any, place: list[str | int]) -> Any:
    """Return JSON with a value put somewhere into it, in what is there or what is made for it."""
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        many = list(inside) if isinstance(inside, list) else []
        at = min(first, len(many))
        return [*many[:at], put(value, many[at] if at < len(many) else None, rest), *many[at + 1 :]]
    one = dict(inside) if isinstance(inside, dict) else {}
    return one | {first: put(value, one.get(first), rest)}


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(
    around=VALUES,
    place=PLACES.filter(bool),
    value=some.sampled_from(["Kettle № 7 of steel", 1234.75, "https://s.test/x?id=77"]),
)
def test_value_put_anywhere_is_found_again(around: Any, place: list[str | int], value: Any) -> None:
    page = body(put(value, around, place))
    found = mend(
        [Known(page=page, records=[{"it": value}])], row="", fields={"it": "jmespath:gone"}, broken=["it"]
    )

    assert found.fields["it"]
    assert all(records(page, {"it": one.declared}) == [{"it": value}] for one in found.fields["it"])


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    yield value


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(around=VALUES, known=some.lists(VALUES, min_size=1, max_size=3), many=some.booleans())
def test_no_proposal_gives_what_the_page_does_not_hold(around: Any, known: list[Any], many: bool) -> None:
    page = body(around)
    said = {"jmespath": "name.gone"} | ({"many": True} if many else {})
    found = mend(
        [Known(page=page, records=[{"it": value} for value in known])],
        row="",
        fields={"it": said},
        broken=["it"],
    )
    held = {json.dumps(one, sort_keys=True) for one in leaves(around)}
    held |= {json.dumps(one.strip()) for one in leaves(around) if isinstance(one, str)}

    for proposal in found.fields["it"]:
        raw = {key: value for key, value in proposal.declared.items() if key != "type"}
        values = [one["it"] for one in records(page, {"it": raw})]
        members = [one for value in values for one in (value if many else [value])]
        assert members
        assert {json.dumps(one, sort_keys=True) for one in members} <= held
        given = nesting.told(one["it"] for one in records(page, {"it": proposal.declared}))
        assert proposal.restored == (given & nesting.told(known)).total() > 0
