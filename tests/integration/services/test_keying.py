"""What is said where items are to be known by another key than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crawler.models import Run, RunState, Scope, Target
from crawler.services import runs, targets
from tests.crawling import a_target

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.django_db


def known(target: Target, *, items: int) -> None:
    """Store a complete run of a target that knew so many items by the key that the target has now."""
    Run.objects.create(
        target=target, state=RunState.FINISHED, pages=1, items=items, settings=runs.frozen(target)
    )


def warned(target: Target, **data: Any) -> dict[str, str]:
    targets.update(target=target, data=data, now=timezone.now())
    return {problem.field: problem.message for problem in targets.warnings(target=target, now=timezone.now())}


@pytest.mark.parametrize(
    ("removed_after", "says"),
    [(None, "stay beside them for good"), (3, "complete runs miss them (3 in a row)")],
)
def test_another_key_says_how_many_items_it_leaves_behind_and_what_becomes_of_them(
    removed_after: int | None, says: str
) -> None:
    target = a_target(key=["sku"], removed_after=removed_after)
    known(target, items=2)

    message = warned(target, key=["link", "size"])["key"]

    assert message.startswith(
        "The 2 items of the last complete run are known by sku, and the key says link and size now"
    )
    assert says in message
    assert warned(target, key=["sku"]) == {}


@pytest.mark.parametrize(("items", "key"), [(0, ["link"]), (2, ["sku"])])
def test_nothing_is_said_where_no_item_is_known_otherwise(items: int, key: Sequence[str]) -> None:
    target = a_target(key=["sku"])
    known(target, items=items)

    assert warned(target, key=key) == {}


def test_nothing_is_said_of_a_key_that_is_set_before_the_first_run() -> None:
    assert warned(a_target(), key=["sku"]) == {}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"scope": Scope.PAGE}, ["scope"]),
        ({"scope": Scope.PREFIX}, []),
        ({"scope": Scope.PAGE, "start_urls": ["http://site.test/list.PDF?of=2026"]}, []),
        ({"scope": Scope.PAGE, "scraper": "none"}, []),
    ],
)
def test_files_of_a_page_alone_are_warned_of(data: dict[str, Any], fields: list[str]) -> None:
    assert list(warned(a_target(scraper="files"), **data)) == fields
