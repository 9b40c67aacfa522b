"""Workers that are killed or stopped in the middle of a crawl."""

from __future__ import annotations

import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from crawler.models import Request
from tests.faults.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.conftest import Report
    from tests.faults.crawl import Crawl
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("faults"),
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
SECONDS_A_KILL = 10
GONE_WITHIN_SECONDS = 35


def moments(crawl: Crawl, count: int, chance: Random) -> Iterator[None]:
    """Come back `count` times at random moments of the crawl, each time only when it moves again."""
    pages = crawl.site.graph.pages
    for threshold in sorted(chance.uniform(0.02, 0.9) * pages for _ in range(count)):
        crawl.until_moving(within_seconds=60)
        crawl.until_settled(int(threshold), within_seconds=300)
        time.sleep(chance.uniform(0, 0.3))
        if not crawl.is_over:
            yield


def undisturbed(scale: Scale) -> float:
    """Return the seconds that the pace alone takes: no crawl is faster."""
    return scale.of(quick=4.0, full=60.0)


def test_killed_groups_lose_nothing_and_repeat_only_what_was_in_flight(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    installation.start()
    alone = undisturbed(scale)
    crawl = installation.crawl(site, seconds=alone)
    kills = 0

    for _ in moments(crawl, scale.of(quick=3, full=20), Random(1)):
        installation.kill_worker()
        crawl.note_lost()
        installation.start_worker()
        kills += 1

    crawl.until_over(within_seconds=scale.of(quick=60, full=600))
    judged = crawl.judged(processes=2)
    assert kills == scale.of(quick=3, full=20)
    assert judged.lost == 0
    assert judged.repeated <= judged.in_flight
    assert judged.seconds <= 2 * alone + SECONDS_A_KILL * kills
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


def test_killed_pool_children_lose_nothing_and_bury_no_healthy_page(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    installation.start()
    alone = undisturbed(scale)
    crawl = installation.crawl(site, seconds=alone)
    wanted = scale.of(quick=5, full=30)

    kills = 0
    for _ in moments(crawl, wanted, Random(2)):
        kills += installation.kill_child(crawl, Random(kills)) >= 0

    crawl.until_over(within_seconds=scale.of(quick=60, full=600))
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


def test_stopped_workers_end_in_time_and_repeat_no_fetch(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    installation.start()
    alone = undisturbed(scale)
    crawl = installation.crawl(site, seconds=alone)
    wanted = scale.of(quick=3, full=20)
    took = []

    for _ in moments(crawl, wanted, Random(3)):
        installation.worker.signal(signal.SIGTERM)
        took.append(installation.worker.ended_within(GONE_WITHIN_SECONDS))
        installation.start_worker()

    crawl.until_over(within_seconds=scale.of(quick=60, full=600))
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
