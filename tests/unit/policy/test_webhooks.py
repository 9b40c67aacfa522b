"""How webhooks are signed and tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.errors import ConnectFailed, FetchError, Refused, TimedOut
from crawler.http import Failed, Fetched, Headers
from crawler.policy import webhooks
from crawler.policy.webhooks import TRIES, Delivered, GivenUp, TryAgain, Verdict
from tests.fakes.clock import BEGINNING


def answered(status: int, **headers: str) -> Fetched:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Fetched(
        url="https://a.test/",
        status=status,
        headers=Headers(pairs),
        body=b"",
        wire_bytes=0,
        elapsed_seconds=0,
    )


def decided(outcome: Fetched | FetchError, *, tries: int = 1, jitter: float = 0.0) -> Verdict:
    if isinstance(outcome, FetchError):
        failed = Failed(url="https://a.test/", error=outcome, elapsed_seconds=0)
        return webhooks.decide(failed, tries=tries, jitter=jitter, now=BEGINNING)
    return webhooks.decide(outcome, tries=tries, jitter=jitter, now=BEGINNING)


def test_signature_is_the_one_of_the_specification() -> None:
    headers = webhooks.headers_for(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_success_is_taken(status: int) -> None:
    assert decided(answered(status), tries=TRIES) == Delivered()


def test_gone_ends_the_webhook_at_once() -> None:
    assert decided(answered(410)) == GivenUp(reason="status-410", gone=True)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (answered(302), "status-302"),
        (answered(404), "status-404"),
        (answered(500), "status-500"),
        (ConnectFailed(), "connect_failed"),
        (TimedOut(), "timed_out"),
        (Refused(), "address_refused"),
    ],
)
def test_whatever_else_happens_is_tried_again(outcome: Fetched | FetchError, reason: str) -> None:
    assert decided(outcome) == TryAgain(after=timedelta(seconds=10), reason=reason)


def test_eight_tries_lie_further_apart_each_time_and_then_it_is_given_up() -> None:
    verdicts = [decided(answered(503), tries=number) for number in range(1, TRIES + 1)]

    waits = [verdict.after for verdict in verdicts if isinstance(verdict, TryAgain)]
    assert len(waits) == TRIES - 1 == 7
    assert waits == sorted(set(waits))
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=24)
    assert verdicts[-1] == GivenUp(reason="status-503")


def test_receiver_may_ask_for_more_time_and_never_for_less() -> None:
    assert decided(answered(503, Retry_After="600")) == TryAgain(
        after=timedelta(seconds=600), reason="status-503"
    )
    assert decided(answered(503, Retry_After="1")) == TryAgain(
        after=timedelta(seconds=10), reason="status-503"
    )


def test_jitter_adds_at_most_a_tenth() -> None:
    assert decided(answered(500), jitter=0.5) == TryAgain(after=timedelta(seconds=10.5), reason="status-500")


def test_try_without_a_report_is_left_alone_for_its_wait_and_at_least_a_minute() -> None:
    assert [webhooks.latest_wait(number) for number in (1, 7, 8)] == [
        timedelta(minutes=1), timedelta(hours=12), timedelta(hours=12)
    ]  # fmt: skip
