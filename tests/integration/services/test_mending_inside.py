"""A target is mended whose fields broke inside of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Run, Target
from crawler.queries import exports
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
PRICE = {"css": ".price", "type": "price"}
FIELDS: dict[str, Any] = {
    "name": "css:h1",
    "offers": {"css": ".offer", "many": True, "fields": {"seller": "css:b", "price": PRICE}},
}
OLD = {"offer": "offer", "price": "price"}


def body(number: int, called: dict[str, str]) -> bytes:
    offers = "".join(
        f'<li class="{called["offer"]}"><b>Shop {part}</b> '
        f'<i class="{called["price"]}">€ {number}.{part}0</i></li>'
        for part in (1, 2)
    )
    return f"<h1>Thing {number}</h1><ul>{offers}</ul>".encode()


def offers(number: int, *, priced: bool = True) -> list[dict[str, Any]]:
    return [
        {"seller": f"Shop {part}", **({"price": number + part / 10} if priced else {})} for part in (1, 2)
    ]


def crawled(run: Run, clock: FakeClock, called: dict[str, str], **broken: Any) -> Run:
    """Finish a run that reads a thing with offers on each of its pages, and do what follows."""
    clock.advance(3600)
    hands = Hands(clock)
    pages = [f"{START}{number}" for number in range(MANY)]
    hands.commit(visited(hands.claims()[START], *pages, body=b"home"))
    claims = hands.claims()
    results = []
    for number, url in enumerate(pages):
        item = {"key": url, "name": f"Thing {number}", "offers": offers(number)} | broken
        html = body(number, called)
        results.append(visited(claims[url], body=html, page=a_page(html), items=[item]))
    hands.release_all(*results)
    reports.report(run=fresh(run))
    comparing.work(now=clock.now())
    return fresh(run)


def broke(clock: FakeClock, called: dict[str, str], **broken: Any) -> Run:
    run = crawled(a_run(START, scraper="fields", fields=FIELDS), clock, OLD)
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
    rows = exports.rows(target=run.target)
    assert {row["_url"]: row["offers"] for row in rows} == {
        f"{START}{number}": offers(number) for number in range(MANY)
    }
    return look


def test_field_inside_of_objects_is_mended_in_its_place(clock: FakeClock) -> None:
    gone = [{"seller": "Shop 1"}, {"seller": "Shop 2"}]
    run = broke(clock, OLD | {"price": "amount"}, offers=gone)
    assert queries.broken(run) == ["offers.price"]
    look = repaired(run, clock)

    amount = {"css": ".amount", "type": "price"}
    assert (look.chosen, look.without) == ({"offers.price": amount}, ())
    offers_ = FIELDS["offers"] | {"fields": {"seller": "css:b", "price": amount}}
    assert Target.objects.get().fields == FIELDS | {"offers": offers_}
    (given,) = [one for one in look.counts("offers.price") if one and one.whole == MANY][:1]
    assert (given.restored, given.known, given.pages) == (2 * MANY, 2 * MANY, MANY)


def test_objects_that_are_gone_are_mended_as_a_whole(clock: FakeClock) -> None:
    run = broke(clock, {"offer": "deal", "price": "amount"}, offers=None)
    look = repaired(run, clock)

    assert look.broken == ("offers",)
    assert look.chosen["offers"]["css"] == ".deal"
    assert Target.objects.get().fields["offers"]["fields"]["price"] == {"css": ".amount", "type": "price"}


def test_place_that_is_not_declared_is_refused(clock: FakeClock) -> None:
    run = broke(clock, OLD | {"price": "amount"}, offers=[{"seller": "Shop 1"}])
    with pytest.raises(mending.CannotMend, match=r"offers\.colour is not declared by A site"):
        mending.repair(run, fields={"offers.colour": "css:b"}, row="", by=None, now=clock.now())
    assert Target.objects.get().fields == FIELDS


def test_objects_that_broke_stand_for_what_is_inside_of_them(clock: FakeClock) -> None:
    run = crawled(a_run(START, scraper="fields", fields=FIELDS), clock, OLD)
    drifts = [{"field": one} for one in ("offers.price.cents", "offers", "unknown", "name")]
    run.report = {"data": {"drifts": drifts}}
    assert queries.broken(run) == ["name", "offers"]
