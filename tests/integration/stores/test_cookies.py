"""The cookies of runs in the database: encrypted, the same for all slices, stored with their result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.models import Cookie as CookieRow
from crawler.models import Run
from crawler.policy.cookies import CookieJar
from crawler.stores import cookies
from crawler.urls import canonical
from tests.crawling import a_run
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from crawler.policy.cookies import Cookie
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
A, B = "http://a.example.test", "http://b.example.test"


def changed(clock: FakeClock, *lines: str, page: str = f"{A}/") -> tuple[Cookie, ...]:
    return CookieJar().receive(lines, url=canonical(page), now=clock.now())


def stored(run: Run) -> dict[str, str]:
    return {cookie.name: cookie.value for cookie in cookies.changed(run.pk, since=None)}


def test_a_cookie_is_stored_with_its_result_and_encrypted(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", f"{A}/2", cookies=True)
    hands = Hands(clock)
    claims = hands.claims()

    hands.commit(visited(claims[f"{A}/1"], cookies=changed(clock, "session=plain-secret")))

    assert stored(run) == {"session": "plain-secret"}
    row = CookieRow.objects.get(run=run)
    assert "plain-secret" not in row.secret
    assert "session" not in row.secret
    hands.commit(visited(claims[f"{A}/2"], cookies=changed(clock, "b=1")))
    assert fresh(run).is_final
    assert stored(run) == {}


def test_what_is_stored_comes_back_whole(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", cookies=True)
    set_by_all = changed(
        clock, "a=1", "b=\u00e9; Path=/x; Max-Age=60", "c=3; Domain=example.test", "d=; Max-Age=0"
    )

    cookies.save((run.pk, cookie) for cookie in set_by_all)

    assert set(cookies.changed(run.pk, since=None)) == set(set_by_all)


def test_the_cookies_of_a_stale_result_are_not_stored(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", cookies=True)
    hands = Hands(clock)
    claim = hands.claims()[f"{A}/1"]
    hands.vanish()

    hands.commit(visited(claim, cookies=changed(clock, "a=1")))

    assert stored(run) == {}


def test_the_latest_change_holds_whichever_is_stored_first(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", cookies=True)
    early = changed(clock, "a=early")
    clock.advance(1)
    late = changed(clock, "a=late")

    cookies.save((run.pk, cookie) for cookie in late)
    cookies.save((run.pk, cookie) for cookie in early)

    assert stored(run) == {"a": "late"}


def test_a_slice_learns_what_another_one_stored_of_the_same_run(clock: FakeClock) -> None:
    a_run(*(f"{host}/{n}" for host in (A, B) for n in range(9)), cookies=True, delay_seconds=1.0)
    slices = [Hands(clock, lane="default"), Hands(clock, lane="default")]
    looks = [hands.look() for hands in slices]
    assert sorted(len(look.leased) for look in looks) == [1, 1]
    at_b = next(look for look in looks if look.leased[0].origin == B)
    set_by_b = changed(clock, "shared=1; Domain=example.test", page=f"{B}/1")

    slices[looks.index(at_b)].commit(visited(at_b.claims[0], cookies=set_by_b))

    for hands in slices:
        ((_session, news),) = hands.look(want=0).sessions
        assert news.cookies == set_by_b


def test_a_look_reads_again_what_may_have_been_stored_late(clock: FakeClock) -> None:
    run = a_run(*(f"{A}/{n}" for n in range(9)), cookies=True, delay_seconds=1.0)
    hands = Hands(clock)
    hands.look()
    late = changed(clock, "a=1")
    clock.advance(30)
    hands.look(want=0)
    cookies.save((run.pk, cookie) for cookie in late)

    ((_session, news),) = hands.look(want=0).sessions

    assert [cookie.name for cookie in news.cookies] == ["a"]


def test_a_run_without_cookies_reads_none(clock: FakeClock) -> None:
    a_run(f"{A}/1")

    assert Hands(clock).look().sessions == ()
