"""A worker that stands still until others have done its work, and then goes on."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from crawler.models import Request, RequestState, Slice
from tests.faults.brokers import Valkey
from tests.faults.results import Result
from tests.faults.scale import SHORT_LEASE
from tests.freezing import lock_is_free
from tests.waiting import until

if TYPE_CHECKING:
    from tests.faults.conftest import Report
    from tests.faults.crawl import Crawl
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.quick_with(Valkey.name),
]
LEASES = 3
WAKES_WITHIN_SECONDS = 90
LOCKS_FREE_SECONDS = 15 + 10
"""PostgreSQL ends a transaction that stands still after 15 s; who waits for its locks tries every 10 s."""


def freeze(installation: Installation, crawl: Crawl) -> int:
    """Freeze the crawling worker while pages are in flight and it holds no lock; return how many pages."""
    for _ in range(200):
        until(installation.crawling, within_seconds=90, what="a process that crawls")
        installation.worker.signal_all(signal.SIGSTOP)
        if lock_is_free() and (in_flight := crawl.note_lost()):
            return in_flight
        assert not crawl.lost, "what was noted goes on"
        installation.worker.signal_all(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("the worker was never between two transactions with pages in flight")


def test_worker_that_wakes_after_its_leases_sends_nothing_and_its_results_are_stale(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    lease = scale.of(quick=SHORT_LEASE, full={})
    lasts = LEASES * float(lease.get("LEASE_SECONDS", scale.lease_seconds))
    stands_within = lasts + LOCKS_FREE_SECONDS + scale.of(quick=60, full=0)
    # a slice whose time is over sends nothing anyway, and Celery would end a task that stood still
    limits = {
        "SLICE_SECONDS": 2 * stands_within,
        "SOFT_LIMIT_SECONDS": 3 * stands_within,
        "HARD_LIMIT_SECONDS": 4 * stands_within,
        "REDELIVER_SECONDS": 5 * stands_within,
    }
    installation.fleet.add(lease | {name: str(seconds) for name, seconds in limits.items()})
    installation.start()
    crawl = installation.crawl(site, seconds=scale.of(quick=3.0, full=60.0))
    crawl.until_settled(site.graph.pages // 5, within_seconds=120)

    in_flight = freeze(installation, crawl)
    frozen_at = time.monotonic()
    frozen = set(Slice.objects.values_list("owner", flat=True))
    installation.fleet.start("worker", "-n", "worker.other@%h", workers=1)
    crawl.until_over(within_seconds=stands_within)
    time.sleep(max(0.0, lasts - (time.monotonic() - frozen_at)))
    asked = len(site.hits)
    installation.worker.signal_all(signal.SIGCONT)

    def stale() -> int:
        crawl.run.refresh_from_db(fields=["stale"])
        return crawl.run.stale

    until(lambda: stale() >= in_flight, within_seconds=WAKES_WITHIN_SECONDS, what="the late results")
    until(lambda: not Slice.objects.filter(owner__in=frozen), within_seconds=90, what="the slices to end")
    time.sleep(scale.reconcile_seconds)
    assert len(site.hits) == asked, "it sent what was not its own any more"
    assert in_flight <= stale() <= in_flight + site.graph.hosts
    judged = crawl.judged(processes=2)
    assert judged.lost == 0
    assert not Request.objects.filter(state=RequestState.DEAD)
    report(
        Result(
            row=f"worker frozen for {lasts:.0f} s",
            scale=scale.name,
            broker=installation.broker.name,
            faults=1,
            judgement=judged,
            measured={"stale results": stale(), "requests sent after waking": len(site.hits) - asked},
        )
    )
