"""What a sitemap's lastmod changes about when a page is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.policy.refresh.hints import Signals, shifted

DAY = 86_400.0
SEEN = datetime(2026, 3, 1, tzinfo=UTC)
RATE = 1 / (5 * DAY)
LATER = SEEN + timedelta(days=1)


def after(lastmod: datetime | None, **believed: float) -> float:
    signals = Signals(**believed) if believed else None
    return shifted(4 * DAY, rate=RATE, seen_at=SEEN, lastmod=lastmod, signals=signals)


def test_without_a_lastmod_nothing_changes() -> None:
    assert after(None) == 4 * DAY


def test_a_page_is_asked_sooner_with_a_hint_and_later_without() -> None:
    assert after(LATER) < 4 * DAY < after(SEEN)


def test_a_hint_that_is_always_right_is_followed_at_once() -> None:
    assert after(LATER, precision=1.0, recall=0.5) == 0.0


@pytest.mark.parametrize("lastmod", [SEEN, LATER])
def test_hints_that_say_nothing_are_ignored(lastmod: datetime) -> None:
    assert after(lastmod, precision=0.0, recall=0.0) == 4 * DAY


def test_hints_that_tell_of_every_change_still_leave_a_visit_now_and_then() -> None:
    assert after(SEEN, recall=1.0) == pytest.approx(40 * DAY)
