"""The calendar through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.api.conftest import Api

SHOP: dict[str, Any] = {
    "name": "Shop",
    "start_urls": ["https://shop.test"],
    "max_pages": 1200,
    "schedule": {"cron": "30 12 * * *", "timezone": "Europe/Berlin"},
}


@pytest.fixture(autouse=True)
def at_ten() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_hours_tell_what_starts_and_what_is_sent(api: Api) -> None:
    target = api.post("/targets", SHOP).json()["id"]

    found = api.get("/calendar?from=2026-03-03&days=1&timezone=Europe/Berlin").json()
    assert (found["begins"], found["ends"]) == ("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z")
    assert (found["timezone"], found["whole_until"]) == ("Europe/Berlin", found["ends"])
    (hour,) = found["hours"]
    assert hour == {
        "begins": "2026-03-03T11:00:00Z",
        "runs": 1,
        "requests": 1200,
        "starts": [
            {
                "target": target,
                "name": "Shop",
                "first_at": "2026-03-03T11:30:00Z",
                "runs": 1,
                "requests_each": 1200,
                "seconds_each": 1380,
                "measured": False,
            }
        ],
    }


def test_a_week_from_today_is_what_one_gets_unasked(api: Api) -> None:
    api.post("/targets", SHOP)

    found = api.get("/calendar").json()
    assert (found["begins"], found["ends"]) == ("2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z")
    assert len(found["hours"]) == 7


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=tomorrow", "from"),
        ("days=32", "days"),
        ("days=0", "days"),
        ("timezone=Mars", "timezone"),
        ("day=1", "day"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(api: Api, query: str, field: str) -> None:
    document = problem(api.get(f"/calendar?{query}"), 422)
    assert [error["field"] for error in document["errors"]] == [field]
