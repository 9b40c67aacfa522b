"""Records of a run that are stored without a crawl: what a commit does of its items, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from crawler.stores import items
from crawler.stores.runs import Tallies
from tests.integration.stores.hands import an_item

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.engine.work import Claim
    from crawler.models import Run


def save(run: Run, data: Mapping[str, Any], *, now: datetime) -> None:
    """Store what a page of `run` says: its items by key; the caller holds a transaction."""
    rules = SimpleNamespace(target=run.target_id, run=run.pk)
    claim = cast("Claim", SimpleNamespace(rules=rules, url="http://shop.test/"))
    tallies = Tallies()
    records = [an_item({"key": key, "value": value}) for key, value in data.items()]
    items.save([(claim, records)], tallies=tallies, now=now)
    tallies.add_up()
