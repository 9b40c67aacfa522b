"""What keeps a slice's lease alive, and what it does when the database is away."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from crawler.engine.ports import Ask, Look
from crawler.engine.reading import TimedReader
from crawler.engine.work import Batch
from crawler.models import Slice
from crawler.stores import keeper as keepers
from crawler.stores import leases
from crawler.stores.clock import DatabaseClock
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.keeper import LeaseKeeper

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def until(happened: Callable[[], bool], *, within: float = 90.0) -> bool:
    ends_at = time.monotonic() + within
    while not happened():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.01)
    return True


def keeper(owner: str, *, send_seconds: float = 45.0) -> LeaseKeeper:
    return LeaseKeeper(
        owner=owner,
        clock=DatabaseClock(),
        every=timedelta(milliseconds=20),
        lease_time=timedelta(seconds=60),
        send_time=timedelta(seconds=send_seconds),
        reader=TimedReader(),
    )


@pytest.mark.django_db(transaction=True)
def test_slice_is_renewed_while_it_lives() -> None:
    began = timezone.now() - timedelta(seconds=50)
    leases.begin(owner="me", lane="bulk", node="node", now=began)

    with keeper("me") as kept:
        assert until(lambda: Slice.objects.get().renewed_at > began)
        assert kept.is_safe


@pytest.mark.django_db(transaction=True)
def test_slice_that_was_taken_for_lost_is_told_so() -> None:
    with keeper("nobody") as kept:
        assert until(lambda: not kept.is_safe)


@pytest.mark.django_db(transaction=True)
def test_lease_is_not_safe_when_no_renewal_succeeds_for_three_quarters_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(**_arguments: object) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr(leases, "renew", away)
    began = time.monotonic()
    with keeper("me", send_seconds=0.3) as kept:
        assert kept.is_safe or time.monotonic() - began >= 0.3
        assert until(lambda: not kept.is_safe)


@pytest.mark.django_db(transaction=True)
def test_lease_is_renewed_after_a_page_that_left_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [MemoryError(), MemoryError()]
    renew = leases.renew

    def refused(*, owner: str, now: datetime, lease_time: timedelta) -> bool:
        if refusals:
            raise refusals.pop()
        return renew(owner=owner, now=now, lease_time=lease_time)

    monkeypatch.setattr(leases, "renew", refused)
    began = timezone.now() - timedelta(seconds=50)
    leases.begin(owner="me", lane="bulk", node="node", now=began)
    with keeper("me"):
        assert until(lambda: Slice.objects.get().renewed_at > began)
        assert not refusals


class Lease:
    is_safe = True


class Flaky:
    """Fails as often as it is told to, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.commits: list[Batch] = []

    def look(self, _ask: Ask) -> Look:
        if self.errors:
            raise self.errors.pop(0)
        return Look()

    def look_again(self, ask: Ask, *, in_hand: set[int]) -> Look:
        assert not in_hand
        return self.look(ask)

    def commit(self, batch: Batch) -> None:
        self.look(Ask())
        self.commits.append(batch)


def frontier(flaky: Flaky, lease: Lease, *, patience_seconds: float = 45.0) -> DatabaseFrontier:
    return DatabaseFrontier(
        looker=flaky,  # type: ignore[arg-type]
        committer=flaky,  # type: ignore[arg-type]
        lease=lease,
        patience=timedelta(seconds=patience_seconds),
    )


@pytest.mark.django_db(transaction=True)
def test_batch_is_kept_until_the_database_is_back() -> None:
    flaky = Flaky(OperationalError("server closed the connection"), InterfaceError("connection is closed"))
    batch = Batch(released=(1,))

    async def commit() -> None:
        async with frontier(flaky, Lease()) as writer:
            await writer.commit(batch)

    asyncio.run(commit())

    assert flaky.commits == [batch]


@pytest.mark.django_db(transaction=True)
def test_database_that_stays_away_is_waited_for_only_while_the_lease_is_safe() -> None:
    flaky = Flaky(*(OperationalError("away") for _ in range(100)))
    lease = Lease()

    async def look() -> None:
        async with frontier(flaky, lease) as reader:
            asyncio.get_running_loop().call_later(0.2, setattr, lease, "is_safe", False)
            await reader.look(Ask())

    with pytest.raises(OperationalError):
        asyncio.run(look())
    assert 2 <= 100 - len(flaky.errors) < 20


@pytest.mark.django_db(transaction=True)
def test_nothing_is_to_be_sent_while_a_batch_waits_for_the_database() -> None:
    flaky = Flaky(*(OperationalError("away") for _ in range(100)))
    seen: list[bool] = []

    async def commit() -> None:
        async with frontier(flaky, Lease()) as writer:
            seen.append(writer.is_stuck)
            waiting = asyncio.create_task(writer.commit(Batch(released=(1,))))
            while not seen[-1]:
                await asyncio.sleep(0.01)
                seen.append(writer.is_stuck)
            flaky.errors.clear()
            await waiting
            seen.append(writer.is_stuck)

    asyncio.run(commit())

    assert (seen[0], seen[-2], seen[-1]) == (False, True, False)


@pytest.mark.django_db(transaction=True)
def test_batch_is_given_up_when_only_renewals_find_room() -> None:
    flaky = Flaky(*(OperationalError("disk full") for _ in range(100)))

    async def commit() -> None:
        async with frontier(flaky, Lease(), patience_seconds=0.2) as writer:
            await writer.commit(Batch())

    with pytest.raises(OperationalError):
        asyncio.run(commit())
    assert 2 <= 100 - len(flaky.errors) < 20


@pytest.mark.django_db(transaction=True)
def test_what_comes_too_late_is_tried_once_more_so_that_it_is_counted() -> None:
    flaky = Flaky(OperationalError("the connection was closed while this process stood still"))
    lease, batch = Lease(), Batch(released=(1,))
    lease.is_safe = False

    async def commit() -> None:
        async with frontier(flaky, lease) as writer:
            await writer.commit(batch)

    asyncio.run(commit())

    assert flaky.commits == [batch]


@pytest.mark.django_db(transaction=True)
def test_slice_that_was_not_renewed_for_a_whole_lease_stays_lost() -> None:
    now = timezone.now()
    leases.begin(owner="me", lane="bulk", node="node", now=now - timedelta(seconds=61))

    assert not leases.renew(owner="me", now=now, lease_time=timedelta(seconds=60))
    assert Slice.objects.get().renewed_at < now


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_given_back_now_is_given_back_as_soon_as_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = [OperationalError("away"), OperationalError("away")]
    given: list[tuple[str, bool]] = []

    def free(owner: str, *, now: object, lost: bool) -> None:
        if errors:
            raise errors.pop()
        given.append((owner, lost))

    monkeypatch.setattr(leases, "free", free)
    monkeypatch.setattr(keepers, "LEAVE_EVERY_SECONDS", 0.01)

    keepers.leave("me", clock=DatabaseClock())

    assert until(lambda: given == [("me", False)])


@pytest.mark.django_db(transaction=True)
def test_fault_in_the_program_is_not_repeated() -> None:
    flaky = Flaky(ValueError("a fault"))

    async def look() -> None:
        async with frontier(flaky, Lease()) as reader:
            await reader.look(Ask())

    with pytest.raises(ValueError, match="a fault"):
        asyncio.run(look())
    assert flaky.errors == []


@pytest.mark.django_db
def test_clock_goes_on_from_the_databases_time() -> None:
    clock = DatabaseClock()
    first = clock.now()
    clock.synchronise()

    assert abs(clock.now() - first) < timedelta(minutes=1)
    assert 0 <= clock.draw() < 1
