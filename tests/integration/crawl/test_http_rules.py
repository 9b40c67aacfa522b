"""What HTTP asks of a client, by the site's log: conditions, waits, tries, robots headers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.models import Host, Page, Request, RequestState, Run, Snapshot
from tests.crawling import a_run, again, finished, one_slice
from tests.law import assert_conserved
from tests.site.pages import ETAG, LAST_MODIFIED, TEXT
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.reply import Reply
    from tests.site.server import Received

pytestmark = pytest.mark.django_db(transaction=True)

CONDITIONS = ("If-None-Match", "If-Modified-Since")


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


def conditions(request: Received) -> tuple[str | None, ...]:
    """Return both conditions as they were sent; header lines arrive as Latin-1."""
    values = (request.header(name) for name in CONDITIONS)
    return tuple(value.encode("latin-1").decode() if value else value for value in values)


async def sparing(_site: HostileSite, request: Received, reply: Reply) -> None:
    """Knows when nothing changed, and says then nothing else."""
    if request.header("If-None-Match"):
        await reply.send(304)
        return
    robots = [("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "noindex, nofollow")]
    validators = [("ETag", ETAG), ("Last-Modified", LAST_MODIFIED)]
    named = [("Link", '</known>; rel="canonical"')]
    body = b"<title>Sparing</title><a href=/next>next</a>"
    await reply.send(200, body, [("Content-Type", "text/html"), *validators, *robots, *named])


def test_both_validators_go_back_octet_for_octet_every_time(site: HostileSite) -> None:
    run = finished(a_run(site.answer("/sparing", sparing)))
    for _visit in range(2):
        run = finished(again(run))

    both = (ETAG, LAST_MODIFIED)
    assert [conditions(request) for request in site.asked("/sparing")] == [(None, None), both, both]
    assert (run.pages, run.pages_unchanged) == (1, 1)


def test_what_a_head_said_still_holds_when_the_page_is_not_modified(site: HostileSite) -> None:
    first = finished(a_run(site.answer("/sparing", sparing)))
    second = finished(again(first))

    assert site.asked("/next") == []
    page = Page.objects.get()
    assert (page.run, page.noindex, page.canonical) == (second.pk, True, site.url("/known"))


def test_not_modified_without_a_stored_body_is_asked_once_more_without_conditions(site: HostileSite) -> None:
    first = finished(a_run(site.url("/conditional")))
    Snapshot.objects.all().delete()

    second = finished(again(first))

    sent = [conditions(request) for request in site.asked("/conditional")]
    assert sent == [(None, None), (ETAG, LAST_MODIFIED), (None, None)]
    assert (second.done, second.pages) == (1, 1)
    assert Snapshot.objects.count() == 1
    assert_conserved(second)


def test_no_conditions_are_sent_where_a_body_would_not_be_kept(site: HostileSite) -> None:
    url = site.serve("/image", b"\x89PNG", headers=[("ETag", '"1"')])
    site.answer("/image", _image)
    first = finished(a_run(url))

    finished(again(first))

    assert [conditions(request) for request in site.asked("/image")] == [(None, None)] * 2


async def _image(_site: HostileSite, _request: Received, reply: Reply) -> None:
    await reply.send(200, b"\x89PNG", [("Content-Type", "image/png"), ("ETag", '"1"')])


def test_validators_are_never_carried_to_another_url(site: HostileSite) -> None:
    first = finished(a_run(site.url("/conditional"), site.url("/conditional?other")))
    Page.objects.filter(url__endswith="?other").update(etag="", last_modified="")
    site.serve("/elsewhere", TEXT, headers=[("ETag", '"elsewhere"')])
    site.serve("/conditional", status=301, headers=[("Location", "/elsewhere")])
    before = len(site.requests)

    finished(again(first))

    sent = {request.target: conditions(request) for request in site.requests[before:]}
    assert sent == {
        "/conditional": (ETAG, LAST_MODIFIED),
        "/conditional?other": (None, None),
        "/elsewhere": (None, None),
    }


def test_same_body_on_a_200_is_unchanged(site: HostileSite) -> None:
    first = finished(a_run(site.url("/ok")))
    second = finished(again(first))

    assert (second.pages, second.pages_unchanged, second.items_changed) == (1, 1, 0)
    assert [request.header("If-None-Match") for request in site.asked("/ok")] == [None, None]
    assert Snapshot.objects.count() == 1


DATE = "Date=Sat,+29+Oct+1994+19:43:31+GMT&Retry-After=Sat,+29+Oct+1994+19:44:31+GMT"


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        ("/status/429?Retry-After=20", 20, 20),
        ("/status/503?Retry-After=20", 20, 20),
        (f"/status/503?{DATE}", 60, 60),
        ("/status/301?Location=/ok&Retry-After=20", 20, 20),
        ("/status/429?Retry-After=0", 1, 1),
        ("/status/503?Retry-After=9999999", 86_400, 86_400),
        ("/status/429?Retry-After=soon", 1, 5),
        ("/status/503", 1, 5),
    ],
)
def test_host_is_left_alone_as_long_as_it_asks(
    site: HostileSite, answer: str, least: float, most: float
) -> None:
    run = a_run(site.url(answer), site.url("/ok?second"))
    Request.objects.filter(url__endswith="?second").update(not_before="2020-01-01T00:00:00Z")

    def answered() -> bool:
        """Say whether to stop: the slice would last for as long as the shortest of the waits."""
        return least < 20 and bool(site.requests) and site.requests[-1].target == answer

    one_slice(stopping=answered)

    host = Host.objects.get()
    assert host.last_at is not None
    assert host.next_at is not None
    wait = (host.next_at - host.last_at).total_seconds()
    assert least - 0.2 <= wait <= most + 5  # of which a loaded machine may need some to answer
    assert [request.target for request in site.requests].count(answer) == 1
    assert len(site.requests) <= 2
    assert_conserved(run)


def test_ten_failures_in_a_row_leave_a_host_alone_for_five_minutes(site: HostileSite) -> None:
    run = a_run(*(site.url(f"/broken/close?{number}") for number in range(15)))

    one_slice()

    assert len(site.requests) == 10
    host = Host.objects.get()
    assert (host.hold_reason, host.circuit_openings) == ("circuit_open", 1)
    assert host.next_at is not None
    assert host.last_at is not None
    assert 298 <= (host.next_at - host.last_at).total_seconds() <= 310
    assert_conserved(run)


AGAIN = (408, 425, 500, 502, 504, 520, 529)
FINAL = (400, 401, 403, 404, 410, 451, 501)


def test_each_status_is_tried_as_often_as_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from crawler.policy.retry import RetryPolicy

    quick = RetryPolicy(base_delay=timedelta(milliseconds=50))
    monkeypatch.setattr("crawler.engine.visit.RetryPolicy", lambda: quick)
    statuses = (*AGAIN, *FINAL)
    with HostileSite(ports=len(statuses)) as site:
        urls = [site.url(f"/status/{status}", origin=place) for place, status in enumerate(statuses)]
        run = finished(a_run(*urls))
        tried = {status: len(site.asked(f"/status/{status}")) for status in statuses}

    assert tried == dict.fromkeys(AGAIN, 3) | dict.fromkeys(FINAL, 1)
    assert _reasons(run) == {f"status-{status}" for status in statuses}
    assert_conserved(run)


def _reasons(run: Run) -> set[str]:
    failed = Request.objects.filter(run=run, state=RequestState.FAILED)
    return set(failed.values_list("reason", flat=True))


def test_robots_headers_add_up_and_keep_a_crawl_from_following(site: HostileSite) -> None:
    linked = "<title>x</title><a href=/next>next</a>"
    site.serve("/", linked, headers=[("X-Robots-Tag", "otherbot: none"), ("X-Robots-Tag", "trawl: nofollow")])
    site.serve("/meta", f"<meta name=robots content='noarchive'><meta name=TRAWL content='none'>{linked}")
    site.serve("/others", linked, headers=[("X-Robots-Tag", "otherbot: nofollow")])

    run = finished(a_run(site.url("/"), site.url("/meta")))

    assert site.asked("/next") == []
    noindex = dict(Page.objects.values_list("url", "noindex"))
    assert noindex == {site.url("/"): False, site.url("/meta"): True}
    assert (run.pages, run.out_of_scope) == (2, 0)
    finished(a_run(site.url("/others")))
    assert len(site.asked("/next")) == 1
