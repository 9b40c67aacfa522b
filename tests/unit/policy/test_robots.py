"""robots.txt: who may fetch what, and what stands in for a file that could not be had."""

from __future__ import annotations

from datetime import timedelta
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import (
    ConnectFailed,
    DnsFailed,
    FetchError,
    NameNotFound,
    Refused,
    TimedOut,
    TlsFailed,
    TooLarge,
)
from crawler.http import Failed, Fetched, Headers
from crawler.policy.robots import NoRules, RobotsFile, Ruling, Unreachable, Usable, judge, within_bounds

SITE = "https://example.org"
URL = f"{SITE}/robots.txt"


def allows(robots: str | bytes, path: str, agent: str = "Trawl") -> bool:
    data = robots.encode() if isinstance(robots, str) else robots
    return RobotsFile.parse(data).allows(SITE + path, agent).allowed


def answered(status: int, body: bytes = b"", **headers: str) -> Fetched:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Fetched(
        url=URL, status=status, headers=Headers(pairs), body=body, wire_bytes=len(body), elapsed_seconds=0.1
    )


def failed(error: FetchError) -> Failed:
    return Failed(url=URL, error=error, elapsed_seconds=0.1)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/fish", "/fish", True),
        ("/fish", "/fish.html", True),
        ("/fish", "/Fish", False),
        ("/fish", "/catfish", False),
        ("/fish/", "/fish", False),
        ("fish", "/fish", False),
        ("/*.php", "/folder/file.php?x", True),
        ("/*.php$", "/file.php", True),
        ("/*.php$", "/file.php?x", False),
        ("/*.php$", "/file.php5.php", True),
        ("/fish*.php", "/fishheads/cat.php?x", True),
        ("/fish*.php", "/Fish.PHP", False),
        ("*", "/", True),
        ("/$", "/", True),
        ("/$", "/x", False),
        ("/a*b*c", "/axxbxxc", True),
        ("/a*b*c", "/axxcxxb", False),
        ("/ab*ba$", "/aba", False),
        ("/x$y", "/x$y", True),
        ("/x$y", "/xzy", False),
        ("/star%2A", "/star*", True),
        ("/?q=", "/?q=1", True),
        ("/caf\u00e9", "/caf%C3%A9", True),
        ("/caf%c3%a9", "/caf%C3%A9", True),
        ("/%7Ejoe", "/~joe", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2fb", "/a%2Fb", True),
    ],
)
def test_pattern_matches_as_the_standard_says(pattern: str, path: str, *, matches: bool) -> None:
    assert allows(f"User-agent: *\nDisallow: {pattern}\n", path) is not matches


def test_longest_rule_decides_and_allow_wins_a_tie() -> None:
    robots = "User-agent: *\nDisallow: /\nAllow: /open\nDisallow: /open/shut\nAllow: /tie\nDisallow: /tie\n"

    answers = [allows(robots, path) for path in ("/x", "/open/x", "/open/shut", "/tie")]
    assert answers == [False, True, False, True]


def test_named_group_replaces_the_group_of_all() -> None:
    robots = "User-agent: *\nDisallow: /\n\nUser-agent: trawl\nDisallow: /private\n"

    assert allows(robots, "/page")
    assert not allows(robots, "/page", agent="Other")


def test_groups_of_one_agent_are_one() -> None:
    robots = (
        "User-agent: trawl\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: Trawl\nDisallow: /c\n"
    )

    assert [allows(robots, path) for path in ("/a", "/b", "/c")] == [False, True, False]


@pytest.mark.parametrize("agent", ["Trawl", "trawl", "Trawl/1.2 (+https://example.org)"])
def test_agent_is_its_product_token(agent: str) -> None:
    assert not allows("User-agent: Trawl/9\nDisallow: /\n", "/x", agent=agent)


def test_agent_with_digits_is_meant_too() -> None:
    assert not allows("User-agent: My4Bot\nDisallow: /\n", "/x", agent="My4Bot/1.0")


