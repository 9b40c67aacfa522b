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
from crawler.stores import leases
from crawler.stores.clock import DatabaseClock
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.keeper import LeaseKeeper

if TYPE_CHECKING:
    from collections.abc import Callable


def until(happened: Callable[[], bool], *, within: float = 5.0) -> bool:
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
        send_time=timedelta(seconds=send_seconds),
        reader=TimedReader(),
    )


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_slice_is_renewed_while_it_lives() -> None:
    began = timezone.now() - timedelta(seconds=50)
    leases.begin(owner="me", lane="bulk", node="node", now=began)

    with keeper("me") as kept:
        assert until(lambda: Slice.objects.get().renewed_at > began)
        assert kept.is_safe


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_slice_that_was_taken_for_lost_is_told_so() -> None:
    with keeper("nobody") as kept:
        assert until(lambda: not kept.is_safe)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_lease_is_not_safe_when_no_renewal_succeeds_for_three_quarters_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(**_arguments: object) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr(leases, "renew", away)
    with keeper("me", send_seconds=0.3) as kept:
        assert kept.is_safe
        assert until(lambda: not kept.is_safe)


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

    def commit(self, batch: Batch) -> None:
        self.look(Ask())
        self.commits.append(batch)


def frontier(flaky: Flaky, lease: Lease) -> DatabaseFrontier:
    return DatabaseFrontier(looker=flaky, committer=flaky, lease=lease)  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_batch_is_kept_until_the_database_is_back() -> None:
    flaky = Flaky(OperationalError("server closed the connection"), InterfaceError("connection is closed"))
    batch = Batch(released=(1,))

    async def commit() -> None:
        async with frontier(flaky, Lease()) as writer:
            await writer.commit(batch)

    asyncio.run(commit())

    assert flaky.commits == [batch]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
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


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
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

    assert timedelta() <= clock.now() - first < timedelta(seconds=5)
    assert 0 <= clock.draw() < 1
