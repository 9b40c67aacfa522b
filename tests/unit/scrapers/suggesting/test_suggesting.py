"""What is suggested for whole pages: golden cases, the demo shop, and pages that mean harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo import pages as shop
from scrapers.page import Page
from scrapers.suggesting import Suggestions, outline, suggest
from tests.unit.scrapers.suggesting.declared import read_by

CASES = Path(__file__).parents[3] / "cases" / "suggesting"
FOLDERS = sorted(path.parent for path in CASES.glob("*/input.json"))
SITE = shop.Site.at(base="http://shop.test", seed=1, epoch=0)
LISTS = [(category, number) for category in SITE.categories for number in range(1, category.pages + 1)]


HTML = "text/html; charset=utf-8"


def page_of(body: str, *, url: str = "https://site.test/list", kind: str = HTML) -> Page:
    return Page(url=url, body=body.encode(), headers={"content-type": kind})


def told(found: Suggestions) -> dict[str, Any]:
    """Return suggestions in the form of a case's `expected.json`."""
    following = found.next_page
    return {
        "candidates": [
            {
                "row": candidate.row,
                "rows": candidate.rows,
                "fields": {
                    one.name: {"meaning": one.meaning, **candidate.fields[one.name]}
                    for one in candidate.columns
                },
            }
            for candidate in found.candidates
        ],
        "next": [following.url, following.selector, following.because] if following else None,
    }


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def case(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any], Page]:
    folder: Path = request.param
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    body = (folder / "page.html").read_text(encoding="utf-8")
    return folder, said, page_of(body, url=said["url"], kind=said.get("content_type", HTML))


def test_case_is_suggested_as_expected(case: tuple[Path, dict[str, Any], Page]) -> None:
    folder, _said, page = case
    assert told(suggest(page)) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def test_first_candidate_finds_every_record_of_a_case(case: tuple[Path, dict[str, Any], Page]) -> None:
    _folder, said, page = case
    candidates = suggest(page).candidates
    found = read_by(candidates[0], page).items if candidates else ()
    assert [item.data[said["field"]] for item in found] == said["values"]


def test_candidates_read_as_many_records_as_they_say_without_problems(
    case: tuple[Path, dict[str, Any], Page],
) -> None:
    *_rest, page = case
    for candidate in suggest(page).candidates:
        reading = read_by(candidate, page)
        assert (len(reading.items), reading.problems) == (candidate.rows, ())
        assert [item.data for item in reading.items[:3]] == list(candidate.samples)


def test_table_of_the_shop_is_read_where_its_cells_span() -> None:
    page = page_of(shop.delivery(SITE).html)
    [first, *_others] = suggest(page).candidates
    reading = read_by(first, page)
    assert (first.rows, reading.problems) == (5, ())
    names = ("country", "parcel_up_to_2_kg", "parcel_up_to_20_kg", "days")
    assert [item.data for item in reading.items] == [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in (
            ("Česko", 3.9, 7.5, 1),
            ("Österreich", 6.4, 12.0, 2),
            ("Deutschland", 6.4, 11.5, 2),
            ("Sverige", 9.8, 24.0, 5),
            ("Japan", 24.0, None, 12),
        )
    ]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("lines", [3, 300])
def test_cell_that_hangs_into_a_row_is_read_in_both(place: int, lines: int) -> None:
    names, rows, expected = ("Stop", "Fare", "Remark"), [], []
    for n in range(lines):
        for half in ("a", "b"):
            cells = [f"Stop {half}{n}", f"{n}.50 {half}", f"Remark {half}{n}"]
            cells[place] = f"Both {n}"
            tags = ["<td rowspan=2>" if at == place else "<td>" for at in range(3)]
            shown = [at for at in range(3) if half == "a" or at != place]
            rows.append("<tr>" + "".join(tags[at] + cells[at] for at in shown) + "</tr>")
            expected.append(dict(zip(("stop", "fare", "remark"), cells, strict=True)))
    page = page_of(f"<table><tbody><tr><th>{'<th>'.join(names)}</tr>{''.join(rows)}</table>")
    [first, *_others] = suggest(page).candidates
    assert first.rows == 2 * lines
    assert [item.data for item in read_by(first, page).items] == expected


