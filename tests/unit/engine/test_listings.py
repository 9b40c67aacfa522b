"""What a sitemap gives a run: requests, what is left out and why, and nothing silently."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawler.engine import listings
from crawler.engine.listings import Taking
from crawler.engine.work import Claim, Ended, Kind, Listed, ListingRoom
from crawler.http import Fetched, Headers
from crawler.urls import canonical
from scrapers.reader import Problem
from scrapers.sitemap import Entry, Piece
from tests.fakes.rules import some_rules

A = "https://www.example.org"
ROBOTS = f"{A}/robots.txt"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANSWER = Fetched(url=f"{A}/s.xml", status=200, headers=Headers(), body=b"", wire_bytes=7, elapsed_seconds=0.0)


def a_claim(url: str = f"{A}/s.xml", *, run: dict[str, Any] | None = None, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "id": 1, "host": 1, "backlog": 1, "epoch": 1, "depth": 0, "priority": 5, "key": b"",
        "kind": Kind.SITEMAP,
    }  # fmt: skip
    rules = some_rules(1, f"{A}/", **{"home": frozenset({A})} | (run or {}))
    return Claim(url=url, rules=rules, **values | changes)


def taken(claim: Claim, *entries: Entry, sitemaps: tuple[Entry, ...] = ()) -> Listed:
    taking = Taking(claim, now=NOW)
    taking.add(Piece(entries=entries, sitemaps=sitemaps))
    end = taking.end(ANSWER)
    assert isinstance(end, Listed)
    return end


def urls(listed: Listed) -> list[str]:
    return [link.url.text for link in (*listed.found, *listed.sitemaps)]


def codes(result: Listed | Ended) -> list[str]:
    return [problem.code for problem in result.problems]


def test_entries_are_as_near_as_start_urls_but_are_none() -> None:
    listed = taken(a_claim(), Entry(url=f"{A}/p?utm_source=x"))
    assert [(link.url.text, link.depth, link.kind) for link in listed.found] == [(f"{A}/p", 0, Kind.PAGE)]
    entry = a_claim(f"{A}/p", kind=Kind.PAGE)
    assert not entry.is_start
    assert a_claim(f"{A}/", kind=Kind.PAGE).is_start
    assert a_claim("https://www.example.com/", kind=Kind.PAGE, via=(f"{A}/",)).is_start


def test_entries_pass_the_scope_like_links() -> None:
    listed = taken(a_claim(), Entry(url=f"{A}/p"), Entry(url="https://shop.example.org/p"))
    assert urls(listed) == [f"{A}/p"]
    assert listed.outside == (("host", "https://shop.example.org/p"),)
    assert listed.end is not None
    assert (listed.end.entries, listed.end.taken) == (2, 1)


def test_entries_of_other_sites_are_foreign_unless_their_robots_named_the_sitemap() -> None:
    elsewhere = "https://cdn.example.net/s.xml"
    by_robots = taken(
        a_claim(elsewhere, via=(ROBOTS,)), Entry(url=f"{A}/p"), Entry(url="https://www.example.com/")
    )
    assert urls(by_robots) == [f"{A}/p"]
    assert by_robots.outside == (("foreign", "https://www.example.com/"),)
    by_b = a_claim(elsewhere, via=("https://www.example.com/robots.txt",))
    assert taken(by_b, Entry(url=f"{A}/p")).outside == (("foreign", f"{A}/p"),)


def test_what_did_not_change_is_left_out_and_its_hint_kept() -> None:
    after = datetime(2026, 2, 1, tzinfo=UTC)
    listed = taken(
        a_claim(run={"listed_after": after}),
        Entry(url=f"{A}/old", lastmod="2026-01-01T00:00:00Z"),
        Entry(url=f"{A}/new", lastmod="2026-02-02"),
        Entry(url=f"{A}/odd", lastmod="last week"),
        sitemaps=(Entry(url=f"{A}/old.xml", lastmod="2025-12-01"), Entry(url=f"{A}/new.xml")),
    )
    assert urls(listed) == [f"{A}/new", f"{A}/odd", f"{A}/new.xml"]
    assert listed.outside == (("unchanged", f"{A}/old"), ("unchanged", f"{A}/old.xml"))
    assert [key for key, _at in listed.hints] == [canonical(f"{A}/{page}").key for page in ("old", "new")]


def test_run_that_follows_nothing_only_takes_hints() -> None:
    listed = taken(
        a_claim(run={"follow": False}), Entry(url=f"{A}/p", lastmod="2026-02-02"), Entry(url=f"{A}/q")
    )
    assert (listed.found, listed.outside) == ((), ())
    assert listed.hints == ((canonical(f"{A}/p").key, datetime(2026, 2, 2, tzinfo=UTC)),)


def test_indexes_nest_three_deep_and_no_deeper() -> None:
    deeper = (Entry(url=f"{A}/next.xml"),)
    third = taken(a_claim(depth=2), sitemaps=deeper)
    assert [(link.depth, link.kind) for link in third.sitemaps] == [(3, Kind.SITEMAP)]
    fourth = taken(a_claim(depth=3), sitemaps=deeper)
    assert (fourth.sitemaps, codes(fourth)) == ((), ["sitemap_too_deep"])


def test_run_reads_so_many_sitemaps_and_says_that_there_are_more() -> None:
    claim = a_claim(room=ListingRoom(pages=None, sitemaps=2))
    listed = taken(claim, sitemaps=tuple(Entry(url=f"{A}/{n}.xml") for n in range(5)))
    assert (len(listed.sitemaps), codes(listed)) == (2, ["too_many_sitemaps"])
    named = listings.named(claim, [f"/{n}.xml" for n in range(5)], status=200)
    assert (len(named.sitemaps), codes(named)) == (2, ["too_many_sitemaps"])


def test_nested_sitemaps_keep_who_named_their_index() -> None:
    listed = taken(a_claim(via=(ROBOTS, f"{A}/moved.xml")), sitemaps=(Entry(url=f"{A}/1.xml"),))
    assert listed.sitemaps[0].via == (ROBOTS,)
    assert taken(a_claim(via=(f"{A}/moved.xml",)), sitemaps=(Entry(url=f"{A}/1.xml"),)).sitemaps[0].via == ()


def test_robots_names_sitemaps_once_each_and_its_bad_lines_are_said() -> None:
    claim = a_claim(ROBOTS, kind=Kind.ROBOTS)
    listed = listings.named(
        claim, ["/s.xml", f"{A}/s.xml", "https://cdn.example.net/s.xml", "ftp://x/"], status=None
    )
    assert urls(listed) == [f"{A}/s.xml", "https://cdn.example.net/s.xml"]
    assert {link.via for link in listed.sitemaps} == {(ROBOTS,)}
    assert codes(listed) == ["sitemap_bad_urls"]


def test_redirected_robots_names_for_the_host_that_was_asked() -> None:
    claim = a_claim(ROBOTS, kind=Kind.ROBOTS)
    there = listings.moved(claim, canonical("https://www.example.com/r"), ANSWER).sitemaps[0]
    assert (there.kind, there.via) == (Kind.ROBOTS, (ROBOTS,))
    named = listings.named(a_claim(there.url.text, kind=Kind.ROBOTS, via=there.via), ["/s.xml"], status=200)
    assert [(link.url.text, link.via) for link in named.sitemaps] == [
        ("https://www.example.com/s.xml", (ROBOTS,))
    ]


def test_sitemap_that_lists_nothing_and_is_wrong_has_failed() -> None:
    taking = Taking(a_claim(), now=NOW)
    taking.report(Problem(code="not_a_sitemap", message="a web page"))
    end = taking.end(ANSWER)
    assert isinstance(end, Ended)
    assert (end.reason, end.status, codes(end)) == ("sitemap_unreadable", 200, ["not_a_sitemap"])
