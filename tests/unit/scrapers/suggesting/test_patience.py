"""Looking ends: for what is not there, in JSON that each of many rows carries, and for ids in attributes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from scrapers.page import Page
from scrapers.suggesting import candidates, holders, json_groups, outline, rerowing, scripts, trying
from scrapers.suggesting.mending import Known, mend
from scrapers.suggesting.patience import LEAST_SECONDS, Patience
from tests.unit.scrapers.suggesting.test_mending import page_of

LAMPS: list[dict[str, Any]] = [{"name": f"Lamp {n}", "price": f"{n}.50 EUR"} for n in range(20)]
OVER = Patience(0.0, 0.0)
LONG = Patience(1e9, 1e9)


@pytest.mark.parametrize(
    ("until", "end", "last"),
    [(2.0, 9.0, 3.0), (2.0, 2.5, 2.5), (1.0, 9.0, 1.0 + LEAST_SECONDS), (0.5, 9.0, 1.0 + LEAST_SECONDS)],
)
def test_what_is_not_found_is_looked_for_as_long_again_and_to_the_end_of_all(
    until: float, end: float, last: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1.0]
    monkeypatch.setattr(time, "process_time", lambda: clock[0])
    looking = Patience.of(until, end=end)

    clock[0] = until
    assert looking.is_over(found=["something"])
    assert not looking.is_over(found=[])
    clock[0] = last
    assert looking.is_over(found=[])
    assert looking.is_at_its_end()


def test_once_the_time_is_over_no_further_json_of_a_row_is_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many: list[dict[str, Any]] = [
        {"name": f"Lamp {n}", "offers": [{"seller": f"Shop {n}{k}", "cost": f"{n}.{k}0 EUR"} for k in "ab"]}
        for n in range(20)
    ]
    rows = "".join(
        f"<li data-x='{json.dumps({'of': one['offers']})}'><b>{one['name']}</b></li>" for one in many
    )
    fields = {
        "name": "css:b",
        "offers": {"css": ".offer", "many": True, "fields": {"seller": "css:.s", "cost": "css:.c"}},
    }
    looked: list[object] = []
    of_value = json_groups.of_value

    def counted(value: Any, known: Any, *, many: bool) -> list[json_groups.Group]:
        looked.append(value)
        return of_value(value, known, many=many)

    monkeypatch.setattr(json_groups, "of_value", counted)
    mend(
        [Known(page=page_of(f"<ul>{rows}</ul>"), records=many)],
        row="css:li",
        fields=fields,
        broken=["offers"],
        seconds=0,
    )

    assert len(looked) == 1


def test_a_page_is_not_searched_for_the_id_of_each_element_with_json(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"lamp": "Floor lamp", "price": 129.5, "stock": "some"})
    page = page_of(f"<div id=box data-x='{said}'></div>" * 300)
    asked: list[str] = []
    css = Page.css

    def counted(self: Page, selector: str) -> Any:
        asked.append(selector)
        return css(self, selector)

    monkeypatch.setattr(Page, "css", counted)
    found = scripts.of_page(page, outline.of_page(page))

    assert [one.prefix for one in found] == ["json:[data-x]::attr(data-x) -> "]
    assert 0 < asked.count("#box") <= scripts.MOST_ASKED


@pytest.mark.parametrize(("last", "most", "read"), [(0.0, 10_000, 1), (1e9, 5, 5), (1e9, 10_000, 20)])
def test_a_page_is_read_to_the_end_of_all_time_and_to_as_many_records_as_a_crawl_takes(
    last: float, most: int, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "MOST_RECORDS", most)
    page = page_of("".join(f"<li><b>Lamp {n}</b></li>" for n in range(20)))
    known = Known(page=page, records=[{"name": f"Lamp {n}"} for n in range(20)])

    trial = trying.count([known], row="css:li", fields={}, tried=[("name", {"css": "b"})], until=0, last=last)

    assert (trial.given, trial.known) == (read, 20)
    assert trial.counts[0].restored == read


def lamps(*, card: str = "card", cost: str = "cost") -> Known:
    rows = "".join(
        f"<li class={card} data-x='{json.dumps(one)}'>"
        f"<b>{one['name']}</b><i class={cost}>{one['price']}</i></li>"
        for one in LAMPS
    )
    return Known(page=page_of(f"<main><ul>{rows}</ul></main>"), records=LAMPS)


def test_a_part_of_the_time_is_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 2.0)

    assert Patience(4.0, 8.0).part(0.25) == Patience(2.5, 3.5)
    assert Patience(1.0, 6.0).part(0.5) == Patience(2.0, 4.0)


@pytest.mark.parametrize(("patience", "told"), [(OVER, 1), (LONG, 3)])
def test_once_the_time_is_over_no_further_page_is_asked_for_its_rows(patience: Patience, told: int) -> None:
    pages = [lamps(), lamps(card="tile"), lamps()]

    found = rerowing.share(pages, row="css:.card", fields={"name": "css:b"}, patience=patience)

    assert len(found.having) + len(found.lacking) == told
    assert found.having[0] is pages[0]


@pytest.mark.parametrize(("patience", "pages"), [(OVER, 1), (LONG, 3)])
def test_pages_that_there_was_no_time_for_are_left_out_when_records_are_counted(
    patience: Patience, pages: int
) -> None:
    known = [lamps(), lamps(), lamps()]

    found = rerowing.records(known, row="css:.card", fields={"name": "css:b"}, patience=patience)

    assert (found.given, found.known, found.pages) == (20 * pages, 20 * pages, pages)


def test_elements_leave_half_of_the_time_to_json(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = trying.parsed_alone(fields={"name": "css:b"}, row="css:.card")
    looked = [(known, holders.Holders.of_page(known.page, schema)) for known in [lamps()]]
    clock = iter(range(1_000))
    monkeypatch.setattr(time, "process_time", lambda: next(clock))

    found = candidates.of_field(
        looked, {}, "price", {"css": ".gone"}, patience=Patience(until=20.0, last=40.0)
    )

    assert {next(iter(one.declared)) for one in found} == {"css", "json"}


def test_with_time_for_the_least_alone_other_rows_are_proposed_and_no_more_than_needed_is_walked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    known = [lamps(card="tile", cost="amount") for _ in range(4)]
    walked: list[Page] = []
    of_page = outline.of_page

    def counted(page: Page) -> outline.Outline:
        walked.append(page)
        return of_page(page)

    monkeypatch.setattr(outline, "of_page", counted)
    fields = {"name": "css:b", "price": "css:.cost"}
    found = mend(known, row="css:.card", fields=fields, broken=["price"], seconds=0)

    assert found.fields["price"][0].restored == 20
    assert (found.given, found.expected) == (20, 20)
    assert {id(page) for page in walked} == {id(known[0].page)}


def test_a_page_that_is_walked_is_not_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = lamps()
    schema = trying.parsed_alone(fields={"name": "css:b"}, row="css:.card")
    first = holders.Holders.of_page(known.page, schema)
    monkeypatch.delattr(outline, "of_page")

    again = holders.Holders.of_page(known.page, schema, walked=first.outline)

    assert [one.element for one in again.rows] == [one.element for one in first.rows]
    assert len(again.rows) == 20


def test_as_many_rows_are_looked_into_as_a_crawl_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "MOST_RECORDS", 5)
    schema = trying.parsed_alone(fields={"name": "css:b"}, row="css:.card")

    found = holders.Holders.of_page(lamps().page, schema)

    assert (len(found.rows), len(found.scopes)) == (5, 5)
