"""Proxies: their addresses, their turns, and how long they rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.http import Proxy
from crawler.policy import proxies
from crawler.policy.proxies import FIRST_REST, HIDDEN, LONGEST_REST, BadProxy, ProxyPool

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A, B = Proxy(url="http://a.test:8080"), Proxy(url="http://b.test:8080")


@pytest.mark.parametrize(
    ("text", "url", "user", "password"),
    [
        ("http://proxy.test:8080", "http://proxy.test:8080", "", ""),
        (" https://proxy.test/ ", "https://proxy.test:443", "", ""),
        ("http://proxy.test", "http://proxy.test:80", "", ""),
        ("http://[::1]:3128", "http://[::1]:3128", "", ""),
        ("http://ada:p%40ss%3Aw@proxy.test:80", "http://proxy.test:80", "ada", "p@ss:w"),
    ],
)
def test_address_is_read_and_written_as_it_was(text: str, url: str, user: str, password: str) -> None:
    proxy = proxies.parse(text)

    assert (proxy.url, proxy.user, proxy.password) == (url, user, password)
    assert proxies.parse(proxies.written(proxy)) == proxy
    assert password == "" or password not in f"{proxy} {proxy!r} {proxies.shown(proxy)}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("socks5://proxy.test:1080", "SOCKS is not spoken"),
        ("ftp://proxy.test", "write it like"),
        ("proxy.test:8080", "write it like"),
        ("http://proxy.test:99999", "write it like"),
        ("http://proxy.test/path", "write it like"),
        ("http://", "write it like"),
    ],
)
def test_what_is_no_proxy_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(BadProxy, match=message):
        proxies.parse(text)


def test_placeholder_gets_the_password_of_the_same_proxy_and_of_no_other() -> None:
    known = proxies.parse("http://ada:secret@a.test:8080")

    assert proxies.restored(proxies.parse(proxies.shown(known)), [known]) == known
    for changed in (f"http://ada:{HIDDEN}@evil.test:8080", f"http://eve:{HIDDEN}@a.test:8080"):
        with pytest.raises(BadProxy, match="password again"):
            proxies.restored(proxies.parse(changed), [known])


def test_proxies_take_turns() -> None:
    pool = ProxyPool([A, B])

    assert {pool.next(now=NOW), pool.next(now=NOW)} == {A, B}
    assert pool.next(now=NOW, without=[A]) == B
    assert pool.next(now=NOW, without=[A, B]) is None


def test_failing_proxy_rests_longer_each_time_and_works_again_at_once() -> None:
    pool, rests = ProxyPool([A, B]), []
    for _ in range(9):
        health = pool.note(A, "no connection", now=NOW)
        assert health is not None
        assert health.rests_until is not None
        rests.append(health.rests_until - NOW)
    assert rests[:3] == [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4]
    assert rests[-1] == LONGEST_REST
    assert [pool.next(now=NOW) for _ in range(3)] == [B, B, B]
    assert A in {pool.next(now=NOW + LONGEST_REST) for _ in range(2)}

    well = pool.note(A, "", now=NOW)
    assert well is not None
    assert (well.failures, well.rests_until) == (0, None)
    assert pool.note(A, "", now=NOW) is None


def test_of_proxies_that_all_rest_the_one_that_wakes_first_is_used() -> None:
    pool = ProxyPool([A, B])
    pool.note(A, "no", now=NOW)
    pool.note(B, "no", now=NOW - timedelta(seconds=1))

    assert pool.next(now=NOW) == B


def test_pool_learns_what_others_noted_later() -> None:
    pool, elsewhere = ProxyPool([A, B]), ProxyPool([A, B])
    told = elsewhere.note(A, "no", now=NOW)
    assert told is not None

    pool.learn([told])

    assert [pool.next(now=NOW) for _ in range(2)] == [B, B]
    pool.note(A, "", now=NOW + timedelta(seconds=1))
    pool.learn([told])
    assert {pool.next(now=NOW) for _ in range(2)} == {A, B}
