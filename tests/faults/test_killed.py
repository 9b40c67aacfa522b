"""Workers that are killed or stopped in the middle of a crawl."""

from __future__ import annotations

import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from crawler.models import Request
from tests.faults.brokers import Valkey
from tests.faults.results import Result
from tests.faults.scale import QUICK
from tests.site.linked import Graph, LinkedSite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.conftest import Report
    from tests.faults.crawl import Crawl
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
]
GONE_WITHIN_SECONDS = 35
LATEST = {"quick": 0.6, "full": 0.9}
"""The part of a crawl before which processes are killed; a short one may be over before a later kill."""


def moments(crawl: Crawl, scale: Scale, count: int, chance: Random) -> Iterator[None]:
    """Come back `count` times at random moments of the crawl, each time only when it moves again."""
    pages = crawl.site.graph.pages
    for threshold in sorted(chance.uniform(0.02, LATEST[scale.name]) * pages for _ in range(count)):
        crawl.until_moving(within_seconds=120)
        crawl.until_settled(int(threshold), within_seconds=300)
        time.sleep(chance.uniform(0, 0.3))
        if not crawl.is_over:
            yield


def paced_seconds(scale: Scale) -> float:
    """Return the seconds that the pace of these crawls alone takes."""
    return scale.of(quick=3.0, full=60.0)


_undisturbed: dict[tuple[str, str], float] = {}


@pytest.fixture
def undisturbed(scale: Scale, tmp_path: Path) -> Callable[[Installation], float]:
    """Return what says how long a crawl takes that nothing disturbs.

    The full form measures it, once on each database with each broker; the quick form takes what the
    pace alone takes, which is less.
    """

    def measure(installation: Installation) -> float:
        alone = paced_seconds(scale)
        if scale is QUICK:
            return alone
        kind = (connection.vendor, installation.broker.name)
        if kind not in _undisturbed:
            graph = Graph(pages=scale.pages, hosts=scale.hosts)
            with LinkedSite(graph, log=tmp_path / "undisturbed") as calm:
                crawl = installation.crawl(calm, seconds=alone)
                crawl.until_over(within_seconds=20 * alone)
                _undisturbed[kind] = crawl.judged(processes=2).seconds
        return _undisturbed[kind]

    return measure


def test_killed_groups_lose_nothing_and_repeat_only_what_was_in_flight(
    installation: Installation,
    site: LinkedSite,
    scale: Scale,
    report: Report,
    undisturbed: Callable[[Installation], float],
) -> None:
    installation.start()
    alone = undisturbed(installation)
    crawl = installation.crawl(site, seconds=paced_seconds(scale))
    kills = 0

    for _ in moments(crawl, scale, scale.of(quick=2, full=20), Random(1)):
        installation.kill_worker()
        crawl.note_lost()
        installation.start_worker()
        kills += 1

    crawl.until_over(within_seconds=scale.of(quick=300, full=600))
    judged = crawl.judged(processes=2)
    assert kills == scale.of(quick=2, full=20)
    assert judged.lost == 0
    assert judged.repeated <= judged.in_flight
    # the quick form runs beside other tests, which slow the start of processes
    assert judged.seconds <= 2 * alone + scale.of(quick=120, full=10) * kills
    report(
        Result(
            row="worker group killed",
            scale=scale.name,
            broker=installation.broker.name,
            faults=kills,
            judgement=judged,
            undisturbed_seconds=alone,
        )
    )


@pytest.mark.quick_with(Valkey.name)
@pytest.mark.quick_on("postgresql")
def test_killed_pool_children_lose_nothing_and_bury_no_healthy_page(
    installation: Installation,
    site: LinkedSite,
    scale: Scale,
    report: Report,
    undisturbed: Callable[[Installation], float],
) -> None:
    installation.start()
    alone = undisturbed(installation)
    crawl = installation.crawl(site, seconds=scale.of(quick=5.0, full=paced_seconds(scale)))
    wanted = scale.of(quick=4, full=30)

    kills = 0
    for _ in moments(crawl, scale, wanted, Random(2)):
        installation.kill_child(crawl, Random(kills))
        kills += 1

    crawl.until_over(within_seconds=scale.of(quick=300, full=600))
    judged = crawl.judged(processes=2)
    assert kills == wanted
    assert judged.lost == 0
    assert judged.repeated <= judged.in_flight
    report(
        Result(
            row="pool child killed",
            scale=scale.name,
            broker=installation.broker.name,
            faults=kills,
            judgement=judged,
            undisturbed_seconds=alone,
            measured={"most losses of a page": max(Request.objects.values_list("losses", flat=True))},
        )
    )


@pytest.mark.parametrize("broker", [Valkey.name], indirect=True)
@pytest.mark.quick_on("sqlite")
def test_stopped_workers_end_in_time_and_repeat_no_fetch(
    installation: Installation,
    site: LinkedSite,
    scale: Scale,
    report: Report,
    undisturbed: Callable[[Installation], float],
) -> None:
    installation.start()
    alone = undisturbed(installation)
    crawl = installation.crawl(site, seconds=paced_seconds(scale))
    wanted = scale.of(quick=2, full=20)
    took: list[float] = []

    for _ in moments(crawl, scale, wanted, Random(3)):
        installation.worker.signal(signal.SIGTERM)
        took.append(installation.worker.ended_within(scale.of(quick=120, full=GONE_WITHIN_SECONDS)))
        installation.start_worker()

    crawl.until_over(within_seconds=scale.of(quick=300, full=600))
    judged = crawl.judged(processes=2)
    assert len(took) == wanted
    assert (judged.lost, judged.repeated) == (0, 0)
    report(
        Result(
            row="workers stopped by SIGTERM",
            scale=scale.name,
            broker=installation.broker.name,
            faults=len(took),
            judgement=judged,
            undisturbed_seconds=alone,
            measured={"slowest stop, s": round(max(took), 1)},
        )
    )
