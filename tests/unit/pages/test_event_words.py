"""Tests of what pages say of events and of freshness."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.models import Event, EventKind
from crawler.policy.freshness import Freshness
from webui.pages.templatetags.trawl_events import AGES, BADGES, event_badge, event_pages, event_words

BLANK = {"rule": "coverage", "field": "price", "wanted": 1.0, "found": 0.0}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (EventKind.RUN_FINISHED, {"pages": 1200, "items": 1, "failed": 0}, "1,200 pages, 1 item"),
        (EventKind.RUN_FAILED, {"pages": 0, "failed": 1, "reason": "timed out"}, "1 failed; timed out"),
        (EventKind.RUN_CANCELLED, {"pages": 2, "reason": "cancelled"}, "2 pages"),
        (EventKind.FRESHNESS_LATE, {"max_age_seconds": 86_400}, "no older than 1 d is wanted"),
        (EventKind.DEADLINE_MET, {}, ""),
        (EventKind.DATA_DRIFT, BLANK, "price is in 0.0% of the items, where 100.0% were the least"),
        (
            EventKind.DATA_DRIFT,
            BLANK | {"more": 1200},
            "price is in 0.0% of the items, where 100.0% were the least; and 1,200 more",
        ),
        (
            EventKind.RUN_HELD,
            {"items": 1, "drifts": [BLANK, BLANK | {"more": 4}]},
            "1 item; price is in 0.0% of the items, where 100.0% were the least; and 5 more",
        ),
        (
            EventKind.RUN_HELD,
            {"items": 0, "drifts": [{"rule": "items", "field": None, "wanted": 287, "found": 0}]},
            "0 items, where 287 were the least",
        ),
        (
            EventKind.RUN_HELD,
            {
                "items": 90,
                "drifts": [BLANK],
                "requests": 1_300,
                "failed": 1_200,
                "reasons": [{"reason": "status-403", "count": 1_100}, {"reason": "timeout", "count": 100}],
            },
            (
                "1,200 of 1,300 requests failed, most often with status-403; 90 items; "
                "price is in 0.0% of the items, where 100.0% were the least"
            ),
        ),
    ],
)
def test_an_event_is_told_in_a_few_words(kind: EventKind, data: dict[str, Any], words: str) -> None:
    assert event_words(Event(kind=kind, data=data)) == words


def test_pages_of_what_looks_otherwise_are_named_once() -> None:
    pages = [{"url": f"http://a.test/{number}", "page": number} for number in range(12)]
    drifts = [BLANK | {"pages": pages[:8]}, BLANK | {"pages": pages[6:]}, BLANK]

    assert event_pages(Event(kind=EventKind.RUN_HELD, data={"drifts": drifts})) == pages[:10]
    assert event_pages(Event(kind=EventKind.DATA_DRIFT, data=drifts[0])) == pages[:8]
    for kind, said in ((EventKind.DATA_BREACH, BLANK), (EventKind.RUN_FINISHED, {"pages": 7})):
        assert event_pages(Event(kind=kind, data=said)) == []


def test_every_kind_and_every_state_has_its_badge() -> None:
    assert set(BADGES) == set(EventKind)
    assert set(AGES) == set(Freshness)
    assert event_badge("of.tomorrow") == '<span class="state ">of.tomorrow</span>'