@pytest.mark.parametrize(
    "robots",
    [
        "user-agent:*\ndisallow:/x",
        "User-Agent: *\r\nDisallow: /x\r\n",
        "User-agent: *\rDisallow: /x\r",
        "\ufeffUser-agent: *\nDisallow: /x",
        b"\xef\xbbUser-agent: *\nDisallow: /x",
        b"\xefUser-agent: *\nDisallow: /x",
        b"# caf\xe9\nUser-agent: *\nDisallow: /x",
        "useragent: *\ndissallow: /x # why\n",
        "User-agent *\nDisallow /x",
        "<html>\nUser-agent: *\n<br>\nDisallow: /x\n",
        "User-agent: *\nSitemap: /s\nCrawl-delay: 1\nDisallow: /x",
        "User-agent: other\nUser-agent: *\nDisallow: /x",
    ],
)
def test_file_is_read_as_it_was_meant(robots: str | bytes) -> None:
    assert not allows(robots, "/x")
    assert allows(robots, "/y")


@pytest.mark.parametrize(
    "robots", ["", "Disallow: /", "User-agent: *\nDisallow:\n", "<!doctype html>Disallow: /", b"\0\xff"]
)
def test_file_without_rules_allows_everything(robots: str | bytes) -> None:
    assert allows(robots, "/x")


def test_robots_file_itself_is_always_allowed() -> None:
    assert allows("User-agent: *\nDisallow: /", "/robots.txt")


def test_ruling_quotes_the_rule_and_its_line() -> None:
    robots = RobotsFile.parse(b"# rules\nUser-agent: *\n  Disallow:/private/*  # ours\n")

    expected = Ruling(allowed=False, rule="Disallow:/private/*", line=3)
    assert robots.allows(f"{SITE}/private/x", "Trawl") == expected
    assert robots.allows(f"{SITE}/open", "Trawl") == Ruling(allowed=True)


@pytest.mark.parametrize(
    "url", ["https://example.org", "https://example.org?x=1", "https://example.org/#frag"]
)
def test_url_without_a_path_is_the_root(url: str) -> None:
    robots = RobotsFile.parse(b"User-agent: *\nDisallow: /\n")

    assert not robots.allows(url, "Trawl").allowed


@pytest.mark.parametrize(
    ("robots", "delay"),
    [
        ("User-agent: *\nCrawl-delay: 3\n", 3.0),
        ("User-agent: *\nCrawl-delay: 0.5\nDisallow:\n", 0.5),
        ("User-agent: *\nCrawl-delay: 600\n", 30.0),
        ("User-agent: *\nCrawl-delay: inf\n", 30.0),
        ("User-agent: *\nCrawl-delay: soon\n", None),
        ("User-agent: *\nCrawl-delay: -1\n", None),
        ("User-agent: *\nCrawl-delay: nan\n", None),
        ("User-agent: *\nCrawl-delay: 9\n\nUser-agent: trawl\nCrawl-delay: 2\n", 2.0),
        ("User-agent: *\nCrawl-delay: 9\n\nUser-agent: trawl\nDisallow: /x\n", None),
        ("User-agent: other\nCrawl-delay: 9\nUser-agent: *\nDisallow: /x\n", None),
        ("Crawl-delay: 9\n", None),
        ("", None),
    ],
)
def test_crawl_delay_is_that_of_the_agent(robots: str, delay: float | None) -> None:
    assert RobotsFile.parse(robots.encode()).crawl_delay("Trawl/1") == delay


def test_sitemaps_are_found_wherever_they_stand() -> None:
    robots = RobotsFile.parse(
        b"Sitemap: https://a/1.xml\nUser-agent: x\nDisallow: /\nsite-map: https://a/2.xml\n"
    )

    assert robots.sitemaps == ("https://a/1.xml", "https://a/2.xml")


