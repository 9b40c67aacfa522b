"""Whole slices against the demo shop: what it sells, and what a second visit finds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from crawler.models import Item, ItemVersion, Page, RunState, Sighting, Target
from crawler.services import demo
from demo import catalogue
from tests.crawling import a_run, again, finished
from tests.law import assert_conserved
from tests.shop import ShopServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = 4, 5
NOT_STORED = ("/journal/leaflet.pdf",)
"""What is asked for without conditions each time, as there is nothing to go back to."""


@pytest.fixture
def shop() -> Iterator[ShopServer]:
    with ShopServer(epoch=BEFORE) as server:
        yield server


def expected(epoch: int) -> dict[str, tuple[str, float, bool]]:
    return {p.sku: (p.name, float(p.price), p.in_stock) for p in catalogue.products(epoch=epoch)}


def found() -> dict[str, tuple[str, float, bool]]:
    data: list[dict[str, Any]] = [item.data for item in Item.objects.all()]
    return {said["sku"]: (said["name"], said["price"], said["in_stock"]) for said in data}


def test_every_product_of_the_catalogue_becomes_an_item(shop: ShopServer) -> None:
    run = finished(a_run(f"{shop.origin}/", scraper="demo_shop", key=["sku"], obey_robots=True))

    assert (run.state, run.reason, run.failed, run.dead) == (RunState.FINISHED, "", 0, 0)
    assert found() == expected(BEFORE)
    assert run.items == run.items_new == len(expected(BEFORE))
    assert not [path for path in shop.asked if path.startswith("/cart")]
    assert shop.asked.pop(0) == "/robots.txt"
    assert [path for path, times in Counter(shop.asked).items() if times > 1] == []
    assert_conserved(run)


@pytest.mark.parametrize(
    ("start", "options"), [("", {"next": "a[rel=next]"}), ("?page=1", {"pages": "?page={n}"})]
)
def test_every_page_of_a_list_is_read_whatever_depth_and_patterns_say(
    shop: ShopServer, start: str, options: dict[str, str]
) -> None:
    run = finished(
        a_run(
            f"{shop.origin}/category/kitchen/{start}",
            scraper="fields",
            row=".card",
            fields={"name": {"css": "a", "required": True}, "price": {"css": ".price", "type": "price"}},
            options=options,
            key=["name"],
            max_depth=0,
            include=["nothing"],
        )
    )

    kitchen = [product for product in catalogue.products(epoch=BEFORE) if product.category == "kitchen"]
    data: list[dict[str, Any]] = [item.data for item in Item.objects.all()]
    assert {said["name"]: said["price"] for said in data} == {one.name: float(one.price) for one in kitchen}
    assert {urlsplit(path).path for path in shop.asked} == {"/category/kitchen/"}
    assert len(shop.asked) == len(set(shop.asked)) > 1
    # Only a page that is not there tells that numbers have come to their end.
    assert (run.state, run.failed) == (RunState.FINISHED, 1 if "pages" in options else 0)
    assert_conserved(run)


def test_second_run_fetches_only_what_changed_and_keeps_both_versions(shop: ShopServer) -> None:
    first = finished(a_run(f"{shop.origin}/", scraper="demo_shop", key=["sku"]))
    shop.epoch, shop.asked = AFTER, []

    second = finished(again(first))

    changed = {sku for sku, said in expected(AFTER).items() if said != expected(BEFORE)[sku]}
    assert 0 < len(changed) < len(expected(AFTER))
    assert found() == expected(AFTER)
    assert second.items_changed == len(changed)
    assert (second.items, second.items_new) == (first.items, 0)
    assert second.pages == first.pages
    assert second.pages_unchanged == len([*shop.unchanged, *NOT_STORED]) > len(NOT_STORED)
    versions = ItemVersion.objects.values_list("item__data__sku", flat=True)
    assert changed == set(versions)
    assert Sighting.objects.filter(run=second).count() == second.items
    assert not Page.objects.filter(run=first.pk).exists()
    for run in (first, second):
        assert_conserved(run)


def test_items_stay_the_same_when_the_shop_moves_to_another_port(
    shop: ShopServer, django_user_model: type[User]
) -> None:
    owner = django_user_model.objects.create_superuser("ada")
    with ShopServer(epoch=BEFORE) as moved:
        for url in (f"{shop.origin}/", f"{moved.origin}/"):
            target = demo.register(owner=owner, url=url, now=timezone.now())
            Target.objects.filter(pk=target.pk).update(delay_seconds=0.0)
            run = demo.crawl(Target.objects.get(), now=timezone.now())
            assert run is not None
            assert finished(run).state == RunState.FINISHED

        assert {urlsplit(item.url).netloc for item in Item.objects.all()} == {urlsplit(moved.origin).netloc}
    assert Item.objects.count() == len(expected(BEFORE))
