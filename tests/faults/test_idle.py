"""A worker that is alive and takes no work."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.brokers import Valkey
from tests.faults.results import Result
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
    pytest.mark.parametrize("broker", [Valkey.name], indirect=True),
]


def test_health_turns_red_when_a_worker_is_alive_and_takes_no_work(
    installation: Installation, site: LinkedSite, scale: Scale, report: Report
) -> None:
    still, within = scale.of(quick=(4, 60.0), full=(120, 150.0))
    installation.fleet.add({"STILL_SECONDS": str(still)})
    api = installation.start_with_web()
    assert api.get("/readyz")[0] == 200
    pool = installation.worker.children
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)
    crawl = installation.crawl(site, seconds=1.0)
    began = time.monotonic()

    until(lambda: api.get("/readyz")[0] == 503, within_seconds=within + 30, what="health to turn red")
    red_after = time.monotonic() - began
    parts = api.get("/readyz")[1]["parts"]
    metrics = api.text("/metrics")
    for pid in pool:
        os.kill(pid, signal.SIGCONT)
    until(lambda: api.get("/readyz")[0] == 200, within_seconds=120, what="health to turn green")
    crawl.until_over(within_seconds=120)

    assert red_after <= within
    assert parts.pop("crawling") == f"work has been due for {still} s, and no slice has started"
    assert set(parts.values()) == {"ok"}, parts
    assert 'trawl_ready{part="crawling"} 0.0' in metrics
    judged = crawl.judged(processes=2)
    assert (judged.lost, judged.repeated) == (0, 0)
    report(
        Result(
            row="worker alive that takes no work",
            scale=scale.name,
            broker=installation.broker.name,
            faults=1,
            judgement=judged,
            measured={"red after, s": round(red_after, 1)},
        )
    )
