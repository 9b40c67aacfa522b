"""The columns of an export, which are found by reading many items at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.exports import columns
from crawler.models import Item, Target
from crawler.queries import exports
from crawler.stores import sql

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DATA = (
    '{"name": "Kettle", "price": 1.50}',
    '{"sizes": ["S", {"inner": 1}], "name": null}',
    "[1, 2]",
    '"only text"',
    "{}",
    '{"half": "\\ud800", "b,r\\"ackets": "]["}',
    '{"large": 123456789012345678901234567890}',
    '{"_url": "a field of this name"}',
)


@pytest.fixture
def target() -> Target:
    return Target.objects.create(name="Kontor", start_urls=[])


def stored(target: Target, *data: str) -> None:
    for number, text in enumerate(data):
        item = Item.objects.create(
            target=target,
            key_hash=f"{number:016}".encode(),
            key=str(number),
            url="https://shop.test/",
            run=1,
            data={},
            content_hash=b"h" * 16,
            first_seen=NOW,
            last_seen=NOW,
            changed_at=NOW,
        )
        sql.execute(f"UPDATE crawler_item SET data = {sql.json_mark()} WHERE id = %s", [text, item.pk])


@pytest.mark.parametrize("at_once", [1, 2, len(DATA), 500])
@pytest.mark.parametrize("data", [(), DATA[:1], DATA, DATA[::-1]], ids=["none", "one", "all", "reversed"])
def test_columns_are_those_of_the_rows_however_many_are_read_at_once(
    target: Target, monkeypatch: pytest.MonkeyPatch, data: tuple[str, ...], at_once: int
) -> None:
    monkeypatch.setattr(exports, "JOINED_ROWS", at_once)
    stored(target, *data)

    found = exports.columns_in(Item.objects.filter(target=target), first=["price"])

    assert found == columns(exports.rows(target=target), first=["price"])