def test_file_is_cut_at_a_line_end() -> None:
    head = b"User-agent: *\nDisallow: /early\n"
    filler = b"#" * (512_000 - len(head) - 5) + b"\n"
    data = head + filler + b"Disallow: /late\n"

    assert within_bounds(data) == head + filler
    assert not allows(data, "/early")
    assert allows(data, "/late")


@pytest.mark.parametrize(
    "data",
    [
        b"User-agent: a\n" * 30_000 + b"Disallow: /x\n" * 5_000,
        b"User-agent: *\nDisallow: /" + b"*a" * 250_000,
        b"User-agent: *\n" + b"Crawl-delay: 1\n" * 30_000,
        b"User-agent: *\n" + b"Disallow: /*x*y*z\n" * 25_000,
    ],
)
def test_hostile_file_costs_moments(data: bytes) -> None:
    """Half a second on an idle processor; one that others share counts more for the same."""
    began = thread_time()
    robots = RobotsFile.parse(data)
    robots.allows(SITE + "/" + "a" * 2_000, "Trawl")
    robots.crawl_delay("Trawl")

    assert thread_time() - began < 4


@given(st.binary(max_size=400), st.text(max_size=30))
def test_any_bytes_make_a_file(data: bytes, agent: str) -> None:
    robots = RobotsFile.parse(data)

    assert robots.allows(f"{SITE}/x", agent) == robots.allows(f"{SITE}/x", agent)


def test_good_file_is_usable_for_a_day() -> None:
    assert judge(answered(200, b"User-agent: *"), failures=3) == Usable(b"User-agent: *", timedelta(hours=24))


@pytest.mark.parametrize(
    ("control", "ttl"),
    [
        ("max-age=7200", timedelta(hours=2)),
        ("public, max-age=60", timedelta(hours=1)),
        ("max-age=999999999", timedelta(hours=24)),
        ("no-store", timedelta(hours=1)),
        ("private", timedelta(hours=24)),
    ],
)
def test_cache_control_may_shorten_the_day(control: str, ttl: timedelta) -> None:
    assert judge(answered(200, Cache_Control=control), failures=0) == Usable(b"", ttl)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 499, 301, 302])
def test_no_file_means_no_rules(status: int) -> None:
    assert isinstance(judge(answered(status), failures=0), NoRules)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599, 304])
def test_server_in_trouble_forbids_everything_for_now(status: int) -> None:
    assert judge(answered(status), failures=0) == Unreachable(
        timedelta(minutes=1), f"status-{status}", exhausted=False
    )


@pytest.mark.parametrize("error", [ConnectFailed(), DnsFailed(), TimedOut(), TlsFailed(), TooLarge()])
def test_network_trouble_forbids_everything_for_now(error: FetchError) -> None:
    assert judge(failed(error), failures=0) == Unreachable(timedelta(minutes=1), error.code, exhausted=False)


@pytest.mark.parametrize("error", [NameNotFound(), Refused()])
def test_host_that_cannot_be_is_not_waited_for(error: FetchError) -> None:
    state = judge(failed(error), failures=0)

    assert isinstance(state, Unreachable)
    assert state.exhausted


def test_tries_grow_apart_and_the_fourth_is_the_last() -> None:
    states = [judge(answered(500), failures=failures) for failures in range(6)]

    assert [state.retry_after.total_seconds() / 60 for state in states if isinstance(state, Unreachable)] == [
        1, 5, 15, 60, 60, 60,
    ]  # fmt: skip
    assert [state.exhausted for state in states if isinstance(state, Unreachable)] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(("value", "seconds"), [("600", 600), ("5", 60), ("soon", 60)])
def test_longer_retry_after_is_believed(value: str, seconds: int) -> None:
    state = judge(answered(503, Retry_After=value), failures=0)

    assert isinstance(state, Unreachable)
    assert state.retry_after == timedelta(seconds=seconds)
