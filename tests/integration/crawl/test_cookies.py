"""Cookies in whole runs: what the site was really sent, and what is left of them afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Cookie, Page, Run, RunState
from tests.crawling import a_run, again, finished
from tests.law import assert_conserved
from tests.site.pages import HTML

if TYPE_CHECKING:
    from tests.site.reply import Reply
    from tests.site.server import HostileSite, Received

pytestmark = pytest.mark.django_db(transaction=True)


def a_shop(site: HostileSite) -> str:
    """Serve a page that sets cookies and links to others; return its URL."""
    links = "".join(f'<a href="{path}">x</a>' for path in ("/shop/one", "/shop/two", "/elsewhere"))
    for path in ("/shop/one", "/shop/two", "/elsewhere"):
        site.serve(path, "a page")
    return site.serve(
        "/shop/",
        links,
        headers=[("Set-Cookie", "basket=7; Path=/shop"), ("Set-Cookie", "other=1; Domain=example.org")],
    )


def sent(site: HostileSite, path: str) -> list[str | None]:
    return [request.header("Cookie") for request in site.asked(path)]


def test_cookies_go_back_to_where_they_belong(hostile_site: HostileSite) -> None:
    run = finished(a_run(a_shop(hostile_site), cookies=True))

    assert sent(hostile_site, "/shop/") == [None]
    assert sent(hostile_site, "/shop/one") == sent(hostile_site, "/shop/two") == ["basket=7"]
    assert sent(hostile_site, "/elsewhere") == [None]
    assert_conserved(run)


def test_cookies_are_neither_kept_nor_sent_unless_the_target_says_so(hostile_site: HostileSite) -> None:
    finished(a_run(a_shop(hostile_site)))

    assert {request.header("Cookie") for request in hostile_site.requests} == {None}


def test_each_run_begins_without_cookies_and_leaves_none(hostile_site: HostileSite) -> None:
    run = finished(a_run(a_shop(hostile_site), cookies=True))
    assert not Cookie.objects.exists()

    finished(again(run))

    assert sent(hostile_site, "/shop/") == [None, None]


def test_a_cookie_of_a_person_goes_before_those_of_the_site(hostile_site: HostileSite) -> None:
    finished(a_run(a_shop(hostile_site), cookies=True, headers={"Cookie": "consent=yes"}))

    assert sent(hostile_site, "/shop/") == ["consent=yes"]
    assert sent(hostile_site, "/shop/one") == ["consent=yes; basket=7"]


async def _asks_for_a_cookie(_site: Any, request: Received, reply: Reply) -> None:
    if request.header("Cookie") == "seen=1":
        await reply.send(200, b"<title>Welcome</title>", [HTML])
    else:
        await reply.send(302, headers=[("Location", "/cookie-check")])


async def _sets_it_and_returns(_site: Any, _request: Received, reply: Reply) -> None:
    await reply.send(302, headers=[("Set-Cookie", "seen=1; Path=/"), ("Location", "/door")])


async def _returns_for_ever(site: HostileSite, _request: Received, reply: Reply) -> None:
    cookie = f"turn={site.count('turn')}"
    await reply.send(302, headers=[("Set-Cookie", cookie), ("Location", "/round")])


def test_a_page_that_sends_round_for_a_cookie_is_read(hostile_site: HostileSite) -> None:
    door = hostile_site.answer("/door", _asks_for_a_cookie)
    hostile_site.answer("/cookie-check", _sets_it_and_returns)

    run = finished(a_run(door, cookies=True))

    assert sent(hostile_site, "/door") == [None, "seen=1"]
    page = Page.objects.get(target=run.target, status=200)
    assert (page.url, page.title) == (door, "Welcome")
    assert run.redirected == 2
    finished(again(run))
    assert Page.objects.filter(target=run.target, status=200).count() == 1
    assert_conserved(run)


def test_a_page_that_always_sends_round_is_a_loop_after_one_return(hostile_site: HostileSite) -> None:
    run = finished(a_run(hostile_site.answer("/round", _returns_for_ever), cookies=True))

    assert (run.state, run.pages) == (RunState.FAILED, 0)
    assert sent(hostile_site, "/round") == [None, "turn=1"]
    assert "redirect_loop" in Run.objects.get(pk=run.pk).reason
