"""A stored page is shown caged, and its source as plain text: nothing of it runs on our origin."""

from __future__ import annotations

import struct

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from crawler.models import Item, Page, Run
from crawler.stores import snapshots
from crawler.urls import key_of
from demo import journal
from demo.catalogue import categories
from tests.integration.pages.conftest import NOW
from tests.markup import elements

HTML = "<title>Café</title><script>alert(1)</script><p>Größe</p>".encode("windows-1252")


@pytest.fixture
def page(run: Run, torch: Item) -> Page:
    with transaction.atomic():
        snapshots.save({b"h" * 16: (snapshots.compress(HTML), len(HTML))}, now=NOW)
    return Page.objects.create(
        target=run.target,
        key=key_of(torch.url),
        url=torch.url,
        run=run.pk,
        status=200,
        content_type="text/html; charset=windows-1252",
        title="<script>alert(1)</script>",
        body_hash=b"h" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )


def test_item_leads_to_its_page_and_the_page_frames_it_in_a_sandbox(
    client: Client, page: Page, torch: Item
) -> None:
    item = client.get(reverse("item", args=[torch.pk])).content
    link = next(a.get("href") for a in elements(item, "//a") if a.text == "stored page")
    shown = client.get(str(link), follow=True)

    assert shown.redirect_chain == [(reverse("page", args=[page.pk]), 302)]
    (frame,) = elements(shown.content, "//iframe")
    assert (frame.get("sandbox"), frame.get("src")) == ("", reverse("page-preview", args=[page.pk]))


def test_preview_is_caged_and_decoded(client: Client, page: Page) -> None:
    shown = client.get(reverse("page-preview", args=[page.pk]))

    policy = [part.strip() for part in shown["Content-Security-Policy"].split(";")]
    assert policy[:3] == ["sandbox", "default-src 'none'", "img-src data:"]
    assert not any("allow-" in part or "unsafe" in part or "http" in part for part in policy)
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Type"] == "text/html; charset=utf-8"
    assert "Größe" in shown.content.decode()


def test_source_is_plain_text(client: Client, page: Page) -> None:
    link = next(a.get("href") for a in elements(client.get(f"/pages/{page.pk}/").content, "//a")
                if str(a.text).startswith("Source"))  # fmt: skip
    source = client.get(str(link))
    assert source["Content-Type"] == "text/plain"
    assert source["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert source.content == HTML


@pytest.mark.parametrize("content_type", ["image/svg+xml", "application/pdf", "text/plain"])
def test_what_is_no_html_is_not_previewed(client: Client, page: Page, content_type: str) -> None:
    Page.objects.update(content_type=content_type)
    assert client.get(reverse("page-preview", args=[page.pk])).status_code == 404
    assert b"iframe" not in client.get(reverse("page", args=[page.pk])).content


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://shop.test/other/", "x" * 20_000])
def test_a_url_without_a_page_is_not_found(client: Client, page: Page, url: str) -> None:
    asked: dict[str, str | int] = {"target": page.target_id, "url": url}
    assert client.get(reverse("page-of"), asked).status_code == 404


def a_picture(page: Page, body: bytes, content_type: str = "image/png") -> str:
    """Store `body` as that of `page`; return where its small copy is."""
    with transaction.atomic():
        snapshots.save({b"p" * 16: (snapshots.compress(body), len(body))}, now=NOW)
    Page.objects.filter(pk=page.pk).update(body_hash=b"p" * 16, content_type=content_type)
    return reverse("page-thumbnail", args=[page.pk])


def test_stored_picture_is_shown_small_and_made_anew(client: Client, page: Page) -> None:
    body = journal.picture(journal.STORIES[0], categories()[0])
    address = a_picture(page, body)

    (image,) = elements(client.get(reverse("page", args=[page.pk])).content, "//main//img")
    assert image.get("src") == address
    shown = client.get(address)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert shown["Cache-Control"].startswith("private")
    assert shown.content.startswith(b"\x89PNG")
    assert struct.unpack(">II", shown.content[16:24]) == (256, 160)
    held = client.get(address, headers={"If-None-Match": shown["ETag"]})
    assert (held.status_code, held.content) == (304, b"")


@pytest.mark.parametrize(
    ("body", "content_type"), [(HTML, "image/png"), (b"<svg/>", "image/svg+xml"), (HTML, "text/html")]
)
def test_what_is_no_picture_has_no_small_copy(
    client: Client, page: Page, body: bytes, content_type: str
) -> None:
    shown = client.get(a_picture(page, body, content_type))
    assert (shown.status_code, shown.content) == (204, b"")
