"""Four processes crawl fifty hosts: the log of the site says how they kept their promises to each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from benchmarks import gaps, manyhosts
from crawler.models import Run, RunTrigger
from crawler.services import runs, targets
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fleet import Fleet

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]
# Long enough for what a loaded machine adds to dialling.
HOSTS, DELAY, CRAWL_DELAY, THINKS = 50, 2.0, 4, 0.05


def test_no_host_is_asked_sooner_than_was_promised_nor_twice_at_once(fleet: Fleet, tmp_path: Path) -> None:
    with manyhosts.serving(hosts=HOSTS, folder=tmp_path, crawl_delay=CRAWL_DELAY, thinks=THINKS) as site:
        urls = [
            site.url(host, "/list/p/2" if manyhosts.has_crawl_delay(host) else "/list/p/4")
            for host in range(HOSTS)
        ]
        data = {"name": "Polite", "start_urls": urls, "delay_seconds": DELAY}
        now = timezone.now()
        run = runs.start(
            target=targets.create(owner=None, data=data, now=now), trigger=RunTrigger.MANUAL, now=now
        )
        fleet.start("worker", workers=4)
        until(lambda: Run.objects.get(pk=run.pk).is_final, within_seconds=200, what="the run")
        hits = site.hits()

    run.refresh_from_db()
    assert (run.done, run.failed, run.dead) == (10 * 3 + 40 * 5, 0, 0)
    found = gaps.of(hits, delay=DELAY, crawl_delay=CRAWL_DELAY)
    sys.stdout.write(f"{found}\n")
    # What keeps a process from the processor between taking its turn and sending is in these figures. By
    # itself all of the gaps are long enough; beside other tests a few may be shorter.
    assert found.kept(least=0.95) >= 0.98
    assert min(found.parts) >= 0.8
    assert found.most_at_once == 1
