"""A target is mended whose records go on to a page behind the list: each field on the page that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Item, Page, Request, Run, Target
from crawler.queries import exports, whereabouts
from crawler.queries import mending as queries
from crawler.services import comparing, looking, mending, reports
from tests.crawling import a_run, again
from tests.fakes.rules import a_page
from tests.integration.replays import done
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
START = "http://a.test/"
MANY = 12
PAGES = [f"{START}{number}" for number in range(MANY)]
FIELDS: dict[str, Any] = {
    "name": "css:.name",
    "link": {"css": "a", "type": "url"},
    "price": {"css": ".price", "type": "price", "follow": "link"},
}
OLD = {"row": "card", "name": "name", "price": "price"}
"""How what pages say is called; what is not named, a page does not say."""


def listed(called: dict[str, str]) -> bytes:
    return "".join(
        f'<li class="{called["row"]}">{named(number, called, "name")}{priced(number, called, "cost")}'
        f' <a href="/{number}">see</a></li>'
        for number in range(MANY)
    ).encode()


def detail(number: int, called: dict[str, str]) -> bytes:
    beside = f'<a href="/{(number + 1) % MANY}">next</a>'
    return f"{named(number, called, 'title')}{priced(number, called, 'price')}{beside}".encode()


def named(number: int, called: dict[str, str], part: str) -> str:
    return f'<b class="{called[part]}">Thing {number}</b>' if part in called else ""


def priced(number: int, called: dict[str, str], part: str) -> str:
    return f'<p class="{called[part]}">€ {number}.50</p>' if part in called else ""


def record(number: int) -> dict[str, Any]:
    return {"name": f"Thing {number}", "link": PAGES[number], "price": number + 0.5}


def crawled(run: Run, clock: FakeClock, called: dict[str, str], **broken: Any) -> Run:
    """Finish a run that reads a list and the page behind each of its rows, and do what follows."""
    clock.advance(3600)
    hands = Hands(clock)
    home = listed(called)
    hands.commit(visited(hands.claims()[START], *PAGES, body=home, page=a_page(home)))
    claims = hands.claims()
    results = []
    for number, url in enumerate(PAGES):
        html = detail(number, called)
        item = {"key": url} | record(number) | broken
        results.append(visited(claims[url], body=html, page=a_page(html), items=[item]))
    hands.release_all(*results)
    reports.report(run=fresh(run))
    comparing.work(now=clock.now())
    return fresh(run)


def broke(clock: FakeClock, called: dict[str, str], **broken: Any) -> Run:
    run = crawled(a_run(START, scraper="fields", row=".card", fields=FIELDS), clock, OLD)
    for _ in range(2):
        run = crawled(again(run), clock, OLD)
    run = crawled(again(run), clock, called, **broken)
    looking.advance(run=run.pk, now=clock.now(), budget_seconds=600)
    return Run.objects.get(pk=run.pk)


def repaired(run: Run, clock: FakeClock) -> mending.Look:
    """Save the best that is proposed, and read the pages again."""
    look = mending.look(run)
    assert look is not None
    clock.advance(60)
    replay = mending.repair(run, fields=look.chosen, row=look.mended.row, by=None, now=clock.now())
    assert done(replay.pk).state == "done"
    rows = {row["_url"]: row for row in exports.rows(target=run.target)}
    for number, url in enumerate(PAGES):
        assert {name: rows[url][name] for name in FIELDS} == record(number)
    return look


def test_field_of_the_page_behind_is_mended_there(clock: FakeClock) -> None:
    run = broke(clock, OLD | {"price": "amount"}, price=None)
    look = repaired(run, clock)

    declared = {"css": ".amount", "type": "price", "follow": "link"}
    assert (look.chosen, look.pages, look.without) == ({"price": declared}, MANY, ())
    assert Target.objects.get().fields == FIELDS | {"price": declared}
    given = look.counts("price")[0]
    assert given is not None
    assert (given.restored, given.pages, given.whole) == (MANY, MANY, MANY)
    assert look.progress is not None
    assert look.progress.tried == MANY


def test_field_of_the_list_is_mended_on_the_list(clock: FakeClock) -> None:
    run = broke(clock, OLD | {"name": "headline"}, name=None)
    look = repaired(run, clock)

    assert (look.chosen, look.pages) == ({"name": {"css": ".headline"}}, 1)
    given = look.counts("name")[0]
    assert given is not None
    assert (given.restored, given.pages, given.whole) == (MANY, 1, 1)


def test_fields_of_both_pages_are_mended_each_on_its_own(clock: FakeClock) -> None:
    run = broke(clock, OLD | {"name": "headline", "price": "amount"}, name=None, price=None)
    look = repaired(run, clock)

    assert {name: said["css"] for name, said in look.chosen.items()} == {
        "name": ".headline",
        "price": ".amount",
    }
    assert (look.pages, look.mended.row) == (MANY + 1, ".card")


def test_rows_that_are_gone_are_found_by_the_run_before_that_followed_their_links(clock: FakeClock) -> None:
    run = broke(clock, {"row": "tile", "name": "headline", "price": "price"}, name=None)
    Request.objects.filter(run=run).exclude(url=START).delete()
    run.report["data"]["drifts"] = [{"rule": "items", "field": None, "wanted": 12, "found": 0}]
    found = mending.propose(run)

    assert found.mended.row == ".tile"
    assert f"it gives {MANY} records where {MANY} were known, on 1 of the pages" in found.mended.note
    assert found.chosen["name"]["css"] == ".headline"
    assert found.mended.fields["link"][0].restored == MANY


def test_value_that_moved_to_the_other_page_is_not_found_and_that_is_said(clock: FakeClock) -> None:
    run = broke(clock, OLD, name=None)
    for page in Page.objects.filter(url=START):
        Page.objects.filter(pk=page.pk).update(body_hash=Page.objects.get(url=PAGES[0]).body_hash)
    found = mending.propose(run)

    assert (found.without, found.chosen) == (("name",), {})


def test_value_that_is_behind_the_link_now_is_found_there(clock: FakeClock) -> None:
    called = {key: said for key, said in OLD.items() if key != "name"} | {"title": "headline"}
    look = repaired(broke(clock, called, name=None), clock)

    assert (look.chosen, look.without) == ({"name": {"css": ".headline", "follow": "link"}}, ())
    given = look.counts("name")[0]
    assert given is not None
    assert (given.restored, given.pages, given.whole) == (MANY, MANY, MANY)


def test_value_that_is_on_the_list_now_is_found_there_where_records_stay_the_same(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = {key: said for key, said in OLD.items() if key != "price"} | {"cost": "cost"}
    run = broke(clock, called, price=None)
    assert mending.propose(run).without == ("price",)  # the page behind is what tells the records apart

    Target.objects.update(key=["link"])
    look = mending.propose(Run.objects.get(pk=run.pk))
    assert look.chosen == {"price": {"css": ".cost", "type": "price"}}
    assert look.mended.fields["price"][0].restored == MANY
    monkeypatch.setattr(mending, "LOOKED_SECONDS", 0.0)  # when time is up no other page is begun with
    assert mending.propose(Run.objects.get(pk=run.pk)).without == ("price",)


def test_pages_of_records_are_told_by_the_links_that_lead_there(clock: FakeClock) -> None:
    run = broke(clock, OLD | {"price": "amount"}, price=None)
    rows = [("", record(0)), ("", {"link": "http://a.test:x/"}), ("", {"link": None})]

    behind = whereabouts.pages(run, "link", rows, since=run.pk)
    first = whereabouts.pages(run, "", rows, since=run.pk)
    assert [page and page.url for page in behind] == [PAGES[0], None, None]
    assert [page and page.url for page in first] == [START, None, None]
    assert whereabouts.pages(run, "link", rows, since=run.pk + 1) == [None, None, None]
    assert len(queries.known(run, "link")) == Item.objects.count() == MANY
