"""Which links belong to a target."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.frontier.scope import Scope, compile_scope
from crawler.urls import canonical


def scope(kind: str, *starts: str, **rules: Any) -> Scope:
    values: dict[str, Any] = {"include": [], "exclude": [], "max_depth": None}
    return compile_scope(kind=kind, starts=starts, **values | rules)


def refusal(where: Scope, url: str, depth: int = 1) -> str | None:
    return where.refusal(canonical(url), depth=depth)


@pytest.mark.parametrize(
    ("kind", "start", "url", "within"),
    [
        ("prefix", "https://a.test/docs/intro.html", "https://a.test/docs/more", True),
        ("prefix", "https://a.test/docs/intro.html", "https://a.test/docs/deep/er", True),
        ("prefix", "https://a.test/docs/", "https://a.test/docs", False),
        ("prefix", "https://a.test/docs/", "https://a.test/docsify/", False),
        ("prefix", "https://a.test/docs/", "https://b.test/docs/", False),
        ("prefix", "https://a.test/docs", "https://a.test/anything", True),
        ("host", "https://a.test/", "https://a.test/x", True),
        ("host", "https://a.test/", "http://a.test/x", True),
        ("host", "https://a.test/", "https://www.a.test/x", True),
        ("host", "https://www.a.test/", "https://a.test/x", True),
        ("host", "https://a.test/", "https://shop.a.test/x", False),
        ("host", "https://a.test/", "https://a.test:8443/x", False),
        ("host", "http://a.test:8080/", "http://a.test:8080/x", True),
        ("host", "http://127.0.0.1:8001/", "http://127.0.0.1:8002/", False),
        ("domain", "https://a.example.co.uk/", "https://b.example.co.uk/", True),
        ("domain", "https://a.example.co.uk/", "https://other.co.uk/", False),
        ("domain", "https://me.github.io/", "https://you.github.io/", False),
        ("domain", "https://a.example.org/", "http://example.org:8080/x", True),
    ],
)
def test_place_of_a_link_decides(kind: str, start: str, url: str, within: bool) -> None:
    assert refusal(scope(kind, start), url) == (None if within else kind)


@pytest.mark.parametrize(
    ("kind", "url", "refused"),
    [
        ("host", "https://a.test/list?page=2", None),
        ("page", "https://a.test/list?page=2", None),
        ("page", "https://www.a.test/other", None),
        ("page", "https://b.test/list?page=2", "page"),
        ("prefix", "https://a.test/list/2", None),
        ("prefix", "https://b.test/list/2", "prefix"),
        ("host", "https://b.test/list?page=2", "host"),
        ("host", "https://a.test/a/a/a/a", "trap_repeats"),
    ],
)
def test_next_page_of_a_list_is_taken_where_the_list_may_be(kind: str, url: str, refused: str | None) -> None:
    where = scope(kind, "https://a.test/list", include=["nothing"], max_depth=0)
    assert where.refusal(canonical(url), depth=3, continues=True) == refused
    assert where.refusal(canonical(url), depth=3) == "depth"


def test_links_of_a_single_page_are_never_followed() -> None:
    page = scope("page", "https://a.test/one", max_depth=7)

    assert refusal(page, "https://a.test/one", depth=0) is None
    assert refusal(page, "https://a.test/two", depth=1) == "depth"
    assert refusal(page, "https://a.test/one", depth=1) == "depth"


def test_every_start_url_opens_its_own_place() -> None:
    two = scope("host", "https://a.test/", "https://b.test/")

    assert refusal(two, "https://b.test/x") is None


def test_depth_counts_from_the_start_urls() -> None:
    shallow = scope("host", "https://a.test/", max_depth=2)

    assert refusal(shallow, "https://a.test/x", depth=2) is None
    assert refusal(shallow, "https://a.test/x", depth=3) == "depth"


def test_include_and_exclude_are_searched_in_the_whole_url() -> None:
    picky = scope("host", "https://a.test/", include=[r"/product/", r"\?page="], exclude=[r"reviews$"])

    assert refusal(picky, "https://a.test/product/1") is None
    assert refusal(picky, "https://a.test/list?page=2") is None
    assert refusal(picky, "https://a.test/about") == "include"
    assert refusal(picky, "https://a.test/product/1/reviews") == "exclude"


def test_place_where_a_start_url_led_belongs_to_the_scope_that_joined_it() -> None:
    before = scope("host", "https://example.com/")
    landing = canonical("https://www.example.org/welcome")

    assert not before.covers(landing)
    after = before.joined(landing)
    assert after.covers(landing)
    assert refusal(after, "https://example.org/about") is None
    assert refusal(after, "https://example.com/about") is None
    assert refusal(before, "https://example.org/about") == "host"


def test_trap_is_refused_within_the_scope() -> None:
    assert refusal(scope("host", "https://a.test/"), "https://a.test/x/x/x/") == "trap_repeats"
    assert refusal(scope("host", "https://a.test/"), "https://b.test/x/x/x/") == "host"


def test_depth_of_its_own_takes_the_place_of_the_bound_against_traps() -> None:
    url = "https://a.test/next"

    assert refusal(scope("host", "https://a.test/"), url, depth=20) is None
    assert refusal(scope("host", "https://a.test/"), url, depth=21) == "trap_depth"
    assert refusal(scope("host", "https://a.test/", max_depth=300), url, depth=21) is None
    assert refusal(scope("host", "https://a.test/", max_depth=300), url, depth=301) == "depth"
