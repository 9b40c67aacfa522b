"""Looking ends: for what is not there, in JSON that each of many rows carries, and for ids in attributes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from scrapers.page import Page
from scrapers.suggesting import json_groups, outline, scripts, trying
from scrapers.suggesting.mending import Known, mend
from scrapers.suggesting.patience import LEAST_SECONDS, Patience
from tests.unit.scrapers.suggesting.test_mending import page_of


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
