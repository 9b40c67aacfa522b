"""Six slices at once, whose pages link to each other's hosts."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection

from crawler.engine.work import Ended, Ending, ProblemRecord
from crawler.models import (
    ACTIVE_RUN_STATES,
    CarriedRecord,
    Host,
    Item,
    Request,
    RequestState,
    Run,
    RunState,
)
from crawler.services import reports, runs
from crawler.stores import leases, sql
from crawler.stores.clock import DatabaseClock
from tests.crawling import a_run
from tests.integration.stores.carriers import SETTINGS, again, going, joined, sent
from tests.integration.stores.hands import Hands, redirected, visited
from tests.law import assert_conserved, assert_hosts_are_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.work import Claim, Result, Visited

pytestmark = pytest.mark.django_db(transaction=True)
HOSTS = [f"http://h{number}.test" for number in range(8)]
SLICES = 6
LOOKS = 25


class Crowd:
    """Slices in threads; `errors` are those that came out, `deadlocks` those the store kept to itself."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.deadlocks = 0

    def run(self, *works: Callable[[], None]) -> None:
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(150)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the test shows it
            self.errors.append(error)
        finally:
            connection.close()

    def count(self, error: OperationalError) -> bool:
        """Stand in for the store's judgement of an error, and count what it repeats."""
        transient = sql_is_transient(error)
        self.deadlocks += transient and connection.vendor == "postgresql"
        return transient


sql_is_transient = sql._is_transient


def links(chance: random.Random, number: int) -> list[str]:
    return [f"{chance.choice(HOSTS)}/{chance.randrange(number + 30)}" for _ in range(6)]


def crawling(number: int) -> Callable[[], None]:
    """Return the work of one slice: it claims, links everywhere, shares items and lets hosts go."""

    def work() -> None:
        chance = random.Random(number)
        hands = Hands(DatabaseClock(), lane="bulk")
        breath = [*range(LOOKS)]
        for turn in range(LOOKS):
            seen = [a_visit(claim, chance, turn) for claim in patiently(hands, breath)]
            gone = chance.sample(sorted(hands.held), len(hands.held) // 2)
            hands.commit(*seen, released=gone)
            for host in gone:
                del hands.held[host]
        hands.release_all()
        leases.end(owner=hands.owner, now=hands.clock.now())

    return work


def patiently(hands: Hands, breath: list[int]) -> list[Claim]:
    """Return what there is to fetch; look again, with `breath` left, where runs just stand paused."""
    while not (claims := hands.take(want=8)) and breath:
        breath.pop()
        time.sleep(0.02)
    return claims


def a_visit(claim: Claim, chance: random.Random, turn: int) -> Visited:
    items = [{"key": chance.randrange(40), "turn": turn}]
    field = f"field{chance.randrange(5)}"
    missing = ProblemRecord(code="missing_required", field=field, count=2, message=field)
    found = links(chance, 10 * turn)
    return visited(claim, *found, body=b"%d" % claim.id, items=items, problems=(missing,))


def meddling(ids: list[int]) -> Callable[[], None]:
    """Return the work of a person who pauses, resumes and moves the runs all the time."""

    def work() -> None:
        clock = DatabaseClock()
        for number in range(12):
            run = Run.objects.get(pk=ids[number % len(ids)])
            with suppress(runs.WrongState):  # it ended meanwhile
                runs.pause(run=run, now=clock.now())
                runs.resume(run=run, now=clock.now())
                runs.move_priority(run=run, priority=number % 8, now=clock.now())

    return work


def test_six_slices_that_link_to_each_others_hosts_forget_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(sql, "_is_transient", crowd.count)
    first = a_run(*(f"{host}/" for host in HOSTS), max_pages=None)
    second = a_run(*(f"{host}/" for host in HOSTS), max_pages=120)

    crowd.run(*(crawling(number) for number in range(SLICES)), meddling([first.pk, second.pk]))

    assert crowd.errors == []
    assert crowd.deadlocks == 0
    assert_conserved(first)
    assert_conserved(second)
    assert not Request.objects.filter(state=RequestState.LEASED).exists()
    assert set(Host.objects.values_list("lease_owner", flat=True)) == {""}
    second.refresh_from_db()
    assert second.discovered - second.skipped - second.redirected <= 120
    first.refresh_from_db()
    assert first.done > 100


def test_runs_that_start_at_once_share_their_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(sql, "_is_transient", crowd.count)
    numbers = count()

    def start() -> None:
        for _ in range(5):
            a_run(*random.Random(next(numbers)).sample([f"{host}/" for host in HOSTS], 6))

    crowd.run(*(start for _ in range(4)))

    assert crowd.errors == []
    assert Host.objects.count() == len(HOSTS)
    assert Run.objects.count() == 20
    for run in Run.objects.all():
        assert run.discovered == 6
    assert_hosts_are_due()


def fetching(run: int, number: int, judge: Callable[[Claim, random.Random], Result]) -> Callable[[], None]:
    """Return the work of one slice on pages of which `judge` tells what they give, until the run is over."""

    def work() -> None:
        chance = random.Random(number)
        hands = Hands(DatabaseClock(), lane="bulk")
        while Run.objects.filter(pk=run, state__in=ACTIVE_RUN_STATES).exists():
            results = [judge(claim, chance) for claim in hands.take(want=4)]
            gone = chance.sample(sorted(hands.held), len(hands.held) // 2)
            hands.commit(*results, released=gone)
            for host in gone:
                del hands.held[host]
        hands.release_all()
        leases.end(owner=hands.owner, now=hands.clock.now())

    return work


def judged(claim: Claim, chance: random.Random) -> Result:
    """Return the visit of a page of a site that forbids every third one."""
    page = claim.url.rpartition("/")[2]
    if page and int(page) % 3 == 0:
        return Ended(claim=claim, state=Ending.SKIPPED, reason="robots: line 2, Disallow: /*")
    return visited(claim, *links(chance, 60))


def test_six_slices_fetch_as_many_pages_as_a_run_may_though_some_are_forbidden() -> None:
    crowd = Crowd()
    run = a_run(*(f"{host}/" for host in HOSTS), max_pages=90)

    crowd.run(*(fetching(run.pk, number, judged) for number in range(SLICES)))

    assert crowd.errors == []
    run.refresh_from_db()
    assert (run.state, run.pages) == (RunState.FINISHED, 90)
    assert run.skipped > 0
    assert_conserved(run)


def carrying(claim: Claim, chance: random.Random) -> Result:
    """Return the visit of a list with ten records for pages of all hosts, or of such a page."""
    page = claim.url.rpartition("/")[2]
    if page.startswith("list"):
        there = [f"{chance.choice(HOSTS)}/{chance.randrange(6)}" for _ in range(10)]
        return sent(claim, *(going(url, f"{claim.url}#{n}") for n, url in enumerate(there)))
    if claim.attempts:
        return again(claim)
    if int(page) == 5:
        return Ended(claim=claim, state=Ending.FAILED, reason="status-404")
    if int(page) == 4 and not claim.via:
        return redirected(claim, f"{chance.choice(HOSTS)}/{chance.randrange(6)}")
    return joined(claim)


def test_six_slices_lose_no_record_that_goes_to_each_others_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(sql, "_is_transient", crowd.count)
    run = a_run(*(f"{host}/list{n}" for host in HOSTS for n in range(3)), **SETTINGS)

    crowd.run(*(fetching(run.pk, number, carrying) for number in range(SLICES)))
    run.refresh_from_db()
    reports.report(run=run)

    assert crowd.errors == []
    assert crowd.deadlocks == 0
    assert Item.objects.count() == run.items == 24 * 10
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)
