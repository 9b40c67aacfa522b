"""Runs that begin with sitemaps, against a shop that has one and a web that lies about them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from crawler.engine import lister, listings
from crawler.models import (
    Item,
    OutsideLink,
    Page,
    ProblemKind,
    Request,
    RequestKind,
    RequestState,
    Run,
    RunState,
    SitemapReading,
)
from demo import catalogue
from tests.crawling import a_run, again, finished
from tests.law import assert_conserved
from tests.shop import ShopServer
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        site.serve("/", "<!doctype html><title>Start</title>")
        for number in range(30):
            site.serve(f"/p/{number}", f"<!doctype html><title>{number}</title>{number}")
        yield site


def a_sitemap(site: HostileSite, *paths: str, lastmod: str = "") -> str:
    said = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    entries = "".join(f"<url><loc>{site.url(path)}</loc>{said}</url>" for path in paths)
    return f"<urlset>{entries}</urlset>"


def an_index(site: HostileSite, *paths: str) -> str:
    listed = "".join(f"<sitemap><loc>{site.url(path)}</loc></sitemap>" for path in paths)
    return f"<sitemapindex>{listed}</sitemapindex>"


def crawled(site: HostileSite, *sitemaps: str, **changes: Any) -> Run:
    """Crawl the start page and what these sitemaps list, to the end."""
    values: dict[str, Any] = {"sitemaps": [site.url(path) for path in sitemaps], "max_depth": 0}
    run = finished(a_run(site.url("/"), **values | changes))
    assert_conserved(run)
    return run


def fetched(run: Run, site: HostileSite) -> list[str]:
    """Return the paths of the run's pages, sorted: those of one commit are stored in the order of a hash."""
    urls = Page.objects.filter(target=run.target).values_list("url", flat=True)
    return sorted(url.removeprefix(site.origin) for url in urls)


def readings(run: Run, site: HostileSite) -> dict[str, tuple[int, int, int]]:
    rows = SitemapReading.objects.filter(run=run).order_by("request")
    return {row.url.removeprefix(site.origin): (row.entries, row.taken, row.sitemaps) for row in rows}


def problems(run: Run) -> list[str]:
    return sorted(ProblemKind.objects.filter(run=run).values_list("code", flat=True))


def outside(run: Run) -> list[tuple[str, str]]:
    return list(OutsideLink.objects.filter(run=run).order_by("url").values_list("reason", "url"))


def test_shop_is_crawled_by_the_sitemap_that_its_robots_names() -> None:
    with ShopServer(epoch=4) as shop:
        run = finished(
            a_run(
                f"{shop.origin}/",
                scraper="demo_shop",
                key=["sku"],
                obey_robots=True,
                robots_sitemaps=True,
                max_depth=0,
            )
        )
    products = catalogue.products(epoch=4)
    assert (run.state, run.failed) == (RunState.FINISHED, 0)
    assert {item.data["sku"] for item in Item.objects.all()} == {product.sku for product in products}
    kinds = dict(SitemapReading.objects.values_list("url", "kind"))
    assert kinds == {
        f"{shop.origin}/robots.txt": RequestKind.ROBOTS,
        f"{shop.origin}/sitemap.xml": RequestKind.SITEMAP,
    }
    listing = SitemapReading.objects.get(kind=RequestKind.SITEMAP)
    assert (listing.entries, listing.taken) == (run.pages, run.pages)
    assert (shop.asked.count("/robots.txt"), shop.asked.count("/sitemap.xml")) == (1, 1)
    assert_conserved(run)


def test_second_run_takes_only_what_changed_since_the_one_before(site: HostileSite) -> None:
    site.serve("/s.xml", a_sitemap(site, "/p/1", lastmod="2001-01-01T00:00:00Z"))
    site.serve("/t.txt", site.url("/p/2"))
    first = crawled(site, "/s.xml", "/t.txt", sitemaps_since="last_run")
    assert first.pages == 3

    second = finished(again(first))

    assert (second.pages, second.out_of_scope) == (2, 1)
    assert outside(second) == [("unchanged", site.url("/p/1"))]
    assert Page.objects.get(url=site.url("/p/1")).lastmod is not None


def test_robots_is_read_for_its_sitemaps_also_where_it_is_not_obeyed(site: HostileSite) -> None:
    site.robots = "rules"
    site.serve("/sitemap.xml", a_sitemap(site, "/p/1", "/private/x"))
    site.serve("/private/x", "x")
    run = crawled(site, robots_sitemaps=True)
    assert fetched(run, site) == ["/", "/p/1", "/private/x"]
    assert readings(run, site) == {"/robots.txt": (0, 0, 1), "/sitemap.xml": (2, 2, 0)}


