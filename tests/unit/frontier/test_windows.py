"""What windows may be written as, and when they are open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.frontier.crons import BadTimetable
from crawler.frontier.windows import DAYS, Window, parse, read, tidy

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WORKDAYS = frozenset(range(5))


@pytest.mark.parametrize(
    ("text", "days", "opens", "closes"),
    [
        ("weekdays 22:00-06:00", WORKDAYS, 22 * 60, 30 * 60),
        ("mon-fri 22:00-06:00", WORKDAYS, 22 * 60, 30 * 60),
        ("Mon – Fri  22:00 – 06:00", WORKDAYS, 22 * 60, 30 * 60),
        ("sat,sun", {5, 6}, 0, 24 * 60),
        ("Saturday, Sunday", {5, 6}, 0, 24 * 60),
        ("weekend 1:30-24:00", {5, 6}, 90, 24 * 60),
        ("fri-mon", {4, 5, 6, 0}, 0, 24 * 60),
        ("tues,thu-fri 00:00-12:00", {1, 3, 4}, 0, 12 * 60),
        ("01:00-05:00", set(range(7)), 60, 300),
        ("daily 23:00-00:00", set(range(7)), 23 * 60, 24 * 60),
    ],
)
def test_window_is_read(text: str, days: set[int], opens: int, closes: int) -> None:
    assert parse(text) == Window(days=frozenset(days), opens=opens, closes=closes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("weekdays 22:00-25:00", "character 16: '25:00' is not a time of day"),
        ("weekdays 24:00-06:00", "character 10: '24:00' is not a time of day"),
        ("weekdays 10:61-12:00", "character 10: '10:61' is not a time of day"),
        ("mon,fry 22:00-06:00", "character 5: 'fry' is not a day of the week"),
        ("mon-", "character 5: '' is not a day of the week"),
        ("mon-fri 22:00", "character 9: '22:00' is not a span of hours"),
        ("22:00-06:00 weekdays", "character 1: '22:00' is not a day of the week"),
        ("mon 1:00-2:00 3:00-4:00", "character 15: '3:00-4:00' is too much"),
        ("mon 10:00-10:00", "character 5: '10:00-10:00' opens and closes at the same time"),
    ],
)
def test_what_cannot_be_read_names_its_place_and_an_example(text: str, says: str) -> None:
    with pytest.raises(BadTimetable) as refused:
        parse(text)

    assert refused.value.field == "windows"
    assert str(refused.value).startswith(says)
    assert "weekdays 22:00-06:00" in str(refused.value) or "whole day" in str(refused.value)


def test_friday_night_belongs_to_friday() -> None:
    windows = read(["weekdays 22:00-06:00"], timezone="UTC")
    assert windows
    friday, saturday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)
    assert windows.is_open(friday + timedelta(hours=23))
    assert windows.is_open(saturday + timedelta(hours=5, minutes=59))
    assert not windows.is_open(saturday + timedelta(hours=6))
    assert not windows.is_open(saturday + timedelta(hours=23))
    assert windows.opening(saturday + timedelta(hours=6)) == MONDAY + timedelta(days=7, hours=22)
    assert windows.closed_since(saturday + timedelta(hours=9)) == saturday + timedelta(hours=6)


def test_windows_that_touch_are_one() -> None:
    windows = read(["sat,sun", "fri 20:00-24:00", "sun 23:00-03:00"], timezone="UTC")
    assert windows
    assert windows.closes(MONDAY + timedelta(days=4, hours=21)) == MONDAY + timedelta(days=7, hours=3)


def test_a_window_that_the_clocks_leave_out_waits_for_the_next_week() -> None:
    windows = read(["sun 02:00-03:00"], timezone="Europe/Berlin")
    assert windows
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the clocks go forward on the 29th
    assert windows.opening(before) == datetime(2026, 4, 5, 0, tzinfo=UTC)
    assert windows.closed_since(before + timedelta(days=2)) == datetime(2026, 3, 22, 2, tzinfo=UTC)


LINES = st.builds(
    lambda days, opens, closes: (
        f"{','.join(sorted(days))} {opens // 60}:{opens % 60:02}-{closes // 60}:{closes % 60:02}"
    ),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
).filter(lambda line: line.split()[1].split("-")[0] != line.split()[1].split("-")[1])


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=3), minute=st.integers(0, 7 * 1440))
def test_windows_are_open_when_a_reading_of_the_week_says_so(lines: list[str], minute: int) -> None:
    windows = read(lines, timezone="UTC")
    assert windows
    moment = MONDAY + timedelta(days=7, minutes=minute)

    def says(at: datetime) -> bool:
        into = at.hour * 60 + at.minute
        return any(
            (at.weekday() in window.days and window.opens <= into < window.closes)
            or ((at.weekday() - 1) % 7 in window.days and into + 1440 < window.closes)
            for window in windows.each
        )

    opening = windows.opening(moment)
    assert windows.is_open(moment) is says(moment)
    assert says(opening)
    assert opening == moment or not says(opening - timedelta(minutes=1))
    assert says(windows.closes(opening)) is False or windows.closes(opening) - opening > timedelta(days=7)


@given(st.text(max_size=40))
def test_no_text_at_all_is_answered_with_anything_but_a_window_or_a_refusal(text: str) -> None:
    try:
        window = parse(text)
    except BadTimetable:
        return
    assert parse(tidy(text)) == window
