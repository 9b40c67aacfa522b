"""What is filled in of items' histories, against what these said before, at every moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Item, ItemFilling, ItemVersion, Target
from crawler.policy import filling as rule
from crawler.policy import identity
from crawler.queries import exports, items, past
from crawler.stores import filling, windows
from crawler.stores.filling import Told

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 14
FIELDS = ("name", "price", "left")
VALUES = (None, "", 1, 2, "x", {"inner": 1}, {"inner": None, "other": 2})


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def record(chance: Random) -> dict[str, Any]:
    return {name: chance.choice(VALUES) for name in FIELDS if chance.random() < 0.7}


def lived(target: Target, key: str, chance: Random) -> bytes:
    """Give a target an item with some versions, between which it may be gone; return the hash of its key."""
    moments = sorted(chance.sample(range(HOURS), chance.randint(1, 4) * 2))
    spans = list(zip(moments[::2], moments[1::2], strict=True))
    hash_ = identity.digest(key.encode())
    item = Item(target=target, key=key, key_hash=hash_, url="http://shop.test/", run=1, content_hash=hash_)
    item.data, item.version, item.changed_at = record(chance), len(spans), at(spans[-1][0])
    item.removed_at = at(spans[-1][1]) if chance.random() < 0.3 else None
    item.first_seen, item.last_seen = at(spans[0][0]), at(HOURS)
    item.save()
    for number, (since, until) in enumerate(spans[:-1], start=1):
        ended = spans[number][0] if chance.random() < 0.7 else until
        ItemVersion.objects.create(
            item=item, version=number, run=1, url=item.url, data=record(chance), content_hash=hash_,
            valid_from=at(since), valid_to=at(ended),
        )  # fmt: skip
    return hash_


def read(hashes: list[bytes], chance: Random) -> Told:
    since = chance.randint(0, HOURS - 1)
    until = chance.randint(since, HOURS)
    records = {hash_: record(chance) for hash_ in hashes if chance.random() < 0.8}
    return Told(since=at(since), until=at(until), records=records, holds=chance.random() < 0.3)


def known(target: Target) -> dict[tuple[float, str], Any]:
    """Return what lists tell of items at and between all moments; exports and histories agree."""
    assert target.owner
    found: dict[tuple[float, str], Any] = {}
    for hour in (half / 2 for half in range(2 * HOURS + 2)):
        asked = items.Filters(target=target.pk, as_of=at(hour))
        lines = {line.item.key: line.data for line in items.page(target.owner, asked).rows}
        rows = {row["_key"]: row for row in exports.rows(target=target, as_of=at(hour))}
        assert {key: {name: rows[key][name] for name in data} for key, data in lines.items()} == lines
        assert set(rows) == set(lines)
        for item in Item.objects.filter(target=target):
            part = past.said_at(item, at(hour))
            assert (rule.filled(part.said.data, part.more) if part else None) == lines.get(item.key)
        found |= {(hour, key): data for key, data in lines.items()}
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_moment_loses_a_value_and_no_item_is_made(seed: int) -> None:
    chance = Random(seed)
    owner = User.objects.create_superuser("ada")
    target = Target.objects.create(owner=owner, name="Shop", start_urls=["http://shop.test/"])
    hashes = [lived(target, key, chance) for key in "abc"]
    before = known(target)
    rows = [list(model.objects.order_by("pk").values()) for model in (Item, ItemVersion)]
    told = [read([*hashes, b"nobody"], chance) for _ in range(6)]
    for part in (told[:3], told[3:]):
        filling.fill(target.pk, part)

    after = known(target)
    assert set(after) == set(before)
    for place, was in before.items():
        assert rule.lacking(after[place], was) == {}
        assert rule.filled(was, rule.lacking(was, after[place])) == after[place]
    assert [list(model.objects.order_by("pk").values()) for model in (Item, ItemVersion)] == rows
    filled = list(ItemFilling.objects.order_by("pk").values())
    assert filled
    filling.fill(target.pk, told[:3])
    filling.fill(target.pk, told[3:])
    assert list(ItemFilling.objects.order_by("pk").values()) == filled
    for item in Item.objects.all():
        told_of = past.history(item)[::-1]
        for one, following in pairwise(told_of):
            assert one.until
            assert one.since < one.until <= following.since
            assert (one.until < following.since) == one.removed


def test_of_each_item_its_own_time_is_read_some_of_these_to_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(4)
    owner = User.objects.create_superuser("ada")
    target = Target.objects.create(owner=owner, name="Shop", start_urls=["http://shop.test/"])
    hashes = [lived(target, key, chance) for key in "abcdefg"]
    filling.fill(target.pk, [read(hashes, chance) for _ in range(9)])
    whole = filling.spans(target.pk, dict.fromkeys(hashes, (at(-1), at(2 * HOURS))))
    begin = [chance.randint(0, HOURS - 3) for _ in hashes]
    asked = {hash_: (at(one), at(one + 1 + one % 2)) for hash_, one in zip(hashes, begin, strict=True)}
    monkeypatch.setattr(windows, "MOST", 2)
    with CaptureQueriesContext(connection) as queries:
        found = filling.spans(target.pk, asked)

    assert found == {hash_: held for hash_, time in asked.items() if (held := _within(whole[hash_], *time))}
    assert 0 < sum(map(len, found.values())) < sum(map(len, whole.values()))
    assert len(queries) == 1 + 2 * -(-len(set(begin)) // 2)


def _within(spans: list[filling.Span], since: datetime, until: datetime) -> list[filling.Span]:
    """Return what touches a time, with the parts that touch or adjoin it."""
    return [
        replace(one, parts=tuple(part for part in one.parts if part.since <= until and part.until >= since))
        for one in spans
        if one.since < until and (one.until is None or one.until > since)
    ]
