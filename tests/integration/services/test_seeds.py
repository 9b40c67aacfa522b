"""Since when what sitemaps list must have changed: what may be said, and what a run makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.models import Run, RunState, RunTrigger, Target
from crawler.services import runs, targets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rung")]

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHOP: dict[str, Any] = {"name": "Shop", "start_urls": ["https://shop.test/"]}


@pytest.fixture
def target() -> Target:
    return targets.create(owner=None, data=SHOP, now=NOW)


@pytest.mark.parametrize(
    "since", ["last_run", "Last run", "12h", "7d", "2w", "2026-01-31", "2026-01-31T08:00Z", ""]
)
def test_sitemaps_may_be_filtered_by_the_last_run_an_age_or_a_time(target: Target, since: str) -> None:
    targets.update(target=target, data={"sitemaps_since": since}, now=NOW)
    assert target.sitemaps_since == ("last_run" if "run" in since else since)


@pytest.mark.parametrize("since", ["yesterday", "7", "0d", "7 days", "2026-13-01", "-3h"])
def test_filter_of_sitemaps_that_makes_no_sense_is_refused_with_what_does(since: str) -> None:
    with pytest.raises(targets.InvalidTarget) as refused:
        targets.create(owner=None, data={**SHOP, "sitemaps_since": since}, now=NOW)
    (problem,) = refused.value.problems
    assert problem.field == "sitemaps_since"
    assert problem.message == "must be last_run, an age such as 12h, 7d or 2w, or a date such as 2026-01-31"


def test_run_freezes_since_when_entries_must_have_changed(target: Target) -> None:
    def frozen(since: str) -> object:
        targets.update(target=target, data={"sitemaps_since": since}, now=NOW)
        run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
        Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, started_at=NOW, pages=1)
        return run.settings.get("listed_after")

    assert frozen("last_run") is None
    assert frozen("last_run") == NOW.isoformat()
    assert frozen("7d") == (NOW - timedelta(days=7)).isoformat()
    assert frozen("2026-01-31") == "2026-01-31T00:00:00+00:00"
    assert frozen("") is None
