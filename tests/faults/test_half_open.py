"""A broker whose connections stay open while nothing comes through."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from crawler.models import Target
from tests.faults.brokers import Valkey
from tests.faults.half_open import HalfOpen
from tests.faults.installation import Installation
from tests.faults.results import Result
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.brokers import Broker
    from tests.faults.conftest import Report
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.quick_on("sqlite"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.quick_with(Valkey.name),
]
RESUMES_WITHIN_SECONDS = 60


@pytest.fixture
def way(broker: Broker) -> Iterator[HalfOpen]:
    """The installation's only way to its broker."""
    between = HalfOpen(broker)
    between.start()
    try:
        yield between
    finally:
        between.stop()


def test_broker_that_falls_silent_is_reached_again_without_a_restart(
    installation: Installation, way: HalfOpen, site: LinkedSite, scale: Scale, report: Report
) -> None:
    installation.fleet.add({"BROKER_SECONDS": scale.of(quick="2", full="15")})
    api = installation.start_with_web()
    crawl = installation.crawl(site, seconds=scale.of(quick=8.0, full=150.0))
    aside = Target.objects.create(name="Aside", start_urls=[site.aside], scope="page", delay_seconds=0)
    crawl.until_settled(site.graph.pages // 5, within_seconds=120)

    way.swallow()
    healed_at = time.monotonic() + scale.of(quick=7.0, full=120.0)
    status, run = api.post(f"/targets/{aside.pk}/runs")
    assert status == 202, run
    until(
        lambda: api.get("/readyz")[1]["parts"]["broker"] != "ok",
        within_seconds=120,
        what="health to turn red",
    )
    time.sleep(max(0.0, healed_at - time.monotonic()))
    assert not crawl.is_over
    way.heal()
    began = time.monotonic()
    resumed = crawl.until_moving(within_seconds=RESUMES_WITHIN_SECONDS + 60)
    assert not crawl.is_over
    until(
        lambda: api.get(f"/api/v1/runs/{run['id']}")[1]["state"] == "finished",
        within_seconds=RESUMES_WITHIN_SECONDS + 60,
        what="the run that was asked for",
    )
    asked = time.monotonic() - began
    until(lambda: api.get("/readyz")[0] == 200, within_seconds=120, what="health to turn green")

    crawl.until_over(within_seconds=600)
    judged = crawl.judged(processes=2)
    assert max(resumed, asked) <= scale.of(quick=120, full=RESUMES_WITHIN_SECONDS)
    assert not any(process.has_ended for process in installation.fleet.processes)
    assert (judged.lost, judged.repeated) == (0, 0)
    report(
        Result(
            row="broker half open",
            scale=scale.name,
            broker=installation.broker.name,
            faults=1,
            judgement=judged,
            measured={"resumed after, s": round(resumed, 1), "run asked for meanwhile, s": round(asked, 1)},
        )
    )
