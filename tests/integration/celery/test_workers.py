"""Runs on real workers: in order of urgency, whole, and whatever happens to broker and workers."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crawler.engine.findings import Shown
from crawler.models import Heartbeat, Item, Run, RunState, RunTrigger, Slice, Target
from crawler.queries import previews as asked
from crawler.queries.previews import Waiting
from crawler.services import outbox, previews, runs
from demo import catalogue
from tests.fleet import Fleet
from tests.law import assert_conserved
from tests.people import operator
from tests.shop import served
from tests.site.members import PASSWORD, Members
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.server import HostileSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def shop() -> Iterator[str]:
    """The demo shop, at an epoch that does not end."""
    with served(epoch=0) as url:
        yield url


def start(url: str, *, priority: int = 5, **columns: Any) -> Run:
    target = Target.objects.create(
        name=f"target of {url}", start_urls=[url], priority=priority, **{"connections": 1, **columns}
    )
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=timezone.now())


def is_final(run: Run) -> bool:
    run.refresh_from_db()
    return run.is_final


def has_done(run: Run, count: int) -> bool:
    run.refresh_from_db()
    return run.done >= count


def test_a_run_of_the_shop_finds_every_product(fleet: Fleet, shop: str) -> None:
    fleet.start("worker", workers=2)
    run = start(shop, scraper="demo_shop", delay_seconds=0, connections=4)

    until(lambda: is_final(run), within_seconds=200, what="the run")

    assert (run.state, run.failed, run.dead) == (RunState.FINISHED, 0, 0)
    found = {item.url.rpartition("/product")[2]: item.data for item in Item.objects.all()}
    truth = {
        product.path.removeprefix("/product"): product for product in catalogue.products(seed=1, epoch=0)
    }
    assert found.keys() == truth.keys()
    for path, product in truth.items():
        told = found[path]
        assert (told["name"], told["sku"], told["price"]) == (product.name, product.sku, float(product.price))
        assert told["in_stock"] == product.in_stock
        assert told["specs"] == dict(product.specs)
    assert_conserved(run)


def test_a_test_fetch_does_not_wait_for_the_run_that_holds_its_host(fleet: Fleet, pages: HostileSite) -> None:
    person = operator("ada")
    fleet.start("worker")
    fleet.start("worker-control")
    until(
        lambda: Heartbeat.objects.filter(kind="worker-control"), within_seconds=200, what="the other worker"
    )
    run = start(pages.url("/start"), priority=1, delay_seconds=0.5)
    until(lambda: has_done(run, 3), within_seconds=200, what="the first pages")

    data = {"start_urls": [pages.url("/start")], "delay_seconds": None}
    preview = previews.start(user=person, data=data, now=timezone.now())
    until(
        lambda: not isinstance(asked.state(preview, user=person), Waiting),
        within_seconds=200,
        what="the test fetch",
    )

    found = asked.state(preview, user=person)
    assert isinstance(found, Shown), found
    assert (found.response.status, found.links.followed_count, found.facts.title) == (200, 100, "Start")
    assert not is_final(run)
    done = run.done
    until(lambda: has_done(run, done + 5), within_seconds=200, what="the run to go on")


def test_workers_log_a_run_in_and_in_again(fleet: Fleet, hostile_site: HostileSite) -> None:
    members = Members(hostile_site, good_for=4)
    fleet.start("worker")
    fleet.start("worker-control")
    run = start(members.start, login=members.login, delay_seconds=0)

    def is_over() -> bool:  # no beat has what a slice asks for sent
        outbox.publish_waiting(now=timezone.now(), grace=timedelta(0))
        return is_final(run)

    until(is_over, within_seconds=200, what="the run")

    assert (run.state, run.pages, run.failed) == (RunState.FINISHED, members.pages + 1, 0)
    assert len(members.sessions) == len(members.forms) == 2
    assert PASSWORD not in fleet.said()
    assert_conserved(run)


def test_a_worker_that_is_stopped_gives_back_what_it_holds(fleet: Fleet, pages: HostileSite) -> None:
    worker = fleet.start("worker")
    run = start(pages.url("/start"), delay_seconds=0.05)
    until(lambda: has_done(run, 20), within_seconds=200, what="the first pages")
    until(lambda: Heartbeat.objects.filter(kind="worker").exists(), within_seconds=200, what="its heartbeat")

    worker.signal(signal.SIGTERM)

    worker.ended_within(120)
    assert not is_final(run)
    assert not Slice.objects.exists()
    assert not Heartbeat.objects.exists()
    fleet.start("worker")
    until(lambda: is_final(run), within_seconds=200, what="the run")
    assert (run.state, run.done) == (RunState.FINISHED, 101)
    assert set(Counter(request.path for request in pages.requests).values()) == {1}
    assert_conserved(run)