def test_cell_that_hangs_is_read_where_no_tbody_is_written() -> None:
    body = "".join(f"<tr><td rowspan=2>{n}.50<td>Stop {n}</tr><tr><td>Halt {n}</tr>" for n in range(1, 5))
    page = page_of(f"<table><tr><th>Fare<th>To</tr>{body}</table>")
    [first, *_others] = suggest(page).candidates
    read = [item.data for item in read_by(first, page).items]
    assert read[:2] == [{"fare": 1.5, "to": "Stop 1"}, {"fare": 1.5, "to": "Halt 1"}]
    assert len(read) == 8


@pytest.mark.parametrize("reaches", [(4, 2), (4, 4), (6, 3, 1)])
def test_cells_that_hang_inside_of_others_are_read_in_every_row(reaches: tuple[int, ...]) -> None:
    names = ("region", "town", "place", "stop")[-len(reaches) - 1 :]
    rows, expected = [], []
    for n in range(3 * reaches[0]):
        held = [f"{name} {n // many}" for name, many in zip(names, reaches, strict=False)]
        cells = [
            f"<td rowspan={many}>{cell}" for cell, many in zip(held, reaches, strict=True) if n % many == 0
        ]
        rows.append(f"<tr>{''.join(cells)}<td>Stop {n}</tr>")
        expected.append(dict(zip(names, [*held, f"Stop {n}"], strict=True)))
    page = page_of(f"<table><tr><th>{'<th>'.join(names)}</tr>{''.join(rows)}</table>")
    [first, *_others] = suggest(page).candidates
    assert [item.data for item in read_by(first, page).items] == expected


def test_rows_that_lend_cells_at_two_places_leave_those_out() -> None:
    body = "".join(
        f"<tr><td>Line {n}<td rowspan=2>{n}.50<td rowspan=2>{n} days<td>Stop {n}</tr>"
        f"<tr><td>Branch {n}<td>Halt {n}</tr>"
        for n in range(1, 5)
    )
    page = page_of(f"<table><tr><th>Line<th>Fare<th>Valid<th>To</tr>{body}</table>")
    [first, *_others] = suggest(page).candidates
    read = [item.data for item in read_by(first, page).items]
    assert read[:2] == [{"line": "Line 1", "to": "Stop 1"}, {"line": "Branch 1", "to": "Halt 1"}]
    assert len(read) == 8


@pytest.mark.parametrize(("category", "number"), LISTS, ids=lambda value: getattr(value, "slug", value))
def test_first_candidate_finds_every_product_of_the_shop(category: Any, number: int) -> None:
    page = page_of(shop.category(SITE, category, number).html)
    first = suggest(page).candidates[0]
    listed = category.page(number)
    assert first.row == ".card"
    assert [item.data for item in read_by(first, page).items] == [
        {"link": f"https://site.test{one.path}", "title": one.name, "price": float(one.price)}
        for one in listed
    ]


def test_page_that_is_not_html_gives_nothing() -> None:
    page = Page(url="https://site.test/", body=b'{"a": 1}', headers={"content-type": "application/json"})
    assert suggest(page) == Suggestions()


def test_page_without_a_body_gives_nothing() -> None:
    assert suggest(page_of("")) == Suggestions()


def test_class_that_only_some_rows_have_leaves_none_out() -> None:
    rows = "".join(
        f'<li class="hit{" hit--new" if number % 2 else ""}"><a href="/{number}">Number {number}</a>'
        f'<i class="year">{1990 + number}</i></li>'
        for number in range(8)
    )
    assert suggest(page_of(f"<main><ul>{rows}</ul></main>")).candidates[0].rows == 8


def test_hashes_are_never_in_a_selector() -> None:
    rows = "".join(
        f'<div class="css-8f3k2x"><a class="sc-bdVaJa hTqWzX9" href="/{number}">Flat {number}</a>'
        f'<b class="_3xY2a">€ {number}00</b></div>'
        for number in range(5)
    )
    [first, *_others] = suggest(page_of(f"<main><section>{rows}</section></main>")).candidates
    used = first.row + str(first.fields)
    assert first.rows == 5
    assert not any(name in used for name in ("8f3k2x", "bdVaJa", "hTqWzX9", "_3xY2a"))


