"""Refreshes of the demo shop: known pages are asked again, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.models import Event, Page, RefreshPlan, Request, Run, RunState, RunTrigger
from crawler.services import refresh, targets
from crawler.urls import canonical
from tests.crawling import a_run, finished
from tests.law import assert_conserved
from tests.shop import ShopServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = 4, 5


@pytest.fixture
def shop() -> Iterator[ShopServer]:
    with ShopServer(epoch=BEFORE) as server:
        yield server


def refreshed(run: Run, *, per_day: int) -> Run:
    """Return a refresh of the target of `run`, whose budget was set two hours ago, once it was crawled."""
    now = timezone.now()
    targets.update(target=run.target, data={"refresh_per_day": per_day}, now=now - timedelta(hours=2))
    Page.objects.filter(last_seen__gt=now - timedelta(hours=1)).update(last_seen=now - timedelta(hours=1))
    assert refresh.tick(now=now) == 1
    return finished(Run.objects.get(trigger=RunTrigger.REFRESH))


def test_known_pages_are_asked_whether_they_changed_and_no_link_is_followed(shop: ShopServer) -> None:
    whole = finished(a_run(f"{shop.origin}/", scraper="demo_shop", key=["sku"], max_pages=40))
    shop.epoch, shop.asked = AFTER, []

    again = refreshed(whole, per_day=480)

    assert (again.state, again.discovered, again.pages) == (RunState.FINISHED, 20, 20)
    assert len(shop.asked) + len(shop.unchanged) == 20
    assert again.pages_unchanged == len(shop.unchanged) > 0
    assert again.out_of_scope == again.over_budget == 0
    seen = Page.objects.filter(run=again.pk)
    assert set(seen.values_list("visits", flat=True)) == {1.0}
    assert seen.filter(changes=1).count() == len(shop.asked)
    assert Event.objects.filter(run=again, kind="run.finished").count() == 1
    assert_conserved(again)


def test_what_changed_is_asked_sooner_again_than_what_did_not(shop: ShopServer) -> None:
    whole = finished(a_run(f"{shop.origin}/", scraper="demo_shop", key=["sku"], max_pages=40))
    Page.objects.update(last_seen=timezone.now() - timedelta(days=2))
    shop.epoch, shop.asked = AFTER, []
    again = refreshed(whole, per_day=960)
    later = again.finished_at or timezone.now()
    refresh.tick(now=later + timedelta(minutes=1))
    changed, same = (
        Page.objects.filter(run=again.pk, changes=count, refresh_at__isnull=False) for count in (1, 0)
    )
    assert changed.exists()
    assert same.exists()
    latest = max(page.refresh_at for page in changed if page.refresh_at)
    assert latest < min(page.refresh_at for page in same if page.refresh_at)
    assert RefreshPlan.objects.get().learnt_run == again.pk


def test_a_page_that_is_gone_fails_alone(shop: ShopServer) -> None:
    whole = finished(a_run(f"{shop.origin}/", scraper="demo_shop", key=["sku"], max_pages=20))
    first = Page.objects.order_by("id").first()
    assert first is not None
    gone = canonical(f"{shop.origin}/product/never-was/")
    Page.objects.filter(pk=first.pk).update(url=gone.text, key=gone.key)
    again = refreshed(whole, per_day=960)
    assert (again.state, again.failed) == (RunState.FINISHED, 1)
    assert Request.objects.get(run=again, state=3).reason == "status-404"
    refresh.tick(now=timezone.now() + timedelta(minutes=1))
    assert Page.objects.get(pk=first.pk).refresh_failures == 1
