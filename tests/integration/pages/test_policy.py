"""Tests that no page needs more than the strict content security policy allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from crawler.models import Item, Run, Target
from tests.markup import assert_nothing_inline, elements

SCRIPTS = sorted((Path(settings.BASE_DIR) / "webui" / "static" / "js").glob("*.js"))
HOSTILE = "<script>alert(1)</script>\"' onload=x javascript:alert(1)"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_script_evaluates_no_text(script: Path) -> None:
    assert not re.search(
        r"\beval\(|new Function|innerHTML|insertAdjacentHTML", script.read_text(encoding="utf-8")
    )


def test_every_answer_carries_the_policy(client: Client, db: None) -> None:
    policy = client.get(reverse("dashboard"))["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_pages_with_hostile_content_stay_harmless(client: Client, run: Run, torch: Item) -> None:
    Target.objects.filter(pk=run.target_id).update(
        name=HOSTILE, start_urls=["http://shop.test/<script>alert(1)</script>"], tags=[HOSTILE], row=HOSTILE
    )
    Item.objects.filter(pk=torch.pk).update(
        url="javascript:alert(1)",
        key=HOSTILE,
        data={"name": HOSTILE, HOSTILE: HOSTILE, "list": [HOSTILE], "u": "javascript://x/%0aalert(1)"},
    )
    run.requests.update(url="javascript:alert(1)", reason=HOSTILE)
    Run.objects.filter(pk=run.pk).update(reason=HOSTILE, settings={HOSTILE: HOSTILE})
    pages = [
        reverse("dashboard"),
        reverse("targets"),
        reverse("target", args=[run.target_id]),
        reverse("target-edit", args=[run.target_id]),
        reverse("target-delete", args=[run.target_id]),
        reverse("runs"),
        reverse("run", args=[run.pk]),
        reverse("run-requests", args=[run.pk]),
        reverse("items"),
        reverse("item", args=[torch.pk]),
        reverse("queue"),
        reverse("hosts"),
        reverse("items") + "?q=%3Cscript%3E&since=%22%3E%3Cscript%3E",
    ]
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200, page
        assert b"<script>alert" not in response.content, page
        assert_nothing_inline(response.content)


@pytest.mark.parametrize("path", ["/nothing/", "/runs/999999/", "/targets/99999999999999999999999/"])
def test_missing_page_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_links_out_tell_the_other_side_nothing(client: Client, target: Target) -> None:
    page = client.get(reverse("target", args=[target.pk])).content
    outgoing = [link for link in elements(page, "//a") if str(link.get("href")).startswith("http")]
    assert outgoing
    assert all("noopener" in link.get("rel", "") and "noreferrer" in link.get("rel", "") for link in outgoing)
