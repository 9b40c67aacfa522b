"""What can be saved and will not do what it seems to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.services import targets

LISTED: dict[str, Any] = {
    "name": "Shop",
    "start_urls": ["https://shop.test/"],
    "scraper": "fields",
    "row": ".card",
    "fields": {"link": {"css": "a", "type": "url"}},
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({}, ["key"]),
        ({"key": ["link"]}, []),
        ({"row": ""}, []),
        ({"fields": LISTED["fields"] | {"sku": {"css": ".sku", "follow": "link"}}}, []),
    ],
    ids=["rows", "key", "page", "behind"],
)
def test_rows_that_nothing_tells_apart_are_warned_of(changes: dict[str, Any], warned: list[str]) -> None:
    now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    draft = targets.validate(LISTED | changes, existing=None, by=None, now=now)

    assert [warning.field for warning in draft.warnings] == warned
