"""Sites that go on for ever, crawled to an end: what is left out is counted, sampled and said why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.models import Backlog, OutsideLink, Request, RequestState, Run
from tests.crawling import a_run, finished
from tests.law import assert_conserved
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.reply import Reply
    from tests.site.server import Received

pytestmark = pytest.mark.django_db(transaction=True)

MENU = "".join(
    f"<li>Everything that there is to know about the letter {letter}</li>" for letter in "abcdefghijklm"
)


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


def left_out(run: Run) -> dict[str, int]:
    reasons = OutsideLink.objects.filter(run=run).values_list("reason", flat=True)
    return {reason: list(reasons).count(reason) for reason in reasons}


def a_page(*links: str) -> str:
    return "<!doctype html><title>A page</title>" + "".join(f'<a href="{link}">x</a>' for link in links)


async def calendar(_site: HostileSite, request: Received, reply: Reply) -> None:
    """A page for every month to come, each with a link to the next three."""
    month = int(request.query.get("month", "0"))
    links = "".join(f'<a href="/calendar?month={month + ahead}">on</a>' for ahead in (1, 2, 3))
    body = f"<!doctype html><title>Month {month}</title>{MENU}{links}".encode()
    await reply.send(200, body, [("Content-Type", "text/html")])


async def months(_site: HostileSite, request: Received, reply: Reply) -> None:
    month = int(request.path.rsplit("/", 1)[1] or 0)
    links = "".join(f'<a href="/months/{month + ahead}">on</a>' for ahead in (1, 2, 3))
    body = f"<!doctype html><title>Month {month}</title>{MENU}{links}<a href='/about/us'>Us</a>".encode()
    await reply.send(200, body, [("Content-Type", "text/html")])


def test_queries_of_one_path_are_followed_up_to_the_bound(site: HostileSite) -> None:
    site.answer("/calendar", calendar)

    run = finished(a_run(site.url("/calendar"), traps={"variants": 20, "depth": None}))

    assert len(site.asked("/calendar")) == 21  # the start URL is no variant
    assert left_out(run) == {"trap_variants": 3}
    assert run.out_of_scope == 3
    assert_conserved(run)


def test_variants_are_counted_over_slices_and_given_back_places(site: HostileSite) -> None:
    links = [f"/list?sort={number}" for number in range(30)]
    site.serve("/", a_page(*links, "/more"))
    site.serve("/more", a_page(*(f"/list?page={number}" for number in range(30)), "/other?a=1"))
    for path in ("/list", "/other"):
        site.serve(path, a_page())

    run = finished(a_run(site.url("/"), traps={"variants": 40}))

    assert (len(site.asked("/list")), len(site.asked("/other"))) == (40, 1)
    assert left_out(run) == {"trap_variants": 20}
    assert_conserved(run)


def test_shape_whose_pages_bring_nothing_new_is_left_alone(site: HostileSite) -> None:
    for month in range(200):
        site.answer(f"/months/{month}", months)
    site.serve("/about/us", a_page())

    run = finished(a_run(site.url("/months/1"), traps={"alike": 20, "depth": None}, max_pages=150))

    asked = [request for request in site.requests if request.path.startswith("/months/")]
    assert 20 <= len(asked) <= 60
    skipped = Request.objects.filter(run=run, state=RequestState.SKIPPED)
    assert {request.reason for request in skipped} <= {"trap_alike: /months/*"}
    assert left_out(run)["trap_alike"] > 0
    assert len(site.asked("/about/us")) == 1
    assert Backlog.objects.get(run=run).shapes.startswith('{"/months/*": ')
    assert_conserved(run)


def test_shape_is_still_left_alone_by_the_next_holder_of_the_host(site: HostileSite) -> None:
    for month in range(50):
        site.answer(f"/months/{month}", months)
    run = a_run(site.url("/months/1"), traps={"alike": 20, "depth": None})
    Request.objects.filter(run=run).update(depth=1)
    Backlog.objects.filter(run=run).update(shapes='{"/months/*": 20}')

    finished(run)

    assert site.requests == []
    assert Request.objects.get(run=run).reason == "trap_alike: /months/*"


def test_links_too_deep_too_long_or_repeating_are_left_out_each_with_its_reason(site: HostileSite) -> None:
    site.serve("/", a_page("/a/a/a", "/" + "s/t/" * 11, "/" + "x" * 2_100, "/chain/1"))
    for number in range(1, 30):
        site.serve(f"/chain/{number}", a_page(f"/chain/{number + 1}"))

    run = finished(a_run(site.url("/")))

    assert left_out(run) == {"trap_repeats": 1, "trap_segments": 1, "trap_length": 1, "trap_depth": 1}
    assert sum(request.path.startswith("/chain/") for request in site.requests) == 20
    assert_conserved(run)
