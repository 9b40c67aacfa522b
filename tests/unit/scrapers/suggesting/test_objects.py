"""What is suggested for JSON bodies: lists of similar objects, wherever they are, and the next page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.page import Page
from scrapers.suggesting import suggest
from tests.unit.scrapers.suggesting.declared import read_by

TEAS = [
    {
        "id": number,
        "name": f"Tea {number}",
        "price": {"amount": 1.5 * number, "currency": "EUR"},
        "tags": ["green", "loose"],
        "inStock": number % 2 == 0,
        "organic": True,
        "url": f"/teas/{number}",
        "image": f"https://img.test/{number}.jpg",
        "updated_at": f"2026-01-0{number}T10:00:00Z",
        "reviews": [{"by": "Ada", "stars": 5}, {"by": "Max", "stars": 3}],
        "odd key": None if number < 3 else "z",
    }
    for number in range(1, 9)
]
SHOP = {
    "count": 8,
    "links": {"next": "/teas?page=2"},
    "data": {"items": TEAS},
    "facets": [{"a": 1, "b": 2}] * 3,
}


def page_of(body: Any) -> Page:
    headers = {"content-type": "application/json"}
    return Page(url="https://api.test/teas", body=json.dumps(body).encode(), headers=headers)


def test_first_candidate_reads_every_record_with_the_types_of_its_values() -> None:
    page = page_of(SHOP)
    first = suggest(page).candidates[0]

    assert (first.row, first.rows) == ("jmespath:data.items[]", 8)
    assert {name: (said["jmespath"], said["type"]) for name, said in first.fields.items()} == {
        "id": ("id", "integer"),
        "name": ("name", "text"),
        "price_amount": ("price.amount", "price"),
        "price_currency": ("price.currency", "text"),
        "tags": ("tags", "text"),
        "inStock": ("inStock", "boolean"),
        "organic": ("organic", "boolean"),
        "url": ("url", "url"),
        "image": ("image", "url"),
        "updated_at": ("updated_at", "date"),
        "odd key": ('"odd key"', "text"),
    }
    assert {one.name: one.share for one in first.columns}["odd key"] == 0.75
    reading = read_by(first, page)
    assert not reading.problems
    assert [item.data for item in reading.items[:3]] == list(first.samples)
    assert reading.items[1].data["url"] == "https://api.test/teas/2"
    assert [item.data["name"] for item in reading.items] == [tea["name"] for tea in TEAS]


def test_lists_inside_of_records_are_candidates_of_their_own_below_them() -> None:
    found = suggest(page_of(SHOP)).candidates
    assert [(one.row, one.rows) for one in found] == [
        ("jmespath:data.items[]", 8),
        ("jmespath:data.items[].reviews[]", 16),
        ("jmespath:facets[]", 3),
    ]
    assert found[0].score > found[1].score > found[2].score


@pytest.mark.parametrize(
    ("said", "selector"),
    [
        ({"next": "https://api.test/teas?page=2"}, "jmespath:next"),
        ({"links": {"next": "/teas?page=2"}}, "jmespath:links.next"),
        ({"_links": {"next": {"href": "?page=2"}}}, "jmespath:_links.next.href"),
        ({"@odata.nextLink": "/teas?page=2"}, 'jmespath:"@odata.nextLink"'),
    ],
)
def test_next_page_is_followed_where_the_body_says_its_url(said: dict[str, Any], selector: str) -> None:
    page = page_of({"items": TEAS} | said)
    found = suggest(page)
    assert found.next_page is not None
    assert (found.next_page.url, found.next_page.because) == ("https://api.test/teas?page=2", "body")
    assert found.candidates[0].options == {"next": selector}
    links = read_by(found.candidates[0], page).links
    assert "https://api.test/teas?page=2" in {link.url for link in links}


@pytest.mark.parametrize(
    "said", [{"next": None}, {"next": 2}, {"next": "abc123"}, {"next": "/teas"}, {"next": []}]
)
def test_what_is_no_url_of_another_page_is_not_followed(said: dict[str, Any]) -> None:
    assert suggest(page_of({"items": TEAS} | said)).next_page is None


@pytest.mark.parametrize(
    "body",
    [
        {"a": 1},
        [],
        5,
        None,
        [1, 2, 3],
        [{"a": 1}],
        [{"a": 1}, {"b": 2}, {"c": 3}],
        [[[[]]]],
        {"a": {"b": {}}},
    ],
)
def test_body_without_similar_objects_gives_nothing(body: Any) -> None:
    assert suggest(page_of(body)).candidates == ()


def test_ids_of_which_one_is_too_large_for_an_integer_are_text_and_all_there() -> None:
    page = page_of([{"id": number, "name": "x"} for number in (*range(30), 2**63, 2**64 - 1)])
    first = suggest(page).candidates[0]
    assert first.fields["id"] == {"jmespath": "id", "type": "text"}
    ids = [item.data["id"] for item in read_by(first, page).items]
    assert ids[-2:] == ["9223372036854775808", "18446744073709551615"]
    assert len(ids) == 32


def test_broken_json_gives_nothing() -> None:
    page = Page(url="https://api.test/", body=b'[{"a": ', headers={"content-type": "application/json"})
    assert suggest(page).candidates == ()


def test_work_is_bounded_where_lists_are_long_and_keys_without_end() -> None:
    page = page_of({"k" * 2_000: TEAS, "wide": {f"k{n}": TEAS[:2] for n in range(3_000)}, "all": TEAS * 500})
    first = suggest(page).candidates[0]
    assert (first.row, first.rows) == ("jmespath:all[]", 4_000)


_KEYS = st.sampled_from(["a", "b", "_c", "a.b", "a b", "", " ", '"', "\\", "`", "'", "é", "a\nb", "@"])
_TEXTS = st.sampled_from(["", "x", "/x", "1,5", "2026-01-02"])
_PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), _TEXTS)
_VALUES = st.one_of(_PLAIN, st.lists(_PLAIN, max_size=2), st.dictionaries(_KEYS, _PLAIN, max_size=2))
_OBJECT = st.dictionaries(_KEYS, _VALUES, max_size=4)
_RECORD = st.dictionaries(_KEYS | st.just("@type"), _VALUES, min_size=3, max_size=6)
_ROWS = st.builds(lambda one, many: [one] * many, _RECORD, st.integers(2, 9))
_BY_KEY = st.builds(lambda one, many: {f"k{n}": one for n in range(many)}, _RECORD, st.integers(2, 5))
_BODY = st.one_of(_ROWS, st.dictionaries(_KEYS, st.one_of(_ROWS, _BY_KEY, _OBJECT, _PLAIN), max_size=3))
_CARRIED = (
    '<script type="application/json" id="state">{}</script>',
    '<script type="application/ld+json">{}</script>',
    "<script>window.state = {}</script>",
)


@settings(max_examples=80)
@given(_BODY, st.sampled_from(("", *_CARRIED)))
def test_whatever_is_proposed_reads_as_many_records_as_it_says(body: Any, carried: str) -> None:
    page = page_of(body)
    if carried:
        html = carried.format(json.dumps(body).replace("<", "\\u003c")).encode()
        page = Page(url=page.url, body=html, headers={"content-type": "text/html"})
    for candidate in suggest(page).candidates:
        assert len(read_by(candidate, page).items) == candidate.rows
