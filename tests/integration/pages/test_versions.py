"""Pages about what a page was: its versions, one of them, and what changed between two."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler import trials
from crawler.models import Page, PageVersion, Target
from crawler.policy.identity import digest
from crawler.queries import turns
from crawler.services import targets
from crawler.stores import snapshots
from scrapers.comparing import Comparison, Line, ShownKind

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXTS = (
    "<h1>Kettle</h1><p>Price: 38.00 EUR<p>Seen 12 times<script>alert(1)</script>",
    "<h1>Kettle</h1><p>Price: 40.00 EUR<p>Seen 13 times",
    "<h1>Kettle</h1><p>Price: 41.80 EUR<p>Seen 14 times<p>New <b>&lt;script&gt;</b>",
)


def store(text: str) -> bytes:
    body = text.encode()
    with transaction.atomic():
        snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=NOW)
    return digest(body)


@pytest.fixture
def page(target: Target) -> Page:
    """A page that was something else twice."""
    page = Page.objects.create(
        target=target, key=b"k" * 16, url="http://shop.test/kettle", run=9, status=200,
        content_type="text/html", title="Kettle", body_hash=store(TEXTS[2]), size=50, first_seen=NOW,
        last_seen=NOW + 5 * HOUR, changed_at=NOW + 4 * HOUR,
    )  # fmt: skip
    for number, text in enumerate(TEXTS[:2]):
        PageVersion.objects.create(
            target=target, page=page, run=number + 1, ended_by=number + 2, status=200,
            content_type="text/html", body_hash=store(text), size=40, stored_size=30,
            began_at=NOW + 2 * number * HOUR, seen_at=NOW + (2 * number + 1) * HOUR,
            ended_at=NOW + 2 * (number + 1) * HOUR,
        )  # fmt: skip
    return page


def first(page: Page) -> int:
    return PageVersion.objects.filter(page=page).order_by("id").values_list("pk", flat=True)[0]


def test_versions_are_listed_newest_first_with_the_runs_that_saw_them(client: Client, page: Page) -> None:
    answer = client.get(reverse("page-versions", args=[page.pk]))
    rows = answer.context["page"].rows
    assert [(row.run, row.found_by, row.ended_by) for row in rows] == [(9, 3, None), (2, 2, 3), (1, None, 2)]
    assert [row.before for row in rows] == [str(first(page) + 1), str(first(page)), None]
    assert [row.ended_at is None for row in rows] == [True, False, False]
    text = answer.content.decode()
    assert digest(TEXTS[0].encode()).hex()[:12] in text
    assert reverse("page-versions", args=[page.pk]) in client.get(f"/pages/{page.pk}/").content.decode()


def test_a_long_list_goes_on_and_loses_nothing(client: Client, page: Page) -> None:
    rows = PageVersion.objects.order_by("id")
    last = rows[1]
    for _ in range(60):
        last.pk = None
        last.save()
    seen, address = [], reverse("page-versions", args=[page.pk])
    while address:
        listed = client.get(address).context["page"]
        seen += [row.number for row in listed.rows]
        address = f"{address.partition('?')[0]}?cursor={listed.next}" if listed.next else ""
    assert seen == [None, *PageVersion.objects.order_by("-id").values_list("pk", flat=True)]


def test_a_version_is_shown_caged(client: Client, page: Page) -> None:
    answer = client.get(reverse("page-version", args=[page.pk, first(page)]))
    assert reverse("page-version-preview", args=[page.pk, first(page)]) in answer.content.decode()
    shown = client.get(reverse("page-version-preview", args=[page.pk, first(page)]))
    assert shown["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "38.00" in shown.content.decode()


@pytest.mark.parametrize("view", ["", "side"])
def test_what_changed_is_marked_within_its_line(client: Client, page: Page, view: str) -> None:
    asked = {"from": str(first(page)), "to": "now", "view": view}
    text = client.get(reverse("page-compare", args=[page.pk]), asked).content.decode()
    assert "<mark>38.00</mark>" in text
    assert "<mark>41.80</mark>" in text
    assert "New &lt;script&gt;" in text
    assert "2 changed, 1 added, 0 removed" in text


def test_by_default_the_last_change_is_shown(client: Client, page: Page) -> None:
    text = client.get(reverse("page-compare", args=[page.pk])).content.decode()
    assert "<mark>40.00</mark>" in text
    assert "38.00" not in text


def test_what_the_target_ignores_does_not_count(client: Client, page: Page) -> None:
    noise = {"patterns": [r"Seen \d+ times", r"\d+\.\d\d"], "css": ["b"]}
    targets.update(target=page.target, data={"noise": noise}, now=timezone.now())
    asked = {"from": str(first(page)), "to": str(first(page) + 1)}
    text = client.get(reverse("page-compare", args=[page.pk]), asked).content.decode()
    assert "Text, links and pictures are the same, apart from what the target ignores" in text


def test_versions_that_are_gone_are_not_found_and_say_so(client: Client, page: Page) -> None:
    for name in ("999", "nonsense", "9" * 30, "-1"):
        assert client.get(reverse("page-version", args=[page.pk, name])).status_code == 404
        assert client.get(reverse("page-compare", args=[page.pk]), {"from": name}).status_code == 404


def test_pictures_and_bodies_that_are_not_stored_are_not_compared(client: Client, page: Page) -> None:
    PageVersion.objects.filter(pk=first(page)).update(content_type="image/png")
    address = reverse("page-compare", args=[page.pk])
    assert "Only text is compared" in client.get(address, {"from": str(first(page))}).content.decode()
    PageVersion.objects.filter(pk=first(page)).update(body_hash=b"?" * 16)
    assert "was not stored" in client.get(address, {"from": str(first(page))}).content.decode()


def test_what_is_ignored_is_shown_when_asked_for(client: Client, page: Page) -> None:
    address = reverse("page-compare", args=[page.pk])
    assert "what is ignored" not in client.get(address).content.decode()
    Target.objects.update(noise={"css": ["p"]})
    text = client.get(address).content.decode()
    assert "Text, links and pictures are the same, apart from what the target ignores" in text
    assert "?ignored=shown" in text
    shown = client.get(f"{address}?ignored=shown").content.decode()
    assert "2 changed, 1 added, 0 removed" in shown
    assert "Without what is ignored" in shown


def test_a_process_compares_once_at_a_time(
    client: Client, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
    address = reverse("page-compare", args=[page.pk])
    with turns.taken():
        assert "Others are being compared just now" in client.get(address).content.decode()
    assert "Others are being compared" not in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"noise": "dates,css"}, "only noise: dates, parts that are ignored"),
        ({"noise": "markup"}, "only noise: nothing that it says or shows"),
        ({"awaits_judgement": True}, "to be judged"),
    ],
)
def test_pages_say_that_what_changed_was_only_noise(
    client: Client, page: Page, columns: dict[str, Any], said: str
) -> None:
    PageVersion.objects.filter(run=2).update(**columns)
    Page.objects.update(body_at=NOW + 4 * HOUR if "noise" in columns else None)
    addresses = [
        reverse("page-versions", args=[page.pk]),
        reverse("page-version", args=[page.pk, "now"]),
        reverse("page-compare", args=[page.pk]),
    ]
    assert [client.get(address).content.decode().count(said) for address in addresses] == [1, 1, 1]
    assert said.rpartition(": ")[2] in client.get(reverse("page", args=[page.pk])).content.decode()
    older = f"{reverse('page-compare', args=[page.pk])}?from={first(page)}&to=now"
    assert said not in client.get(older).content.decode(), "over several changes nothing was judged"


def test_lines_that_are_too_long_to_be_marked_are_told_of(
    client: Client, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(kind=ShownKind.CHANGED, before=(("a", True),), after=(("b", True),))
    found = Comparison(lines=(line,), added=0, removed=0, changed=1, is_cut=False, whole_lines=1)
    monkeypatch.setattr(trials, "comparison_of", lambda *_pages, **_noise: found)
    text = client.get(reverse("page-compare", args=[page.pk])).content.decode()
    assert "1 of them too long to compare word by word" in text


def test_the_form_says_what_is_ignored_and_what_is_wrong_with_it(client: Client, target: Target) -> None:
    targets.update(target=target, data={"noise": {"links": True, "css": [".ad"]}}, now=timezone.now())
    address = reverse("target-edit", args=[target.pk])
    text = client.get(address).content.decode()
    assert '<textarea name="noise_css"' in text
    assert ">.ad</textarea>" in text
    (box,) = re.findall(r'<input[^>]*name="noise_links"[^>]*>', text)
    assert "checked" in box
    assert "changes that were seen before stay what they were, unless you have them" in text
    form = {"name": "x", "start_urls": "http://shop.test/", "noise_patterns": "ok\n(", "noise_css": "::::"}
    problems = client.post(address, form).context["form"].problems
    assert set(problems) >= {"noise_patterns", "noise_css"}
    assert problems["noise_patterns"][0].startswith("line 2: is not a regular expression")
