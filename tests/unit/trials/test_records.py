"""Stored pages are read again in a process that can be ended, whatever one of them does."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import trials
from crawler.trials import Completed, Records, StoredPage, Unreadable
from scrapers.links import Carried
from scrapers.registry import InvalidScraper

pytestmark = pytest.mark.usefixtures("forked_trials")

HTML = {"content-type": "text/html"}
NAMES = {"name": "fields", "fields": {"name": "css:h1"}}
PRICES = {"name": "fields", "fields": {"name": "css:h1", "price": {"css": "p", "type": "price"}}}
FOLLOWING: dict[str, Any] = {
    "name": "fields",
    "fields": {
        "name": "css:h1",
        "link": {"css": "a", "type": "url"},
        "text": {"css": "p", "follow": "link"},
    },
}
ENDLESS = "//h1[.='Kettle'][count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0]"


def page(name: str, more: str = "") -> StoredPage:
    return StoredPage(f"https://shop.test/{name}", HTML, f"<h1>{name}</h1><p>€ 5</p>{more}".encode())


def test_each_page_is_read_with_both_scrapers() -> None:
    (kettle, pot) = trials.records_of(PRICES, [page("Kettle"), page("Pot")], before=NAMES)

    assert kettle == Records(({"name": "Kettle", "price": 5.0},), ({"name": "Kettle"},), ())
    assert isinstance(pot, Records)
    assert pot.items == ({"name": "Pot", "price": 5.0},)


def test_scraper_of_before_that_is_gone_reads_nothing() -> None:
    (read,) = trials.records_of(NAMES, [page("Kettle")], before={"name": "gone_site"})

    assert read == Records(({"name": "Kettle"},), None, ())


def test_problems_come_with_the_records() -> None:
    wanted = {"name": "fields", "fields": {"sku": {"css": ".sku", "required": True}, "name": "css:h1"}}
    (read,) = trials.records_of(wanted, [page("Kettle")])

    assert isinstance(read, Records)
    assert read.items == ()
    assert [(problem.code, problem.field) for problem in read.problems] == [("missing_required", "sku")]


def test_records_that_go_on_to_other_pages_are_told_apart() -> None:
    (read,) = trials.records_of(FOLLOWING, [page("Kettle", "<a href=/1>one</a>")], before=NAMES)
    assert isinstance(read, Records)
    assert (read.items, read.before, read.problems) == ((), ({"name": "Kettle"},), ())
    assert [(one.url, one.data["name"]) for one in read.follows] == [("https://shop.test/1", "Kettle")]
    assert read.followed_before == ()


def test_records_are_completed_on_the_pages_that_they_were_carried_to() -> None:
    names = [Carried(url="u", callback="link", data={"name": name, "link": "u"}) for name in ("a", "b")]
    told = trials.completed_of(FOLLOWING, [(page("1"), names), (page("2"), names[:1])])
    items = [one.items for one in told if isinstance(one, Completed)]
    assert items == [({"name": name, "link": "u", "text": "€ 5"},) for name in ("a", "b", "a")]

    one = trials.completed_of(FOLLOWING, [(page("1"), names)], cpu_seconds=0.0)
    assert [type(came) for came in one] == [Completed]


def test_page_that_takes_too_long_for_a_record_is_the_last_that_is_told_of() -> None:
    fields = FOLLOWING["fields"] | {"text": {"xpath": ENDLESS, "follow": "link"}}
    slow = page("Kettle", "<b>x</b>" * 300)
    carried = [Carried(url="u", callback="link", data={"name": "a", "link": "u"})]
    told = trials.completed_of(
        {"name": "fields", "fields": fields},
        [(page("Pot"), carried), (slow, carried), (page("Pan"), carried)],
        page_cpu_seconds=0.5,
    )
    assert [type(one) for one in told] == [Completed, Unreadable]


def test_records_cannot_be_completed_by_a_scraper_that_follows_nothing() -> None:
    carried = [Carried(url="u", callback="link", data={"name": "a"})]
    with pytest.raises(InvalidScraper, match="no other pages"):
        trials.completed_of(NAMES, [(page("Pot"), carried)])


def test_page_that_takes_too_long_ends_the_reading_and_is_told_of_last() -> None:
    slow = page("Kettle", "<b>x</b>" * 300)
    told = trials.records_of(
        {"name": "fields", "fields": {"a": {"xpath": ENDLESS}}},
        [page("Pot"), slow, page("Pan")],
        page_cpu_seconds=0.5,
    )

    assert [type(one) for one in told] == [Records, Unreadable]
    assert told[1].code == "reader_timed_out"  # type: ignore[union-attr]


def test_time_for_all_pages_ends_between_two() -> None:
    pages = [page(str(number)) for number in range(50)]

    assert trials.records_of(NAMES, pages, cpu_seconds=0.0) == [Records(({"name": "0"},), None, ())]


def test_room_for_all_pages_ends_between_two_and_a_page_beyond_it_is_told_apart() -> None:
    every = {"name": "fields", "row": "css:b", "fields": {"all": {"xpath": "string(/html)"}}}
    most = page("Most", "<b></b>" * 500 + "x" * 20_000)
    beyond = page("Beyond", "<b></b>" * 500 + "x" * 40_000)

    told = trials.records_of(every, [most, page("Pot"), page("Pan"), beyond])
    assert [type(one) for one in told] == [Records] * 3 + [Unreadable]
    told = trials.records_of(every, [most, most, page("Pot")])
    assert [type(one) for one in told] == [Records] * 2


def test_settings_that_make_no_scraper_are_refused() -> None:
    with pytest.raises(InvalidScraper, match="unknown"):
        trials.records_of({"name": "nothing"}, [page("Kettle")])
