"""Which versions a target keeps: exactly what the rules say, by a plain model of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy import versions
from crawler.policy.versions import Keeping, Version

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def version(
    id_: int, *, page: int = 1, days: float = 0, size: int = 0, noise: bool = False, waits: bool = False
) -> Version:
    return Version(id_, page, NOW - days * DAY, size, in_noise=noise, awaits_judgement=waits)


def left(found: list[Version], keeping: Keeping) -> list[int]:
    gone = {one.id for one in versions.leaving(found, keeping, now=NOW)}
    return [one.id for one in found if one.id not in gone]


def test_versions_are_counted_with_the_one_that_holds_now() -> None:
    found = [version(1, days=3), version(2, days=2), version(3, days=1), version(4, page=2, days=9)]
    assert left(found, Keeping(versions=3)) == [2, 3, 4]
    assert left(found, Keeping(versions=1)) == []


def test_versions_of_noise_take_no_place_among_those_that_count() -> None:
    real = [version(number, days=9 - number) for number in range(3)]
    noisy = [version(number, days=3, noise=True) for number in range(3, 9)]
    assert left([*real, *noisy], Keeping(versions=3)) == [1, 2, 7, 8]
    assert left([*noisy[:2], version(10), version(11)], Keeping(versions=3)) == [3, 4, 10, 11]
    assert left([*noisy, version(10), version(11), version(12)], Keeping(versions=3)) == [11, 12], (
        "none stays for longer than what counts"
    )


def test_what_awaits_its_judgement_is_not_counted_yet() -> None:
    found = [version(1), version(2), *(version(number, waits=True) for number in range(3, 9))]
    assert left(found, Keeping(versions=2)) == [2, 3, 4, 5, 6, 7, 8]
    assert left([version(1, days=2, waits=True), version(2)], Keeping(days=1)) == [2]


def test_days_count_from_when_a_version_was_replaced() -> None:
    found = [version(1, days=7.1), version(2, days=7), version(3, days=1)]
    assert left(found, Keeping(days=7)) == [2, 3]


def test_the_oldest_leave_for_want_of_room_whatever_their_page() -> None:
    found = [
        version(1, page=2, days=1, size=600_000),
        version(2, page=1, days=3, size=600_000),
        version(3, page=1, days=2, size=400_000),
    ]
    assert left(found, Keeping(megabytes=1)) == [1, 3]


def test_room_is_counted_for_those_that_stay_otherwise() -> None:
    found = [version(1, days=9, size=900_000), version(2, days=8, size=900_000), version(3, days=8.5)]
    assert left(found, Keeping(days=8, megabytes=1)) == [2]


def test_no_bounds_keep_everything_and_no_setting_means_the_default() -> None:
    found = [version(number, days=40 - number) for number in range(40)]
    assert left(found, versions.of({})) == list(range(40))
    assert left(found, versions.of(None)) == list(range(31, 40))


bounds = st.none() | st.integers(1, 5)
rules = st.builds(Keeping, versions=bounds, days=bounds, megabytes=bounds)
kinds = st.sampled_from(["", "", "noise", "waits"])
some = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 7), st.integers(0, 2_000_000), kinds), max_size=30
)


def among(found: list[Version], one: Version, most: int) -> bool:
    """Say whether a version is one of so many of its page, by what is newer there."""
    newer = [other for other in found if other.page == one.page and other.id > one.id]
    counted = sum(not other.in_noise and not other.awaits_judgement for other in newer)
    if one.awaits_judgement:
        return True
    if one.in_noise:
        return counted < most and sum(other.in_noise for other in newer) + 2 <= most
    return counted + 2 <= most


@given(some, rules)
def test_what_is_kept_is_what_the_rules_say(rows: list[tuple[int, int, int, str]], keeping: Keeping) -> None:
    found = [
        version(n, page=page, days=days, size=size, noise=kind == "noise", waits=kind == "waits")
        for n, (page, days, size, kind) in enumerate(rows)
    ]
    expected = []
    for one in found:
        if keeping.versions is not None and not among(found, one, keeping.versions):
            continue
        if keeping.days is not None and NOW - one.ended_at > keeping.days * DAY:
            continue
        expected.append(one)
    if keeping.megabytes is not None:
        expected = [
            one
            for one in expected
            if sum(o.stored_size for o in expected if (o.ended_at, o.id) >= (one.ended_at, one.id))
            <= keeping.megabytes * 1_000_000
        ]
    assert left(found, keeping) == [one.id for one in expected]


@given(some, rules, st.integers(0, 5))
def test_what_counts_stays_whatever_noise_there_is_and_more_generous_bounds_keep_more(
    rows: list[tuple[int, int, int, str]], keeping: Keeping, more: int
) -> None:
    found = [
        version(n, page=page, days=days, size=size, noise=kind == "noise")
        for n, (page, days, size, kind) in enumerate(rows)
    ]
    without = [one for one in found if not one.in_noise]
    lasting = Keeping(versions=keeping.versions, days=keeping.days)
    kept = set(left(found, lasting))
    assert {one.id for one in without} & kept == set(left(without, lasting)), "noise pushes nothing out"
    wider = Keeping(versions=lasting.versions and lasting.versions + more, days=lasting.days)
    assert kept <= set(left(found, wider))