def test_host_without_robots_names_no_sitemaps_and_that_is_no_failure(site: HostileSite) -> None:
    run = crawled(site, robots_sitemaps=True)
    assert (run.state, run.failed, run.pages) == (RunState.FINISHED, 0, 1)
    assert readings(run, site) == {"/robots.txt": (0, 0, 0)}


def test_robots_rules_hold_for_sitemaps_and_for_what_they_list(site: HostileSite) -> None:
    site.robots = "rules"
    site.serve("/s.xml", a_sitemap(site, "/p/1", "/private/x"))
    run = crawled(site, "/s.xml", "/private/s.xml", obey_robots=True)
    assert fetched(run, site) == ["/", "/p/1"]
    reasons = Request.objects.filter(run=run, state=RequestState.SKIPPED).values_list("url", "reason")
    assert {url.removeprefix(site.origin): reason for url, reason in reasons} == dict.fromkeys(
        ("/private/x", "/private/s.xml"), "robots: line 2, Disallow: /private/"
    )
    assert not [request for request in site.requests if request.path.startswith("/private")]


def test_every_form_is_read_however_it_is_compressed(site: HostileSite) -> None:
    plain = a_sitemap(site, "/p/1").encode()
    site.serve("/gzip.xml.gz", gzip.compress(plain.replace(b"/p/1", b"/p/2")))
    site.serve("/lie.xml.gz", plain)
    site.serve(
        "/coded.xml", gzip.compress(plain.replace(b"/p/1", b"/p/3")), headers=[("Content-Encoding", "gzip")]
    )
    twice = gzip.compress(gzip.compress(plain.replace(b"/p/1", b"/p/4")))
    site.serve("/twice.xml.gz", twice, headers=[("Content-Encoding", "gzip")])
    site.serve("/urls.txt", f"{site.url('/p/5')}\r\n{site.url('/p/6')}\r\n")
    site.serve("/rss", f"<rss><channel><item><link>{site.url('/p/7')}</link></item></channel></rss>")
    site.serve("/atom", f"<feed><entry><link href='{site.url('/p/8')}'/></entry></feed>")
    run = crawled(
        site, "/gzip.xml.gz", "/lie.xml.gz", "/coded.xml", "/twice.xml.gz", "/urls.txt", "/rss", "/atom"
    )
    assert fetched(run, site) == ["/", *(f"/p/{number}" for number in range(1, 9))]
    assert problems(run) == []


def test_loops_and_repetitions_of_indexes_are_read_once(site: HostileSite) -> None:
    site.serve("/a.xml", an_index(site, "/b.xml", "/a.xml", "/c.xml"))
    site.serve("/b.xml", an_index(site, "/a.xml", "/c.xml"))
    site.serve("/c.xml", a_sitemap(site, "/p/1", "/p/1", "/p/1#x"))
    run = crawled(site, "/a.xml")
    assert fetched(run, site) == ["/", "/p/1"]
    assert [len(site.asked(f"/{name}.xml")) for name in "abc"] == [1, 1, 1]


def test_indexes_that_never_end_are_left_after_three(site: HostileSite) -> None:
    for number in range(9):
        site.serve(f"/{number}.xml", an_index(site, f"/{number + 1}.xml"))
    run = crawled(site, "/0.xml")
    assert [number for number in range(9) if site.asked(f"/{number}.xml")] == [0, 1, 2, 3]
    assert problems(run) == ["sitemap_too_deep"]


def test_what_is_no_sitemap_fails_with_its_reason_and_the_run_goes_on(site: HostileSite) -> None:
    site.serve("/html", "<html><title>Not found</title></html>")
    bomb = "<!DOCTYPE u [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
    site.serve("/doctype", f"<?xml version='1.0'?>{bomb}<urlset><url><loc>/&b;</loc></url></urlset>")
    site.serve("/cut.gz", gzip.compress(a_sitemap(site, "/p/1").encode())[:-30])
    site.serve("/gone", "gone", status=410)
    run = crawled(site, "/html", "/doctype", "/cut.gz", "/gone")
    assert (run.state, run.pages, run.failed) == (RunState.FINISHED, 1, 4)
    failed = Request.objects.filter(run=run, state=RequestState.FAILED).values_list("url", "reason")
    assert {url.removeprefix(site.origin): reason for url, reason in failed} == {
        "/html": "sitemap_unreadable",
        "/doctype": "sitemap_unreadable",
        "/cut.gz": "sitemap_unreadable",
        "/gone": "status-410",
    }
    assert problems(run) == ["not_a_sitemap", "sitemap_doctype", "sitemap_malformed"]


