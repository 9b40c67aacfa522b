"""What visits leave of a page's changes: the same as the estimator's own bookkeeping."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.engine.work import Claim
from crawler.models import Item, Page, Run
from crawler.policy.refresh.rates import Seen
from crawler.stores import items, pages
from crawler.stores.runs import Tallies
from tests.crawling import a_run
from tests.fakes.rules import a_page, some_rules
from tests.integration.stores.hands import an_item

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, 0, 123_000, tzinfo=UTC)


def a_claim(run: Run) -> Claim:
    rules = some_rules(run.pk, target=run.target_id)
    place: dict[str, Any] = {"id": 1, "host": 1, "backlog": 1, "epoch": 1, "depth": 0, "priority": 5}
    return Claim(rules=rules, url="http://a.test/", key=b"k" * 16, **place)


VISITS = ((0.0, b"a"), (3_600.0, b"a"), (90_000.5, b"b"), (90_001.25, b"b"), (500_000.0, b"c"))


def test_a_page_keeps_what_its_visits_saw() -> None:
    run = a_run()
    claim = a_claim(run)
    seen, before = Seen(), VISITS[0]
    for after, body in VISITS:
        pages.save([(claim, a_page(body))], now=NOW + timedelta(seconds=after))
        if after:
            seen = seen.after(seconds=after - before[0], changed=body != before[1])
        before = (after, body)
    page = Page.objects.get()
    for name in ("visits", "changes", "unchanged_seconds", "changed_seconds", "changed_squares"):
        assert getattr(page, name) == pytest.approx(getattr(seen, name), rel=1e-6, abs=1e-3), name
    assert page.changes == pytest.approx(1.98, abs=0.01)
    assert page.changed_at == page.last_seen == NOW + timedelta(seconds=500_000)


def test_a_visit_that_gave_the_page_ends_its_failures() -> None:
    run = a_run()
    claim = a_claim(run)
    pages.save([(claim, a_page(b"a"))], now=NOW)
    Page.objects.update(refresh_failures=5)
    pages.save([(claim, a_page(b"a"))], now=NOW + timedelta(hours=1))
    assert Page.objects.get().refresh_failures == 0


def test_a_page_that_a_batch_has_twice_is_visited_twice() -> None:
    run = a_run()
    claim = a_claim(run)
    other = replace(claim, url="http://a.test/other", key=b"o" * 16)
    pages.save([(claim, a_page(b"a")), (other, a_page(b"c")), (claim, a_page(b"b"))], now=NOW)
    page = Page.objects.get(url=claim.url)
    assert page.body_hash == a_page(b"b").body_hash
    assert page.changes == 1
    assert Page.objects.count() == 2


@pytest.mark.parametrize(
    ("after", "stays"), [({}, True), ({"size": 9}, True), ({"title": "Saucepan"}, None)], ids=str
)
def test_a_page_is_to_be_indexed_anew_only_where_what_is_searched_changed(
    after: dict[str, Any], stays: bool | None
) -> None:
    claim = a_claim(a_run())
    pages.save([(claim, replace(a_page(b"a"), title="Kettle"))], now=NOW)
    assert Page.objects.get().searchable is None
    Page.objects.update(searchable=True)

    pages.save([(claim, replace(a_page(b"b"), **{"title": "Kettle", **after}))], now=NOW)

    assert Page.objects.get().searchable is stays


@pytest.mark.parametrize(
    ("data", "url", "stays"),
    [
        ({"key": "k", "n": 1}, "http://a.test/", True),
        ({"key": "k", "n": 2}, "http://a.test/", None),
        ({"key": "k", "n": 1}, "http://a.test/moved", None),
    ],
    ids=["unchanged", "changed", "elsewhere"],
)
def test_an_item_is_to_be_indexed_anew_only_where_what_is_searched_changed(
    data: dict[str, Any], url: str, stays: bool | None
) -> None:
    run = a_run()
    claim = a_claim(run)
    items.save([(claim, [an_item({"key": "k", "n": 1})])], tallies=Tallies(), now=NOW)
    assert Item.objects.get().searchable is None
    Item.objects.update(searchable=True)

    items.save([(replace(claim, url=url), [an_item(data)])], tallies=Tallies(), now=NOW)

    assert Item.objects.get().searchable is stays
