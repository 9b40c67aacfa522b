"""Constant urgent work leaves bulk work its tenth: on the same host, and where one process does both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.models import Run
from tests.crawling import a_run
from tests.site.server import HostileSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fleet import Fleet

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]
PAGES = 600
PART = 0.1


@pytest.fixture
def many() -> Iterator[HostileSite]:
    """Two hosts, each with two lists of links to its own pages."""
    with HostileSite(ports=2) as site:
        for name in ("bulk", "urgent"):
            links = "".join(f'<a href="/{name}/{number}">{number}</a>' for number in range(PAGES))
            site.serve(f"/{name}", links)
            for number in range(PAGES):
                site.serve(f"/{name}/{number}", f"<title>{name} {number}</title>")
        yield site


def start(url: str, *, priority: int) -> Run:
    return a_run(url, priority=priority, delay_seconds=0.02, connections=1)


def done(run: Run) -> int:
    return Run.objects.values_list("done", flat=True).get(pk=run.pk)


def test_bulk_work_keeps_a_tenth_of_a_host_that_urgent_work_is_using(fleet: Fleet, many: HostileSite) -> None:
    fleet.start("worker")
    fleet.start("worker-urgent")
    bulk = start(many.url("/bulk"), priority=1)
    until(lambda: done(bulk) >= 10, within_seconds=200, what="bulk work")
    urgent = start(many.url("/urgent"), priority=9)
    until(lambda: done(urgent) >= 250, within_seconds=200, what="urgent work")

    asked = [request.path for request in many.requests]
    begun = asked.index("/urgent/0") if "/urgent/0" in asked else asked.index("/urgent") + 1
    ended = max(index for index, path in enumerate(asked) if path.startswith("/urgent/"))
    during = asked[begun:ended]
    kept = sum(path.startswith("/bulk") for path in during) / len(during)
    # a ninth of the turns, but for the last few of a slice that ends meanwhile, or those before a late look
    assert 0.85 * PART <= kept <= 3 * PART, f"bulk kept {kept:.3f} of {len(during)}"


def test_bulk_work_goes_on_elsewhere_while_urgent_work_never_ends(fleet: Fleet, many: HostileSite) -> None:
    fleet.start("worker", variables={"SLICE_SECONDS": "1"})
    bulk = start(many.url("/bulk", origin=1), priority=1)
    urgent = start(many.url("/urgent"), priority=9)
    until(lambda: done(urgent) >= 10, within_seconds=200, what="urgent work")

    before = done(bulk), done(urgent)
    until(lambda: done(urgent) >= before[1] + 120, within_seconds=200, what="more urgent work")

    assert done(bulk) - before[0] >= PART * 120