def test_bombs_are_inflated_to_the_limit_only_and_said(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrapers.sitemap import stream

    monkeypatch.setattr(stream, "MAX_BYTES", 1_000_000)
    body = a_sitemap(site, "/p/1").encode().replace(b"</urlset>", b" " * 20_000_000 + b"</urlset>")
    site.serve("/bomb.gz", gzip.compress(body))
    site.serve("/coded", gzip.compress(body), headers=[("Content-Encoding", "gzip")])
    run = crawled(site, "/bomb.gz", "/coded")
    assert fetched(run, site) == ["/", "/p/1"]
    assert problems(run) == ["sitemap_malformed", "sitemap_too_large"]
    assert (run.done, run.failed) == (4, 0)


def test_redirects_of_sitemaps_are_followed_and_their_loops_are_not(site: HostileSite) -> None:
    site.serve("/moved.xml", status=301, headers=[("Location", "/there.xml")])
    site.serve("/there.xml", a_sitemap(site, "/p/1"))
    site.serve("/loop.xml", status=302, headers=[("Location", "/loop.xml")])
    run = crawled(site, "/moved.xml", "/loop.xml")
    assert fetched(run, site) == ["/", "/p/1"]
    assert Request.objects.get(run=run, state=RequestState.FAILED).reason == "redirect_loop"
    assert run.redirected == 1
    assert Request.objects.get(run=run, reason="redirected").leads_to == site.url("/there.xml")


def test_entries_of_other_sites_are_not_asked_for(site: HostileSite) -> None:
    site.serve(
        "/s.xml",
        a_sitemap(site, "/p/1").replace("</urlset>", "<url><loc>http://b.test/</loc></url></urlset>"),
    )
    run = crawled(site, "/s.xml")
    assert outside(run) == [("foreign", "http://b.test/")]
    assert fetched(run, site) == ["/", "/p/1"]


def test_page_limit_counts_pages_and_no_sitemaps(site: HostileSite) -> None:
    site.serve("/index.xml", an_index(site, *(f"/{number}.xml" for number in range(5))))
    for number in range(5):
        site.serve(f"/{number}.xml", a_sitemap(site, *(f"/p/{5 * number + n}" for n in range(5))))
    run = crawled(site, "/index.xml", max_pages=8)
    assert (run.state, run.pages) == (RunState.FINISHED, 8)
    unread = Request.objects.filter(run=run, kind=RequestKind.SITEMAP, state=RequestState.SKIPPED)
    assert set(unread.values_list("reason", flat=True)) <= {"page_limit"}
    assert run.over_budget > 0


def test_sitemap_that_is_a_page_too_is_asked_for_as_both(site: HostileSite) -> None:
    site.serve("/feed", f"<rss><channel><item><link>{site.url('/p/1')}</link></item></channel></rss>")
    site.serve("/", '<!doctype html><a href="/feed">feed</a>')
    run = crawled(site, "/feed", max_depth=1)
    assert len(site.asked("/feed")) == 2
    assert fetched(run, site) == ["/", "/feed", "/p/1"]


def test_sixty_thousand_entries_come_in_bounded_commits(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.stores.results import Committer

    sizes: list[int] = []
    commit = Committer.commit

    def noting(self: Committer, batch: Any) -> None:
        sizes.append(sum(len(result.found) for result in batch.results if hasattr(result, "found")))
        commit(self, batch)

    monkeypatch.setattr(Committer, "commit", noting)
    monkeypatch.setattr(lister, "READ_LIMIT_SECONDS", 300.0)  # however busy the machine is
    entries = [f"/x/{number}" for number in range(60_000)]
    site.serve("/s.xml", gzip.compress(a_sitemap(site, *entries).encode()))
    run = crawled(site, "/s.xml", max_pages=3)
    assert readings(run, site) == {"/s.xml": (50_000, 50_000, 0)}
    assert problems(run) == ["sitemap_too_many_urls"]
    assert (run.pages + run.failed, run.over_budget) == (3, 49_998)
    assert max(sizes) < 2 * listings.MOST_A_PART
    assert len([size for size in sizes if size]) >= 20
