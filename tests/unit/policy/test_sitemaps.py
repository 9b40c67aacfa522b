"""What is believed of sitemaps: whose URLs they may list, and when pages changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.policy import sitemaps
from crawler.urls import canonical

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SITEMAP = "https://cdn.example.net/sitemap.xml"


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://example.net/a", True),
        ("http://shop.example.net:8080/a", True),
        ("https://example.org/a", False),
        ("https://evil-example.net/a", False),
    ],
)
def test_sitemap_may_list_its_own_registrable_domain(url: str, listed: bool) -> None:
    trusted = sitemaps.trust(
        SITEMAP, via=("https://cdn.example.net/robots.txt",), home=("https://example.org",)
    )
    assert trusted.covers(canonical(url)) is listed


def test_host_whose_robots_names_a_sitemap_elsewhere_may_be_listed_and_no_other_one() -> None:
    trusted = sitemaps.trust(
        SITEMAP, via=("https://www.example.org/robots.txt",), home=("https://example.com",)
    )
    assert trusted.covers(canonical("https://www.example.org/a"))
    assert not trusted.covers(canonical("https://shop.example.org/a"))
    assert not trusted.covers(canonical("https://example.com/a"))


def test_sitemap_given_by_hand_may_list_where_the_target_starts() -> None:
    trusted = sitemaps.trust(SITEMAP, via=(), home=("https://example.org:8443",))
    assert trusted.covers(canonical("https://shop.example.org/a"))
    assert not trusted.covers(canonical("https://example.com/a"))


def test_sitemap_is_another_request_than_the_page_of_its_url() -> None:
    url = canonical(SITEMAP)
    assert len({url.key, sitemaps.as_sitemap(url).key}) == 2
    own = sitemaps.as_sitemap(url, named_by="https://www.example.net/robots.txt")
    assert own == sitemaps.as_sitemap(url)
    foreign = sitemaps.as_sitemap(url, named_by="https://example.org/robots.txt")
    assert foreign.key != own.key


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08+02:00", datetime(2024, 5, 6, 5, 8, tzinfo=UTC)),
        ("2024-05-06T07:08:09.45", datetime(2024, 5, 6, 7, 8, 9, 450_000, tzinfo=UTC)),
        ("2024-05-06", datetime(2024, 5, 6, tzinfo=UTC)),
        ("2024-05", datetime(2024, 5, 1, tzinfo=UTC)),
        (" 2024 ", datetime(2024, 1, 1, tzinfo=UTC)),
        ("Mon, 06 May 2024 07:08:09 +0200", datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)),
    ],
)
def test_times_of_sitemaps_and_feeds_are_read(said: str, at: datetime) -> None:
    change = sitemaps.changed(said, now=NOW)
    assert change is not None
    assert change.at == at


@pytest.mark.parametrize(
    "said",
    [
        *(None, "", "yesterday", "2024-13-01", "06/05/2024", "9999-12-31", "x" * 99, "2027-01-01", "0000"),
        "Fri, 31 Dec 9999 23:59:59 +0000",
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)
def test_what_makes_no_sense_or_lies_ahead_says_nothing(said: str | None) -> None:
    assert sitemaps.changed(said, now=NOW) is None


@pytest.mark.parametrize(
    ("said", "older"),
    [
        ("2024-05-06T09:59:59Z", True),
        ("2024-05-06T10:00:01Z", False),
        ("2024-05-06", False),  # may have been in the evening, and further west
        ("2024-05-04", True),
        ("2024-05", False),
        ("2024-03", True),
        ("2024", False),
        ("2022", True),
        ("rubbish", False),
    ],
)
def test_only_what_certainly_did_not_change_is_older(said: str, older: bool) -> None:
    after = datetime(2024, 5, 6, 10, tzinfo=UTC)
    assert sitemaps.is_older(sitemaps.changed(said, now=NOW), after) is older
    assert not sitemaps.is_older(sitemaps.changed(said, now=NOW), None)


def test_clock_of_a_site_may_be_a_day_ahead() -> None:
    ahead = (NOW + timedelta(hours=20)).isoformat()
    assert sitemaps.changed(ahead, now=NOW) is not None
