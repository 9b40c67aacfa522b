"""The retry rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

import pytest

from crawler.errors import (
    BadEncoding,
    BadRequest,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    DnsFailed,
    FetchError,
    HeaderBomb,
    InflationBomb,
    NameNotFound,
    Refused,
    RobotsForbidden,
    TimedOut,
    TlsFailed,
    TooLarge,
    TooManyRedirects,
    TruncatedBody,
)
from crawler.http import Failed, Fetched, Headers
from crawler.policy.retry import Accept, GiveUp, Past, Retry, RetryPolicy, Verdict, http_date, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy()


def answered(status: int, **headers: str) -> Fetched:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Fetched(
        url="https://example.org/",
        status=status,
        headers=Headers(pairs),
        body=b"",
        wire_bytes=0,
        elapsed_seconds=0.1,
    )


def failed(error: FetchError) -> Failed:
    return Failed(url="https://example.org/", error=error, elapsed_seconds=0.1)


def again(verdict: Verdict) -> Retry:
    assert isinstance(verdict, Retry), verdict
    return verdict


@pytest.mark.parametrize("status", [200, 201, 204, 206, 304])
def test_good_response_is_accepted(status: int) -> None:
    page = answered(status)

    assert POLICY.decide(page, attempt=1, jitter=0.5) == Accept(page)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 451, 501, 505, 302, 300])
def test_other_statuses_are_final(status: int) -> None:
    assert POLICY.decide(answered(status), attempt=1, jitter=0.5) == GiveUp(f"status-{status}")


@pytest.mark.parametrize("status", [408, 425, 500, 502, 504, 520, 524, 529])
def test_passing_statuses_are_tried_again(status: int) -> None:
    verdict = again(POLICY.decide(answered(status), attempt=1, jitter=0.5))

    assert (verdict.reason, verdict.counts, verdict.host_wide) == (f"status-{status}", True, False)


def test_last_attempt_gives_up_with_the_status_as_reason() -> None:
    assert POLICY.decide(answered(502), attempt=3, jitter=0.5) == GiveUp("status-502")


@pytest.mark.parametrize(
    "error",
    [
        ConnectFailed(),
        ConnectionLost(),
        DnsFailed(),
        NameNotFound(),
        TlsFailed(),
        TimedOut(),
        TruncatedBody(),
    ],
)
def test_network_trouble_is_tried_three_times_in_all(error: FetchError) -> None:
    verdicts = [POLICY.decide(failed(error), attempt=attempt, jitter=0.5) for attempt in (1, 2, 3)]

    assert [again(verdict).counts for verdict in verdicts[:2]] == [True, True]
    assert verdicts[2] == GiveUp(error.code)


@pytest.mark.parametrize(
    "error",
    [
        Refused(), TooLarge(), BadEncoding(), InflationBomb(), BadResponse(), HeaderBomb(), BadRequest(),
        TooManyRedirects(), RobotsForbidden(),
    ],
)  # fmt: skip
def test_trouble_that_stays_is_final(error: FetchError) -> None:
    assert POLICY.decide(failed(error), attempt=1, jitter=0.5) == GiveUp(error.code)


@pytest.mark.parametrize("jitter", [0.0, 0.3, 0.999])
def test_each_retry_waits_longer_than_the_one_before(jitter: float) -> None:
    policy = RetryPolicy(max_attempts=8)
    waits = [
        again(policy.decide(answered(500), attempt=attempt, jitter=other)).after
        for attempt, other in zip(range(1, 7), [jitter, 0.0] * 3, strict=True)
    ]

    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=2.5)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("attempt", [1, 3, 50])
def test_host_that_asks_to_wait_costs_no_attempt(status: int, attempt: int) -> None:
    verdict = again(POLICY.decide(answered(status, Retry_After="120"), attempt=attempt, jitter=0.5))

    assert verdict == Retry(
        after=timedelta(seconds=120), reason=f"status-{status}", host_wide=True, counts=False
    )


def test_wait_without_a_number_doubles_up_to_a_bound() -> None:
    waits = [
        again(POLICY.decide(answered(429), attempt=1, jitter=0.999, past=Past(failures=waits))).after
        for waits in (0, 1, 2, 50)
    ]

    assert waits[0] < timedelta(seconds=5) < waits[1] < timedelta(seconds=10) < waits[2]
    assert timedelta(minutes=14) < waits[3] <= timedelta(minutes=15)


@pytest.mark.parametrize(("after", "behind"), [("5", 60), ("120", 120), ("86400", 900)])
def test_page_whose_host_asked_to_wait_before_lets_others_go_first(after: str, behind: int) -> None:
    asked = answered(503, Retry_After=after)

    first = again(POLICY.decide(asked, attempt=1, jitter=0.5, past=Past(failures=3)))
    second = again(POLICY.decide(asked, attempt=1, jitter=0.5, past=Past(failures=1, rested=True)))

    assert (first.behind, second.behind) == (timedelta(), timedelta(seconds=behind))


@pytest.mark.parametrize("status", [429, 503])
def test_waits_count_in_a_run_that_is_overdue(status: int) -> None:
    asked, overdue = answered(status, Retry_After="120"), Past(overdue=True)

    waits = [again(POLICY.decide(asked, attempt=n, jitter=0.5, past=overdue)) for n in (1, 2)]

    assert [(wait.host_wide, wait.counts) for wait in waits] == [(True, True)] * 2
    assert POLICY.decide(asked, attempt=3, jitter=0.5, past=overdue) == GiveUp(f"status-{status}")


def test_wait_without_a_number_is_never_none_at_all() -> None:
    verdict = again(POLICY.decide(answered(503, Retry_After="soon"), attempt=1, jitter=0.0))

    assert verdict.after == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("9" * 30, timedelta(hours=24)),
        ("Sun, 01 Mar 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Sunday, 01-Mar-26 12:05:00 GMT", timedelta(minutes=5)),
        ("Sun Mar  1 12:05:00 2026", timedelta(minutes=5)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(seconds=1)),
        ("Mon, 01 Mar 2027 12:00:00 GMT", timedelta(hours=24)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("Sun, 99 Mar 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(value: str, expected: timedelta | None) -> None:
    assert retry_after(Headers([("retry-after", value)]), NOW) == expected


def test_retry_after_counts_from_the_servers_own_clock() -> None:
    headers = Headers(
        [("Date", "Sat, 01 Jan 2000 00:00:00 GMT"), ("Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT")]
    )

    assert retry_after(headers, NOW) == timedelta(seconds=30)


def test_date_without_any_clock_is_no_answer() -> None:
    assert retry_after(Headers([("Retry-After", "Sun, 01 Mar 2026 12:05:00 GMT")]), None) is None


def test_missing_retry_after_is_none() -> None:
    assert retry_after(Headers(), NOW) is None


def test_date_without_a_zone_is_read_as_utc() -> None:
    assert http_date("Sun, 01 Mar 2026 12:00:00") == NOW


def test_outcomes_are_closed() -> None:
    assert_type(POLICY.decide(answered(200), attempt=1, jitter=0.0), Accept | Retry | GiveUp)