def test_menu_is_worth_less_than_the_list_beside_it() -> None:
    menu = "".join(f'<li class="entry"><a href="/m{n}">Department {n}</a><b>{n}</b></li>' for n in range(20))
    rows = "".join(f'<li class="row"><a href="/r{n}">Result {n}</a><b>{n} found</b></li>' for n in range(4))
    found = suggest(page_of(f"<nav><ul>{menu}</ul></nav><main><ol>{rows}</ol></main>"))
    assert found.candidates[0].rows == 4


def test_links_in_a_sentence_are_no_records() -> None:
    links = ", ".join(f'<a href="/{n}">person {n}</a> of the town {n}' for n in range(6))
    assert (
        suggest(page_of(f"<main><p>On that day we met {links}, and went home.</p></main>")).candidates == ()
    )


def test_tags_of_a_record_are_a_list() -> None:
    tag = '<a class="tag" href="/t/{0}">{0}</a>'
    rows = "".join(
        f'<li class="thing"><h3>Thing {n}</h3><p>{tag.format("wood")}{tag.format(word)}</p><b>{n}</b></li>'
        for n, word in enumerate(("steel", "glass", "clay", "wool"))
    )
    [first, *_others] = suggest(page_of(f"<main><ul>{rows}</ul></main>")).candidates
    assert first.samples[0]["tag"] == ["wood", "steel"]


def test_type_that_fits_too_few_rows_becomes_text() -> None:
    prices = ["€ 5"] * 60 + ["on request"] * 20
    # the rows that are sampled are spread evenly, and see the others too
    rows = "".join(
        f'<li class="lot"><a href="/{n}">Lot {n}</a><b class="price">{price}</b></li>'
        for n, price in enumerate(prices)
    )
    [first, *_others] = suggest(page_of(f"<main><ul>{rows}</ul></main>")).candidates
    assert {one.name: one.meaning for one in first.columns}["price"] == "text"


HOSTILE = {
    "calls": f"<script>{'dataLayer.push({a: [{' * 3_000}</script>",
    "labels": "<div class=c><dl>" + "<dt>a<dd>b" * 40 + "</dl></div>" + "<dt>{}<dd>x" * 900,
    "headings": "".join(f"<h3>Thing {n}</h3><p>{n} is <i>so</i></p>" for n in range(1_500)),
    "siblings": "".join(f'<div class="r"><a href="/{n}">Name {n}</a><b>${n}</b></div>' for n in range(4_000)),
    "nesting": '<div class="a"><a href="/1">x</a>' * 1_500,
    "classes": "".join(
        f'<p class="{" ".join(f"c{n}" for n in range(3_000))}"><a href="/">N</a> x</p>' for _ in range(20)
    ),
    "unclosed": "<ul><li>x<a href=/y>z</a>" * 1_500,
    "selectors": "".join(
        f'<li class="a&quot;]{{}}\\ b" id="x{n}"><a href="/{n}">N {n}</a><i data-a="{{">{n}</i></li>'
        for n in range(9)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_is_looked_at_in_bounds_and_read_as_promised(name: str) -> None:
    page = page_of(f"<main>{HOSTILE[name]}</main>")
    for candidate in suggest(page).candidates:
        assert len(read_by(candidate, page).items) == candidate.rows


def test_of_a_large_page_only_the_beginning_is_looked_at() -> None:
    page = page_of("<main>" + "<br>" * (outline.MOST_ELEMENTS + 10))
    assert len(outline.of_page(page).elements) == outline.MOST_ELEMENTS


def test_records_in_groups_say_what_their_group_is_called() -> None:
    groups = {"Monday": ("Types", "Graphs"), "Tuesday": ("Parsers",), "Wednesday": ("Clocks", "Maps", "Zip")}
    talk = '<li class="talk"><b class="what">{0}</b> <i class="hall">Hall of {0}</i></li>'
    html = "".join(
        f'<section class="day"><h2>{day}</h2><ul>{"".join(map(talk.format, talks))}</ul></section>'
        for day, talks in groups.items()
    )
    page = page_of(f"<main>{html}</main>")
    [first, *_others] = suggest(page).candidates
    assert [(item.data["group"], item.data["what"]) for item in read_by(first, page).items] == [
        (day, what) for day, talks in groups.items() for what in talks
    ]
