"""`./run versions`: what a page was, in a terminal."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from crawler.management.commands.versions import Command
from crawler.models import Page, PageVersion
from crawler.policy.identity import digest
from crawler.stores import snapshots
from crawler.urls import key_of
from tests.crawling import a_run

pytestmark = pytest.mark.django_db

URL = "http://shop.test/kettle"
OLD, NEW = b"<h1>Kettle</h1><p>Price: 38.00 EUR\x1b[31m", b"<h1>Kettle</h1><p>Price: 41.80 EUR<p>New"


def a_page() -> Page:
    now = timezone.now()
    for body in (OLD, NEW):
        snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=now)
    page = Page.objects.create(
        target=a_run("http://shop.test/").target, key=key_of(URL), url=URL, run=1, status=200,
        content_type="text/html", body_hash=digest(NEW), size=9, first_seen=now, last_seen=now,
        changed_at=now,
    )  # fmt: skip
    PageVersion.objects.create(
        target=page.target, page=page, run=1, ended_by=2, status=200, content_type="text/html",
        body_hash=digest(OLD), size=9, stored_size=9, began_at=now, seen_at=now, ended_at=now,
    )  # fmt: skip
    return page


def typed(*words: str) -> int:
    command = Command()
    try:
        command.handle(**vars(command.create_parser("manage.py", "versions").parse_args(words)))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_versions_are_listed_and_compared(capsys: pytest.CaptureFixture[str]) -> None:
    page = a_page()
    assert typed(URL) == 0
    out = capsys.readouterr().out
    assert digest(OLD).hex()[:12] in out
    assert typed(str(page.pk), "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["version"] for line in lines] == ["now", str(PageVersion.objects.get().pk)]
    assert typed(URL, "--compare", "now") == 1
    out = capsys.readouterr().out
    assert "- Price: [38.00] EUR" in out
    assert "+ Price: [41.80] EUR" in out
    assert "\x1b" not in out, "a page's own commands never reach the terminal"
    assert typed(URL, "--compare", "now", "--since", "now") == 0


def test_a_body_is_printed_as_it_is_stored(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    a_page()
    assert typed(URL, "--body", str(PageVersion.objects.get().pk)) == 0
    assert capfdbinary.readouterr().out == OLD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://shop.test/other",), "no page is stored"),
        (("no url",), "no url"),
        ((URL, "--target", "x"), "is no number"),
        ((URL, "--compare", "99"), "not kept any more"),
        ((URL, "--body", "99"), "not kept any more"),
    ],
)
def test_what_is_not_there_is_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    a_page()
    assert typed(*words) == 2
    assert said in capsys.readouterr().err


def test_a_page_of_several_targets_needs_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = a_page(), a_page()
    assert typed(URL) == 2
    assert f"--target {second.target_id}" in capsys.readouterr().err
    assert typed(URL, "--target", str(first.target_id)) == 0


def test_what_is_ignored_is_shown_when_asked_for() -> None:
    page = a_page()
    page.target.noise = {"css": ["p"]}
    page.target.save()
    assert typed(URL, "--compare", "now") == 0
    assert typed(URL, "--compare", "now", "--ignored") == 1


def test_versions_that_differ_in_noise_alone_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    a_page()
    PageVersion.objects.update(noise="dates,counters")
    assert typed(URL) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("  only noise: dates, counters")
    PageVersion.objects.update(noise="", awaits_judgement=True)
    assert typed(URL) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("  (to be judged)")
