"""When the service is red although every process is alive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.queries.health import is_standing_still, undone_for

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def ago(seconds: int | None) -> datetime | None:
    return None if seconds is None else NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("due", "started", "still"),
    [
        (None, None, False),
        (None, 9_000, False),
        (119, 9_000, False),
        (120, 9_000, True),
        (120, None, True),
        (9_000, 119, False),
        (9_000, 120, True),
    ],
)
def test_service_stands_still_when_work_waits_and_no_slice_starts(
    due: int | None, started: int | None, *, still: bool
) -> None:
    lasting = timedelta(seconds=120)
    told = is_standing_still(due_since=ago(due), last_start=ago(started), now=NOW, still=lasting)
    assert told is still


@pytest.mark.parametrize(
    ("ran", "asked", "seconds"),
    [
        (None, None, 0),
        (9_000, None, 0),
        (None, 40, 40),
        (9_000, 40, 40),
        (130, 9_000, 130),
        (3, 9_000, 3),
    ],
)
def test_what_beat_asks_for_is_undone_since_it_was_done_or_beat_began(
    ran: int | None, asked: int | None, seconds: int
) -> None:
    length = undone_for(last_ran=ago(ran), asked_since=ago(asked), now=NOW)
    assert length == timedelta(seconds=seconds)
