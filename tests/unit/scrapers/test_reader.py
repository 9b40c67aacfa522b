"""Reading: whatever a page or a scraper does, there is a reading."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from scrapers import reader, registry
from scrapers.links import Link
from scrapers.page import Page
from scrapers.reader import Facts, Reading, Scraped

URL = "https://shop.example/"


@dataclass
class Yields:
    """A scraper that does what a test says."""

    parse: Callable[[Page], Iterable[Any]]
    name: str = "yields"


class TimedOut(BaseException):
    """What the engine's alarm raises."""


def page(body: str = "<title>T</title><a href=/1>1</a>", **headers: str) -> Page:
    return Page(url=URL, body=body.encode(), headers={"content-type": "text/html", **headers})


def read(*yielded: Any) -> Reading:
    return reader.read(page(), Yields(lambda _: yielded))


def test_links_of_the_page_come_with_those_of_the_scraper_once() -> None:
    reading = read(Link(url=URL + "2"), Link(url=URL + "1"), {"a": 1})
    assert [link.url for link in reading.links] == [URL + "1", URL + "2"]
    assert reading.items == (Scraped(data={"a": 1}),)


def test_scraper_that_raises_costs_only_what_it_had_not_yielded() -> None:
    def parse(_: Page) -> Iterable[dict[str, int]]:
        yield {"a": 1}
        raise LookupError("no price")

    reading = reader.read(page(), Yields(parse))
    assert reading.items == (Scraped(data={"a": 1}),)
    assert [link.url for link in reading.links] == [URL + "1"]
    (problem,) = reading.problems
    assert problem.code == "scraper_raised"
    line = parse.__code__.co_firstlineno + 2
    assert problem.message == f"yields raised LookupError: no price (test_reader.py, line {line})"
    assert "in parse" in problem.detail


def test_time_out_passes_through() -> None:
    def parse(_: Page) -> Iterable[Any]:
        raise TimedOut

    with pytest.raises(TimedOut):
        reader.read(page(), Yields(parse))


def test_scraper_that_yields_something_else_is_reported() -> None:
    assert [problem.code for problem in read("text").problems] == ["scraper_raised"]


def test_scraper_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ITEMS", 5)
    reading = reader.read(page(), Yields(lambda _: iter(lambda: {"a": 1}, None)))
    assert len(reading.items) == 5
    assert [problem.code for problem in reading.problems] == ["too_many_items"]


def test_values_of_python_become_json() -> None:
    moment = datetime(2024, 1, 2, 3, tzinfo=UTC)
    said = {
        "d": date(2024, 1, 2),
        "t": moment,
        "p": Decimal("1.5"),
        "s": ("a",),
        "n": float("nan"),
        "z": "a\0b",
    }
    (item,) = read(said).items
    assert item.data == {
        "d": "2024-01-02", "t": "2024-01-02T03:00:00+00:00", "p": 1.5, "s": ["a"], "n": None, "z": "ab",
    }  # fmt: skip


def test_text_that_spells_an_escape_is_kept() -> None:
    (item,) = read({"z": "a\\u0000b"}).items
    assert item.data == {"z": "a\\u0000b"}


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "a"}, "half \ud83d", 2**70])
def test_value_that_is_no_json_costs_the_item_and_is_reported(value: object) -> None:
    reading = read({"a": value}, {"b": 1})
    assert reading.items == (Scraped(data={"b": 1}),)
    assert [problem.code for problem in reading.problems] == ["bad_type"]


def test_item_that_contains_itself_is_reported() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    assert [problem.code for problem in read(endless).problems] == ["bad_type"]


def test_item_beyond_a_mebibyte_is_reported_instead() -> None:
    assert [problem.code for problem in read({"a": "x" * 2**20}).problems] == ["item_too_large"]


def test_problems_of_one_page_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_PROBLEMS", 3)
    assert len(read(*[{"a": object()}] * 9).problems) == 3


def test_empty_item_is_not_stored() -> None:
    assert read({}).items == ()


def test_facts_are_those_of_the_page() -> None:
    markup = "<html lang=en><title>T</title><link rel=canonical href=/c><meta name=robots content=noindex>"
    assert reader.read(page(markup), registry.compile(name="none")).facts == Facts(
        title="T", canonical=URL + "c", language="en", noindex=True
    )


def test_page_that_is_not_html_still_gives_a_reading() -> None:
    binary = Page(url=URL, body=b"\x89PNG\x00", headers={"content-type": "image/png"})
    for name in ("auto", "none", "site"):
        reading = reader.read(binary, registry.compile(name=name))
        assert reading == Reading(items=(), links=(), problems=(), facts=Facts())


def test_broken_json_is_a_problem_of_the_page() -> None:
    broken = Page(url=URL, body=b"{oh", headers={"content-type": "application/json"})
    reading = reader.read(broken, registry.compile(name="fields", fields={"a": "jmespath:a"}))
    assert reading.problems[0].message.startswith("fields raised NotJson")


def test_truncated_tree_is_a_fact() -> None:
    deep = page("<div>" * 5000 + "<p>x")
    assert reader.read(deep, registry.compile(name="fields", fields={"a": "xpath://p"})).facts.parse_truncated


def test_page_that_forbids_following_gives_no_links_whoever_found_them() -> None:
    yields = Yields(lambda _: (Link(url=URL + "2"), {"a": 1}))

    reading = reader.read(page(**{"x-robots-tag": "otherbot: all\ntrawl: nofollow"}), yields)

    assert (reading.links, len(reading.items), reading.facts.nofollow) == ((), 1, True)


def test_what_only_some_pages_need_can_be_loaded_before() -> None:
    code = (
        "import sys; from scrapers import reader; before = {*sys.modules}; reader.preload(); "
        "print(*sorted({'bs4', 'dateparser'} & ({*sys.modules} - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "bs4 dateparser\n"
