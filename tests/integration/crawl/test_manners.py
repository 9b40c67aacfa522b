"""Whole slices against a real web server: politeness, robots.txt, retries, redirects, and who goes first."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crawler.engine.engine import Limits
from crawler.engine.reading import TimedReader
from crawler.models import (
    Host,
    Item,
    OutsideLink,
    Page,
    ProblemSample,
    Request,
    RequestState,
    Run,
    RunState,
    Slice,
    Snapshot,
)
from crawler.queue import Lane
from crawler.runner import holding, rules
from crawler.services import reconciling, runs, slices
from tests.crawling import a_run, again, finished, one_slice
from tests.law import assert_conserved
from tests.site.server import HostileSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from crawler.http import Fetched
    from scrapers.reader import Reading
    from tests.site.reply import Reply
    from tests.site.server import Received

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Iterator[HostileSite]:
    """Three ports, which are three hosts to a crawler."""
    with HostileSite(ports=3) as site:
        yield site


def a_page(*links: str) -> str:
    return "<!doctype html><title>A page</title>" + "".join(f'<a href="{link}">x</a>' for link in links)


def states(run: Run) -> dict[str, tuple[str, str]]:
    rows = Request.objects.filter(run=run).values_list("url", "state", "reason")
    return {
        url.partition("127.0.0.1:")[2][5:]: (RequestState(state).label, reason) for url, state, reason in rows
    }


def assert_polite(times: list[float], *, delay_seconds: float) -> None:
    """Assert that requests were sent a delay apart.

    A crawler that is kept from the processor between taking its turn and sending sends late: the
    next gap is shorter by as much, and the one before longer. So one gap may be short, all together not.
    """
    gaps = [after - before for before, after in pairwise(times)]
    assert sum(gaps) >= 0.97 * delay_seconds * len(gaps)
    assert sorted(gaps)[1] >= 0.97 * delay_seconds


def test_gaps_between_two_requests_are_never_shorter_than_the_delay(site: HostileSite) -> None:
    run = finished(a_run(site.url("/page/1"), delay_seconds=0.2, max_pages=8, obey_robots=True))

    times = [request.started for request in site.requests]
    assert len(times) == 9  # robots.txt and eight pages
    assert_polite(times, delay_seconds=0.2)
    assert min(after - before for before, after in pairwise(times)) < 0.4
    assert_conserved(run)


def test_hosts_are_crawled_at_the_same_time(site: HostileSite) -> None:
    urls = [site.url(f"/ok?{page}", origin=host) for page in range(6) for host in range(3)]
    finished(a_run(*urls, delay_seconds=0.2))

    by_port = {port: [r.started for r in site.requests if r.port == port] for _host, port in site._addresses}
    for times in by_port.values():
        assert len(times) == 6
        assert_polite(times, delay_seconds=0.2)
    assert max(times[0] for times in by_port.values()) < min(times[-1] for times in by_port.values())


def test_what_robots_forbids_is_skipped_and_said_so(site: HostileSite) -> None:
    site.robots = "rules"
    site.serve("/", a_page("/private/a", "/private/open", "/public"))
    for path in ("/private/open", "/public"):
        site.serve(path, a_page())

    run = finished(a_run(site.url("/"), obey_robots=True))

    assert states(run)["/private/a"] == ("skipped", "robots: line 2, Disallow: /private/")
    assert (run.pages, run.skipped) == (3, 1)
    assert len(site.asked("/robots.txt")) == 1
    assert site.asked("/private/a") == []
    assert Request.objects.get(run=run, state=RequestState.SKIPPED).attempts == 0
    assert_conserved(run)


def test_retry_after_holds_the_host_for_every_run(site: HostileSite) -> None:
    site.serve("/", a_page("/later"))
    run = a_run(site.url("/status/429?Retry-After=60"), site.url("/"))
    other = a_run(site.url("/other"))
    one_slice()

    (refused,) = [r for r in site.requests if r.path == "/status/429"]
    assert site.requests[-1] is refused
    host = Host.objects.get()
    assert (host.last_status, host.hold_reason) == ("429", "status-429")
    assert states(run)["/status/429?Retry-After=60"][0] == "queued"
    assert Request.objects.get(url__endswith="/status/429?Retry-After=60").attempts == 0
    assert host.next_at is not None
    assert host.last_at is not None
    assert host.next_at - host.last_at > timedelta(seconds=59)
    assert states(other) == {"/other": ("queued", "")}
    assert_conserved(run)


def test_page_that_fails_now_and_then_is_tried_again(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.policy.retry import RetryPolicy

    quick = RetryPolicy(base_delay=timedelta(milliseconds=50))
    monkeypatch.setattr("crawler.engine.visit.RetryPolicy", lambda: quick)
    run = finished(
        a_run(
            site.url("/flaky/a/500/2"),
            site.url("/flaky/b/503/1"),
            site.url("/status/502"),
            site.url("/nowhere"),
        )
    )

    found = states(run)
    assert found["/flaky/a/500/2"] == found["/flaky/b/503/1"] == ("done", "")
    assert found["/status/502"] == ("failed", "status-502")
    assert found["/nowhere"] == ("failed", "status-404")
    assert len(site.asked("/status/502")) == 3
    assert run.retries == 2 + 1 + 2
    assert_conserved(run)


def test_redirects_within_and_across_hosts_are_followed_once(site: HostileSite) -> None:
    there = site.url("/landing", origin=1)
    site.serve("/landing", a_page("/more"))
    site.serve("/more", a_page())
    site.serve("/gone", status=301, headers=[("Location", there)])
    run = finished(
        a_run(
            site.url("/redirect/3"), site.url("/gone"), site.url("/redirect/loop"), site.url("/redirect/bad")
        )
    )

    found = states(run)
    assert found["/ok"] == found["/landing"] == ("done", "")
    assert found["/redirect/3"] == found["/gone"] == ("done", "redirected")
    assert found["/redirect/bad"] == ("failed", "bad_redirect")
    assert ("failed", "redirect_loop") in {found["/redirect/loop"], found["/redirect/loop2"]}
    assert len(site.asked("/ok")) == 1
    assert_conserved(run)


def test_links_are_followed_where_a_start_url_led_to(site: HostileSite) -> None:
    site.serve("/", status=301, headers=[("Location", site.url("/home", origin=1))])
    site.serve("/home", a_page("/a", "/b"))
    site.serve("/a", a_page("/c", site.url("/elsewhere", origin=2)))
    for path in ("/b", "/c"):
        site.serve(path, a_page())

    run = finished(a_run(site.url("/")))

    assert {path for path, (state, _reason) in states(run).items() if state == "done"} == {
        "/", "/home", "/a", "/b", "/c"
    }  # fmt: skip
    assert OutsideLink.objects.get().url == site.url("/elsewhere", origin=2)
    assert_conserved(run)


def test_robots_that_was_moved_to_another_host_waits_for_that_hosts_turn(site: HostileSite) -> None:
    async def robots(_site: HostileSite, request: Received, reply: Reply) -> None:
        if request.port == site.port:
            await reply.send(301, headers=[("Location", site.url("/robots.txt", origin=1))])
        else:
            await reply.send(200, b"User-agent: *\nDisallow: /private/\n")

    site.answer("/robots.txt", robots)
    starts = (site.url("/private/1"), site.url("/page/1"), site.url("/page/1", origin=1))

    run = finished(a_run(*starts, delay_seconds=0.2, max_pages=12, obey_robots=True))

    there = [request for request in site.requests if request.port != site.port]
    assert len([request for request in there if request.path == "/robots.txt"]) == 2
    assert_polite([request.started for request in there], delay_seconds=0.2)
    assert all((a.finished or 0.0) <= b.started for a, b in pairwise(there))
    assert states(run)["/private/1"] == ("skipped", "robots: line 2, Disallow: /private/")
    assert site.asked("/private/1") == []
    assert_conserved(run)


def test_pages_that_robots_forbid_use_up_no_page_limit(site: HostileSite) -> None:
    site.robots = "rules"
    allowed = [f"/page/{number}" for number in range(100, 120)]
    site.serve("/", a_page(*(f"/private/{number}" for number in range(20)), *allowed))
    for path in allowed:
        site.serve(path, a_page("/"))

    run = finished(a_run(site.url("/"), max_pages=12, obey_robots=True))

    assert (run.pages, run.skipped, run.over_budget) == (12, 20, 9)
    assert sum(len(site.asked(path)) for path in allowed) == 11
    assert_conserved(run)


def test_what_pages_do_not_give_is_named_with_field_and_page(site: HostileSite) -> None:
    site.serve("/", a_page("/full", "/cheap"))
    site.serve("/full", "<h1>Lamp</h1><b>12</b>")
    site.serve("/cheap", "<h1>Torch</h1><b>a song</b>")
    fields = {"name": {"css": "h1", "required": True}, "price": {"css": "b", "type": "number"}}

    run = finished(a_run(site.url("/"), scraper="fields", fields=fields))

    named = {(row.code, row.field, row.url): row.message for row in ProblemSample.objects.filter(run=run)}
    assert set(named) == {
        ("missing_required", "name", site.url("/")),
        ("bad_type", "price", site.url("/cheap")),
    }
    assert named["missing_required", "name", site.url("/")] == "required field name is missing"
    assert (run.problems, run.items) == (2, 2)
    assert_conserved(run)


def test_second_run_asks_whether_pages_have_changed(site: HostileSite) -> None:
    first = finished(a_run(site.url("/conditional")))
    second = finished(again(first))

    asked = [r.header("If-None-Match") is not None for r in site.asked("/conditional")]
    assert asked == [False, True]
    assert (second.pages, second.pages_unchanged, second.items) == (1, 1, first.items)
    page = Page.objects.get()
    assert (page.status, page.run, page.changed_at) == (200, second.pk, page.first_seen)
    assert Item.objects.get().version == 1


def test_urgent_run_passes_a_bulk_run_on_the_same_host(site: HostileSite) -> None:
    bulk = a_run(site.url("/page/1"), delay_seconds=0.15, max_pages=60, priority=1)
    crawl = threading.Thread(target=slices_until_over, args=(bulk,))
    crawl.start()
    until(lambda: len(site.requests) > 4)

    urgent = a_run(site.url("/ok?urgent"), delay_seconds=0.15, priority=9)
    before = len(site.requests)
    until(lambda: site.asked("/ok"))

    passed = [request.path for request in site.requests].index("/ok") - before
    assert passed < 20, "those that a busy machine sends before it looks again"
    runs.cancel(run=bulk, now=timezone.now())
    crawl.join(60)
    urgent.refresh_from_db()
    assert urgent.state == RunState.FINISHED
    assert_conserved(bulk)
    assert_conserved(urgent)


def slices_until_over(run: Run) -> None:
    from django.db import connection

    try:
        for _ in range(5):
            one_slice(Lane.BULK)
            if Run.objects.get(pk=run.pk).is_final:
                return
    finally:
        connection.close()


def test_cancelled_run_stops_at_the_next_look(site: HostileSite) -> None:
    run = a_run(site.url("/page/1"), delay_seconds=0.1, max_pages=500)
    crawl = threading.Thread(target=slices_until_over, args=(run,))
    crawl.start()
    until(lambda: len(site.requests) > 3)

    runs.cancel(run=run, now=timezone.now())
    sent = len(site.requests)
    crawl.join(60)

    assert not crawl.is_alive()
    assert len(site.requests) <= sent + 20
    reconciling.reconcile(now=timezone.now())  # links that a commit found meanwhile wait for it
    run.refresh_from_db()
    assert (run.state, run.settled) == (RunState.CANCELLED, True)
    assert_conserved(run)


def test_slice_that_is_told_to_stop_sends_nothing_more_and_gives_everything_back(site: HostileSite) -> None:
    run = a_run(*(site.url("/page/1", origin=n) for n in range(3)), delay_seconds=0.05, max_pages=900)
    told: list[int] = []

    def stopping() -> bool:
        if not told and len(site.requests) > 20:
            told.append(len(site.requests))
        return bool(told)

    one_slice(stopping=stopping, limits=Limits())

    assert len(site.requests) <= told[0] + 3, "one on each host was on its way"
    assert not Request.objects.filter(state=RequestState.LEASED).exists()
    assert not Slice.objects.exists()
    run.refresh_from_db()
    assert run.done == len(site.requests)
    assert_conserved(run)


def test_slice_of_a_worker_crawls_and_rings_nobody_when_nothing_is_left(
    site: HostileSite, rung: list[Lane]
) -> None:
    run = a_run(site.url("/page/1"), max_pages=5)
    assert rung == [Lane.DEFAULT]

    tally = slices.advance(lane=Lane.DEFAULT)

    run.refresh_from_db()
    assert (run.state, run.pages) == (RunState.FINISHED, 5)
    assert tally is not None
    assert tally.visited == 5
    assert rung == [Lane.DEFAULT]


@pytest.mark.usefixtures("rung")
def test_worker_fails_a_run_whose_scraper_is_gone_and_crawls_the_others(site: HostileSite) -> None:
    gone = a_run(site.url("/ok?gone"), scraper="gone")
    well = a_run(site.url("/ok?well"))

    slices.advance(lane=Lane.DEFAULT)

    gone.refresh_from_db()
    well.refresh_from_db()
    assert (gone.state, gone.settled, well.state) == (RunState.FAILED, True, RunState.FINISHED)
    assert "gone" in gone.reason
    for run in (gone, well):
        assert_conserved(run)


def test_page_that_ends_slices_counts_as_one_that_ends_processes(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(site.url("/ok"))

    async def trip(*_arguments: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("crawler.engine.visit.Visitor.visit", trip)
        for _ in range(5):
            Host.objects.update(next_at=None, due_at=timezone.now())
            with pytest.raises(ExceptionGroup):
                one_slice()

    request = Request.objects.get()
    assert (request.state, request.reason, request.losses) == (RequestState.DEAD, "worker_lost", 5)
    assert_conserved(run)


def test_page_that_is_read_for_too_long_fails_and_the_others_go_on(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = rules.read_page

    def hang(fetched: Fetched, **parts: Any) -> Reading:
        while fetched.url.endswith("?hangs"):
            with suppress(Exception):
                sum(range(1000))
        return read(fetched, **parts)

    monkeypatch.setattr(rules, "read_page", hang)
    monkeypatch.setattr(holding, "TimedReader", partial(TimedReader, limit_seconds=1.0))

    run = finished(a_run(site.url("/ok?1"), site.url("/ok?hangs"), site.url("/ok?2")))

    found = states(run)
    assert found["/ok?hangs"] == ("failed", "reader_timed_out")
    assert found["/ok?1"] == found["/ok?2"] == ("done", "")
    assert_conserved(run)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process has")
def test_page_that_takes_too_much_memory_is_stored_whole_and_its_beginning_is_followed(
    site: HostileSite, settings: Settings
) -> None:
    settings.PAGE_MEMORY_MIB = 64
    opened = "".join(f"<b a={number}>" for number in range(3_000))
    body = f"<title>Heavy</title><a href=/next>x</a><p>{opened}{'</p><p>x' * 3_000}"
    site.serve("/", body)
    site.serve("/next", "a page")

    run = finished(a_run(site.url("/")))

    assert {path: state for path, (state, _) in states(run).items()} == {"/": "done", "/next": "done"}
    page = Page.objects.get(target=run.target, title="Heavy")
    assert page.size == len(body)
    assert Snapshot.objects.get(hash=page.body_hash).size == len(body)
    sample = ProblemSample.objects.get(run=run)
    assert (sample.code, sample.url) == ("too_much_memory", page.url)
    assert f"{len(body) // 16:,} of its {len(body):,} bytes were read" in sample.message
    assert_conserved(run)


def test_hostile_pages_end_a_run_like_any_other(site: HostileSite) -> None:
    paths = ("/bomb/gzip", "/lies/not-gzip", "/charset/lie", "/bomb/many-headers", "/lies/image")

    run = finished(a_run(*(site.url(path) for path in paths)))

    found = states(run)
    assert found["/charset/lie"][0] == found["/lies/image"][0] == "done"
    assert found["/bomb/gzip"] == ("failed", "inflation_bomb")
    assert found["/lies/not-gzip"] == ("failed", "bad_encoding")
    assert found["/bomb/many-headers"] == ("failed", "header_bomb")
    assert_conserved(run)
