"""What people select with is tried before it is saved; a test fetch reads where reading can be ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crawler import trials
from crawler.models import OutboxMessage, Target
from crawler.services import drafts, previewing, previews, targets
from crawler.trials import asking

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tests.site.server import HostileSite

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHOP: dict[str, Any] = {"name": "Shop", "start_urls": ["https://shop.test/"]}
ENDLESS = "//*[count(" * 8 + "//*" + ")>0]" * 8


def problems(**data: object) -> dict[str, str]:
    with pytest.raises(targets.InvalidTarget) as refused:
        targets.create(owner=None, data={**SHOP, **data}, now=NOW)
    return {problem.field: problem.message for problem in refused.value.problems}


@pytest.mark.django_db
def test_selector_that_never_ends_is_refused_beside_its_field() -> None:
    fields = {"name": "css:h1", "all": {"xpath": ENDLESS}}
    assert problems(scraper="fields", fields=fields) == {"fields.all.xpath": asking.TOO_LONG}
    assert not Target.objects.exists()


@pytest.mark.django_db
def test_selectors_that_cannot_be_tried_just_now_are_not_saved(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_settings: object) -> None:
        raise trials.CannotTry("no process can be started")

    monkeypatch.setattr(trials, "problems_of", fail)
    assert problems(scraper="fields", fields={"name": "css:h1"}) == {"fields": drafts.NOT_TRIED}
    assert "could not be tried" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pattern", [r"\pL{100}", r"[\pL\pN]{0,200}z", r".{1000}.{1000}.{1000}.{1000}", r"(?:\pL?){120}!"]
)
def test_pattern_that_costs_too_much_for_each_link_is_refused(pattern: str) -> None:
    assert "is too large" in problems(exclude=[pattern])["exclude.0"]


@pytest.mark.django_db(transaction=True)
def test_test_fetch_ends_a_selector_that_only_the_page_makes_endless(
    admin_user: User, hostile_site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "READ_CPU_SECONDS", 0.2)
    url = hostile_site.serve("/shop", "<title>Shop</title><h1>Kettle</h1>" + "<b>x</b>" * 500)
    fields = {"name": "css:h1", "all": {"xpath": f"//h1[.='Kettle']/..{ENDLESS}"}}
    data = {"start_urls": [url], "delay_seconds": 0, "scraper": "fields", "fields": fields}
    previews.start(user=admin_user, data=data, now=timezone.now())

    found = previewing.run(**OutboxMessage.objects.get().kwargs)

    assert found["state"] == "done"
    assert [problem["code"] for problem in found["problems"]] == ["reader_timed_out"]


@pytest.mark.django_db(transaction=True)
def test_test_fetch_shows_what_declared_fields_give(admin_user: User, hostile_site: HostileSite) -> None:
    url = hostile_site.serve("/shop", "<title>Shop</title><h1>Kettle</h1>")
    data = {"start_urls": [url], "delay_seconds": 0, "scraper": "fields", "fields": {"name": "css:h1"}}
    previews.start(user=admin_user, data=data, now=timezone.now())

    found = previewing.run(**OutboxMessage.objects.get().kwargs)

    assert [item["data"] for item in found["items"]] == [{"name": "Kettle"}]
