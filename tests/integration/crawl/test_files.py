"""Slices with the scraper `files`: what is stored of pictures and documents, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import Item, Page
from crawler.stores import snapshots
from demo import journal
from tests.crawling import a_run, again, finished
from tests.shop import ShopServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
FILES = {"/journal/leaflet.pdf", *(f"/journal/{story.slug}.png" for story in journal.STORIES)}


@pytest.fixture
def shop() -> Iterator[ShopServer]:
    with ShopServer(epoch=4) as server:
        yield server


def stored(shop: ShopServer) -> set[str]:
    pages = Page.objects.values_list("url", "body_hash")
    return {url.removeprefix(shop.origin) for url, body in pages if snapshots.is_stored(bytes(body))} & FILES


def test_files_become_items_and_are_not_stored_unless_asked_for(shop: ShopServer) -> None:
    run = finished(a_run(f"{shop.origin}/journal/", scraper="files", scope="prefix"))

    assert {item.data["url"].removeprefix(shop.origin) for item in Item.objects.all()} == FILES
    assert (run.items, stored(shop)) == (len(FILES), set())


def test_files_that_are_kept_are_stored_once_and_shown_small(shop: ShopServer, admin_client: Client) -> None:
    first = finished(
        a_run(f"{shop.origin}/journal/", scraper="files", scope="prefix", options={"keep": True})
    )
    assert stored(shop) == FILES

    finished(again(first))
    assert set(shop.unchanged) >= FILES
    assert stored(shop) == FILES

    of_kind = {item.data["kind"]: item for item in Item.objects.all()}
    picture, document = of_kind["picture"], of_kind["document"]
    page = Page.objects.get(url=picture.url)
    address = reverse("page-thumbnail", args=[page.pk])
    assert address in admin_client.get(reverse("item", args=[picture.pk])).content.decode()
    assert "thumbnail" not in admin_client.get(reverse("item", args=[document.pk])).content.decode()


def test_picture_that_was_not_stored_is_when_it_is_asked_for_later(shop: ShopServer) -> None:
    first = finished(a_run(f"{shop.origin}/journal/", scraper="files", scope="prefix"))
    first.target.options = {"keep": True}
    first.target.save(update_fields=["options"])

    finished(again(first))

    assert stored(shop) == FILES
