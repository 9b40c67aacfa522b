"""A database server that is stopped at once, and comes back."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection

from crawler.models import Request, Target
from tests.faults import databases
from tests.faults.brokers import Valkey
from tests.faults.installation import Installation
from tests.faults.results import Result
from tests.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.faults.conftest import Report
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.only_on("postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", [Valkey.name], indirect=True),
]
RESUMES_WITHIN_SECONDS = 60
PATIENT = {
    "SEND_SECONDS": "45",
    "LEASE_SECONDS": "60",
    "SOFT_LIMIT_SECONDS": "90",
    "HARD_LIMIT_SECONDS": "120",
    "REDELIVER_SECONDS": "150",
}
"""The usual lengths, in the quick form too: a server takes its time to start, whatever the form."""


@pytest.fixture
def server(transactional_db: None) -> Iterator[Cluster]:
    """A server of the test's own, with a copy of the test's database in use."""
    cluster = Cluster.start(settings.VAR_DIR / f"server-{os.getpid()}")
    try:
        with databases.on(cluster):
            yield cluster
    finally:
        with suppress(RuntimeError):  # a test that failed has left it stopped
            cluster.stop()


@pytest.fixture
def database(server: Cluster) -> Mapping[str, str]:
    """The server is asked for by its address."""
    return {}


def test_server_that_is_stopped_at_once_costs_no_page_and_ends_no_process(
    installation: Installation, server: Cluster, site: LinkedSite, scale: Scale, report: Report
) -> None:
    wanted, away_seconds = scale.of(quick=(1, 3.0), full=(3, 20.0))
    installation.fleet.add(scale.of(quick=PATIENT, full={}))
    api = installation.start_with_web()
    pool = installation.worker.children
    crawl = installation.crawl(site, seconds=scale.of(quick=4.0, full=120.0))
    aside = Target.objects.create(name="Aside", start_urls=[site.aside], scope="page", delay_seconds=0)
    took = []

    for number in range(1, wanted + 1):
        crawl.until_settled(int(site.graph.pages * (number - 0.7) / wanted), within_seconds=200)
        connection.close()
        server.stop("immediate")
        back_at = time.monotonic() + away_seconds
        status, answer = api.post(f"/targets/{aside.pk}/runs")
        assert (status, answer["detail"].partition(";")[0]) == (503, "the database does not answer")
        assert api.get("/readyz")[1]["parts"]["database"].startswith("the database does not answer")
        time.sleep(scale.of(quick=2.5, full=1.0))  # by then it has noticed
        asked = len(site.hits)
        time.sleep(max(0.5, back_at - time.monotonic()))
        assert len(site.hits) == asked, "it fetches what it cannot store"
        began = time.monotonic()
        server.start_again()
        crawl.until_moving(within_seconds=RESUMES_WITHIN_SECONDS)
        took.append(time.monotonic() - began)

    crawl.until_over(within_seconds=scale.of(quick=300, full=600))
    told = api.get(f"/api/v1/runs/{crawl.run.pk}")[1]["outages"]
    judged = crawl.judged(processes=2)
    assert judged.lost == 0
    assert judged.repeated == 0, "what was fetched is kept until the server is back"
    assert not any(process.has_ended for process in installation.fleet.processes)
    assert installation.worker.children == pool, "a process of the pool exited"
    assert not Request.objects.exclude(losses=0)
    assert len(told) == wanted
    report(
        Result(
            row=f"PostgreSQL stopped at once, {away_seconds:.0f} s",
            scale=scale.name,
            broker=installation.broker.name,
            faults=wanted,
            judgement=judged,
            measured={"slowest to resume, s": round(max(took), 1)},
        )
    )
