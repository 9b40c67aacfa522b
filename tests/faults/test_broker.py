"""A broker that loses what it holds, or goes away, in the middle of a crawl."""

from __future__ import annotations

import signal
import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from crawler.models import Run, RunState, Slice, Target
from tests.faults.brokers import Valkey
from tests.faults.results import Result
from tests.freezing import froze
from tests.waiting import until

if TYPE_CHECKING:
    from tests.faults.conftest import Report
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.quick_on("sqlite"),
    pytest.mark.django_db(transaction=True),
]
RESUMES_WITHIN_SECONDS = 20
ENDS_WITHIN_SECONDS = 900


def empty_where_it_hurts(installation: Installation) -> bool:
    """Empty the broker while its message is all that could make anybody crawl; False when that was missed.

    The parent of the pool is frozen while both of its children crawl: so it takes no message, and
    when their slices have ended what they asked for lies in the broker.
    """
    until(lambda: len(installation.crawling()) == 2, within_seconds=120, what="both children to crawl")
    if not froze(installation.worker, where=lambda: len(installation.crawling()) == 2):
        return False
    try:
        until(lambda: not Slice.objects.exists(), within_seconds=120, what="the slices to end")
        until(installation.broker.waiting, within_seconds=120, what="a message")
        installation.broker.empty()
    finally:
        installation.worker.signal(signal.SIGCONT)
    return True


def test_emptied_broker_costs_seconds_and_no_page(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    wanted = scale.of(quick=1, full=5)
    installation.start()
    crawl = installation.crawl(site, seconds=scale.of(quick=6, full=240))
    took: list[float] = []

    while len(took) < wanted:
        crawl.until_moving(within_seconds=120)
        assert not crawl.is_over, f"the crawl ended after {len(took)} of {wanted}"
        if empty_where_it_hurts(installation):
            took.append(crawl.until_moving(within_seconds=120))

    crawl.until_over(within_seconds=ENDS_WITHIN_SECONDS)
    judged = crawl.judged(processes=2)
    assert max(took) <= scale.of(quick=60, full=RESUMES_WITHIN_SECONDS)
    assert (judged.lost, judged.repeated) == (0, 0)
    report(
        Result(
            row="broker emptied",
            scale=scale.name,
            broker=installation.broker.name,
            faults=wanted,
            judgement=judged,
            measured={"slowest to resume, s": round(max(took), 1)},
        )
    )


@pytest.mark.quick_with(Valkey.name)
def test_broker_that_was_away_and_comes_back_empty_costs_seconds_and_no_page(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    wanted, away_seconds = scale.of(quick=(1, 4.0), full=(3, 30.0))
    api = installation.start_with_web()
    crawl = installation.crawl(site, seconds=scale.of(quick=8, full=130))
    aside = Target.objects.create(name="Aside", start_urls=[site.aside], scope="page", delay_seconds=0)
    chance = Random(4)
    took: list[float] = []
    asked: list[float] = []

    for number in range(1, wanted + 1):
        crawl.until_settled(int(site.graph.pages * (number - 0.8) / wanted), within_seconds=200)
        time.sleep(chance.uniform(0, 1))
        installation.broker.kill()
        back_at = time.monotonic() + away_seconds
        status, run = api.post(f"/targets/{aside.pk}/runs")
        assert status == 202, run
        time.sleep(max(0.0, back_at - time.monotonic()))
        assert not crawl.is_over
        installation.broker.start()
        began = time.monotonic()
        took.append(crawl.until_moving(within_seconds=120))
        until(partial(_is_finished, run["id"]), within_seconds=120, what="the run that was asked for")
        asked.append(time.monotonic() - began)

    crawl.until_over(within_seconds=ENDS_WITHIN_SECONDS)
    judged = crawl.judged(processes=2)
    assert max(took + asked) <= scale.of(quick=60, full=RESUMES_WITHIN_SECONDS)
    assert (judged.lost, judged.repeated) == (0, 0)
    report(
        Result(
            row=f"broker away for {away_seconds:.0f} s",
            scale=scale.name,
            broker=installation.broker.name,
            faults=wanted,
            judgement=judged,
            measured={
                "slowest to resume, s": round(max(took), 1),
                "slowest run asked for meanwhile, s after its return": round(max(asked), 1),
            },
        )
    )


def _is_finished(run: int) -> bool:
    return Run.objects.filter(pk=run, state=RunState.FINISHED, pages=1).exists()
