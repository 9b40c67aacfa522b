"""Outages as people see them, from the rows that several processes wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crawler.models import OutageKind
from crawler.queries.outages import Span, joined

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FULL, AWAY = OutageKind.DISK_FULL, OutageKind.AWAY


def span(began: int, ended: int | None, kind: OutageKind = FULL) -> Span:
    minutes = [NOW + timedelta(minutes=minute) if minute is not None else None for minute in (began, ended)]
    assert minutes[0] is not None
    return Span(kind=kind, began_at=minutes[0], ended_at=minutes[1])


def test_what_several_processes_saw_is_one_outage() -> None:
    assert joined([span(0, 5), span(1, 3), span(5, 8)]) == (span(0, 8),)


def test_outages_that_do_not_touch_stay_apart() -> None:
    assert joined([span(0, 1), span(2, 3)]) == (span(0, 1), span(2, 3))


def test_an_outage_without_an_end_swallows_what_follows() -> None:
    assert joined([span(0, None), span(2, 3)]) == (span(0, None),)
    assert joined([span(0, 3), span(2, None)]) == (span(0, None),)


def test_a_reason_says_more_than_that_it_was_away() -> None:
    assert joined([span(0, 2, AWAY), span(1, 3, FULL)]) == (span(0, 3, FULL),)
    assert joined([span(0, 2, FULL), span(1, 3, AWAY)]) == (span(0, 3, FULL),)
