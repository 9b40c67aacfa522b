"""A page that ends every process that reads it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from crawler.frontier.losses import ALONE_AFTER, DEAD_AFTER
from crawler.models import Page, Request, RequestState, RunState
from scrapers import registry
from tests.faults import crashing
from tests.faults.brokers import Valkey
from tests.faults.crawl import Judgement
from tests.faults.results import Result
from tests.law import assert_conserved
from tests.site.linked import Graph, LinkedSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import Report
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale

pytestmark = [
    pytest.mark.processes,
    pytest.mark.quick_on("postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", [Valkey.name], indirect=True),
]
ENDS_WITHIN_SECONDS = 90


@pytest.fixture
def site(scale: Scale, tmp_path: Path) -> Iterator[LinkedSite]:
    with LinkedSite(Graph(pages=scale.of(quick=90, full=500), hosts=6), log=tmp_path / "asked") as served:
        yield served


def test_page_whose_parser_kills_the_process_is_dead_and_no_other_is(
    installation: Installation,
    site: LinkedSite,
    scale: Scale,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "SITES", (*registry.SITES, crashing.Crashing()))
    installation.app = "tests.faults.crashing_app"
    installation.start()
    began = time.monotonic()
    crawl = installation.crawl(site, seconds=scale.of(quick=1.0, full=10.0), scraper="crashing")

    crawl.until_over(within_seconds=scale.of(quick=400, full=ENDS_WITHIN_SECONDS))
    seconds = time.monotonic() - began

    assert_conserved(crawl.run)
    crawl.run.refresh_from_db()
    assert (crawl.run.state, crawl.run.done) == (RunState.FINISHED, site.graph.pages - 1)
    (dead,) = Request.objects.filter(run=crawl.run).exclude(state=RequestState.DONE)
    assert (dead.state, dead.reason, dead.losses) == (RequestState.DEAD, "worker_lost", DEAD_AFTER)
    assert dead.url.endswith(crashing.PATH)
    asked = site.asked
    assert asked.pop(dead.url) == DEAD_AFTER
    assert max(asked.values()) <= 1 + ALONE_AFTER, "what was lost in company, not what was lost beside it"
    assert Page.objects.count() == site.graph.pages - 1
    until(lambda: len(installation.worker.children) == 2, what="the pool to be whole again")
    judged = Judgement(
        lost=0,
        repeated=sum(count - 1 for count in asked.values()),
        in_flight=0,
        most_in_flight=0,
        seconds=seconds,
    )
    report(
        Result(
            row="page that kills its process",
            scale=scale.name,
            broker=installation.broker.name,
            faults=DEAD_AFTER,
            judgement=judged,
        )
    )
