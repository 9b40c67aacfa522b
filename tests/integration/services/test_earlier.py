"""Earlier versions of pages are read again, and what items lacked then is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from crawler.models import (
    Item,
    ItemChange,
    ItemFilling,
    ItemVersion,
    PageVersion,
    Replay,
    Snapshot,
    Target,
    UnnumberedChange,
)
from crawler.policy.replays import Totals
from crawler.queries import exports, items, past
from crawler.queries import replays as queries
from crawler.services import items as services
from crawler.services import replays, targets
from crawler.services.replays import earlier, joining, reading
from crawler.stores.filling import Told
from tests.integration.replays import FOLLOWED, LEFT, PRICED, READ, done, listed, watched

if TYPE_CHECKING:
    from crawler.queries.stored_pages import Kept
    from crawler.services.replays.giving import ReadPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def shop(now: datetime) -> Target:
    owner = User.objects.create_superuser("ada")
    said = {"name": "Shop", "start_urls": ["http://shop.test/"], **READ, "fields": PRICED}
    return targets.create(owner=owner, data=said, now=now)


@pytest.fixture
def kettle(shop: Target, now: datetime) -> Item:
    return watched(shop, now=now)


def tried(shop: Target, *, pages: int | None = None, **data: Any) -> Replay:
    """Return a trial of `data` that has read earlier versions, too."""
    asked = data or {"fields": LEFT}
    trial = replays.start(
        target=shop, by=None, data=asked, pages=pages, earlier=True, now=timezone.now(), sends=False
    )
    return done(trial.pk)


def stored(shop: Target, **data: Any) -> Replay:
    trial = tried(shop, **data)
    return done(replays.store(replay=trial, by=None, now=timezone.now(), sends=False).pk)


def left(item: Item, now: datetime, *days: float) -> list[Any]:
    """Return what the list of items tells of how many were left so many days ago."""
    told = []
    owner = item.target.owner
    assert owner
    for day in days:
        at = now - timedelta(days=day)
        asked = items.Filters(target=item.target_id, as_of=at)
        (line,) = items.page(owner, asked).rows
        (row,) = exports.rows(target=item.target, as_of=at)
        assert {name: row[name] for name in line.data} == line.data
        told.append(line.data.get("left"))
    return told


def test_trial_compares_versions_with_what_the_item_said_then(
    shop: Target, kettle: Item, now: datetime
) -> None:
    trial = tried(shop)
    standing = queries.standing(trial)

    assert standing.earlier is not None
    assert (trial.total, trial.earlier_total, standing.behind, standing.percent) == (1, 2, 3, 100)
    assert standing.totals.records == {"changed": 1, "new": 0, "gone": 0, "same": 0}
    assert standing.earlier.records == {"changed": 2, "new": 0, "gone": 0, "same": 0}
    assert (standing.earlier.completed, standing.totals.completed) == (2, 0)
    assert [(one.name, one.before, one.after) for one in standing.earlier.coverage()] == [
        ("name", 1.0, 1.0),
        ("price", 1.0, 1.0),
        ("left", 0.0, 1.0),
    ]
    first, second = queries.samples(trial, earlier=True)
    assert first["before"] == {"name": "kettle", "price": 5.0}
    assert [one["after"]["left"] for one in (first, second)] == [11, 12]
    assert [one["since"] for one in (first, second)] == [
        (now - timedelta(days=days)).isoformat() for days in (9, 6)
    ]
    assert len(queries.samples(trial)) == 1
    assert not ItemFilling.objects.exists()


def test_history_is_filled_in_and_what_it_said_stays(shop: Target, kettle: Item, now: datetime) -> None:
    before = list(ItemVersion.objects.values())
    stored(shop)

    assert left(kettle, now, 8, 5, 2, -1) == [11, 12, 13, 13]
    assert [row for row in ItemVersion.objects.order_by("version").values() if row["version"] == 1] == before
    told = past.history(Item.objects.get())
    assert [(one.number, one.data["price"], one.data.get("left"), one.filled) for one in told] == [
        (3, 6.0, 13, ()),
        (2, 6.0, 13, ("left",)),
        (1, 5.0, 12, ("left",)),
        (1, 5.0, 11, ("left",)),
    ]
    assert [one.since for one in told[1:]] == [now - timedelta(days=days) for days in (3, 6, 9)]
    assert [one.until for one in told[1:]] == [one.since for one in told[:-1]]
    of_field = past.history(Item.objects.get(), field="left")
    assert [one.changes[-1].after for one in of_field[:-1]] == [13, 12]
    assert of_field[-1].data["left"] == 11


def test_changefeed_tells_what_the_item_says_now_and_nothing_of_its_history(
    shop: Target, kettle: Item
) -> None:
    stored(shop)

    assert [(one.item, one.version) for one in UnnumberedChange.objects.all()] == [(kettle.pk, 3)]
    assert not ItemChange.objects.exists()


def test_the_same_once_more_stores_nothing(shop: Target, kettle: Item) -> None:
    stored(shop)
    rows = list(ItemFilling.objects.order_by("pk").values())
    again = stored(shop, fields=LEFT)

    assert list(ItemFilling.objects.order_by("pk").values()) == rows
    assert Item.objects.get().version == 3
    assert Totals.of_json(again.earlier_totals or {}).records == {
        "changed": 0,
        "new": 0,
        "gone": 0,
        "same": 2,
    }


def test_field_that_only_earlier_pages_had_is_filled_in_of_a_version_that_still_holds(
    shop: Target, kettle: Item, now: datetime
) -> None:
    ItemVersion.objects.all().delete()
    Item.objects.update(version=1, changed_at=now - timedelta(days=9))
    Snapshot.objects.filter(size__gt=0, hash=shop.pages.get().body_hash).delete()
    stored(shop)

    assert left(kettle, now, 8, 5, 2, -1) == [11, 12, None, None]
    assert [(one.number, one.data.get("left")) for one in past.history(Item.objects.get())] == [
        (1, None),
        (1, 12),
        (1, 11),
    ]


def test_item_that_was_not_there_is_not_made_up(shop: Target, kettle: Item, now: datetime) -> None:
    ItemVersion.objects.update(valid_from=now - timedelta(days=5), valid_to=now - timedelta(days=4))
    trial = tried(shop)
    done(replays.store(replay=trial, by=None, now=timezone.now(), sends=False).pk)

    assert Totals.of_json(trial.earlier_totals or {}).records["new"] == 1
    with pytest.raises(ValueError, match="not enough values"):
        left(kettle, now, 8)
    assert left(kettle, now, 4.5, 2) == [12, 13]
    assert past.history(Item.objects.get())[2].removed


def test_what_was_filled_in_is_restored_by_its_moment(shop: Target, kettle: Item, now: datetime) -> None:
    stored(shop)
    services.restore(item=kettle, by="ada", now=timezone.now(), at=now - timedelta(days=5))

    assert Item.objects.get().data == {"name": "kettle", "price": 5.0, "left": 12}
    with pytest.raises(services.NothingToRestore, match="says the same"):
        services.restore(item=kettle, by="ada", now=timezone.now(), at=now - timedelta(days=5))
    with pytest.raises(services.NothingToRestore, match="was not there"):
        services.restore(item=kettle, by="ada", now=timezone.now(), at=now - timedelta(days=50))
    services.restore(item=kettle, by="ada", now=timezone.now(), version=1)
    assert Item.objects.get().data == {"name": "kettle", "price": 5.0}


def nothing_works(_rows: object) -> None:
    raise OSError("the machine is gone")


def test_crash_between_two_steps_loses_and_doubles_nothing(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.services.replays.earlier.COMMIT_VERSIONS", 1)
    storing = replays.store(replay=tried(shop), by=None, now=now, sends=False)
    replays.step(replay=storing.pk, now=timezone.now())
    monkeypatch.setattr("crawler.stores.filling.ItemFilling.objects.bulk_create", nothing_works)
    with pytest.raises(OSError, match="gone"):
        replays.step(replay=storing.pk, now=timezone.now())
    monkeypatch.undo()
    row = Replay.objects.get(pk=storing.pk)
    assert (row.after_version, (row.earlier_totals or {})["pages"]) == (0, 0)
    ended = done(storing.pk)

    assert Totals.of_json(ended.earlier_totals or {}).pages == 2
    assert left(kettle, now, 8, 5, 2) == [11, 12, 13]


def test_version_that_clean_up_removes_meanwhile_is_left_out(
    shop: Target, kettle: Item, now: datetime
) -> None:
    storing = replays.store(replay=tried(shop), by=None, now=now, sends=False)
    replays.step(replay=storing.pk, now=timezone.now())
    PageVersion.objects.order_by("pk")[0].delete()
    ended = done(storing.pk)

    assert (ended.state, queries.standing(ended).percent, queries.standing(ended).behind) == ("done", 100, 2)
    assert left(kettle, now, 8, 5, 2) == [None, 12, 13]


def test_sample_reads_the_versions_of_its_pages(shop: Target, kettle: Item, now: datetime) -> None:
    trial = tried(shop, pages=1)

    assert (trial.chosen, trial.earlier_total) == ([shop.pages.get().pk], 2)
    assert Totals.of_json(trial.earlier_totals or {}).pages == 2


def test_records_of_several_pages_are_completed_on_what_these_were_at_the_time(
    shop: Target, kettle: Item, now: datetime
) -> None:
    listed(shop, now=now)
    ended = stored(shop, fields=FOLLOWED, row="css:li")
    totals = Totals.of_json(ended.earlier_totals or {})

    assert left(kettle, now, 8, 5, 2, -1) == [11, 12, 13, 13]
    assert [one.data.get("price") for one in past.history(Item.objects.get())] == [None, 6.0, 5.0, 5.0]
    assert (totals.pages, totals.completed, totals.records["new"], totals.problems) == (2, 2, 0, [])
    rows = list(ItemFilling.objects.order_by("pk").values())
    stored(shop, fields=FOLLOWED, row="css:li")
    assert list(ItemFilling.objects.order_by("pk").values()) == rows


def test_record_whose_page_behind_is_not_kept_has_what_its_own_page_said(
    shop: Target, kettle: Item, now: datetime
) -> None:
    page = listed(shop, now=now, days=7)
    old = PageVersion.objects.order_by("pk")[0]
    old.pk, old.page, old.body_hash, old.run = None, page, page.body_hash, 1
    old.began_at, old.ended_at = now - timedelta(days=8), page.changed_at
    old.save()
    Snapshot.objects.filter(hash=PageVersion.objects.order_by("pk")[1].body_hash).delete()
    ended = stored(shop, fields=FOLLOWED, row="css:li")

    assert left(kettle, now, 8.5, 7.5, 6.5, 5, 2) == [None, 11, 11, None, 13]
    codes = [code for code, *_rest in Totals.of_json(ended.earlier_totals or {}).problems]
    assert codes == ["record_incomplete"]
    told = past.history(Item.objects.get())
    assert told[2].filled == ("link",)


def test_pages_two_behind_are_read_as_they_were_also_where_those_between_stayed(
    shop: Target, kettle: Item, now: datetime
) -> None:
    listed(shop, now=now, leads_to="/more")
    listed(shop, now=now, days=7, path="/more")
    fields = FOLLOWED | {
        "link": {"css": "a", "type": "url"},
        "on": {"css": "a", "type": "url", "follow": "link"},
        "left": {"css": "i", "type": "integer", "follow": "on"},
    }
    stored(shop, fields=fields, row="css:[title='/'] li")

    assert left(kettle, now, 8, 6.5, 5, 2, -1) == [None, 11, 12, 13, 13]


def test_of_each_page_the_versions_of_its_own_time_are_read(
    shop: Target, kettle: Item, now: datetime
) -> None:
    first, second = PageVersion.objects.order_by("pk")
    other = listed(shop, now=now)
    of_other = [PageVersion(**held) for held in PageVersion.objects.order_by("pk").values()]
    for held in of_other:
        held.pk, held.page = None, other
        held.save()
    begins, middle, ends = first.began_at, second.began_at, second.ended_at

    def read(**asked: tuple[datetime, datetime]) -> list[list[PageVersion]]:
        pages = {"kettle": first.page_id, "other": other.pk}
        found = queries.touching(shop.pk, {pages[name]: time for name, time in asked.items()})
        return [found.get(pages[name], []) for name in asked]

    assert read(kettle=(begins, middle), other=(middle, ends)) == [[first], of_other[1:]]
    assert read(kettle=(begins, ends), other=(ends, now)) == [[first, second], []]
    assert read(other=(begins, ends)) == [of_other]


def test_too_many_versions_of_pages_behind_are_left_out_with_the_reason(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(shop, now=now)
    monkeypatch.setattr("crawler.services.replays.joining.MOST_OF_A_PAGE", 2)
    ended = stored(shop, fields=FOLLOWED, row="css:li")

    assert left(kettle, now, 8, 5, -1) == [11, 12, 13]
    assert Totals.of_json(ended.totals).problems == []
    monkeypatch.setattr("crawler.services.replays.joining.MOST_OF_A_PAGE", 1)
    trial = tried(shop, fields=FOLLOWED, row="css:li")
    assert [count for _code, _field, count, _said in Totals.of_json(trial.earlier_totals or {}).problems] == [
        1
    ]


def test_versions_beyond_the_most_are_told_of_once_however_many_there_are(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(shop, now=now)
    middle = PageVersion.objects.latest("pk")
    begins, ends = middle.began_at, middle.ended_at
    PageVersion.objects.filter(pk=middle.pk).update(ended_at=begins + timedelta(days=1))
    for hours in range(24, 72):
        middle.pk, middle.began_at = None, begins + timedelta(hours=hours)
        middle.ended_at = middle.began_at + timedelta(hours=1)
        middle.save()
    assert middle.ended_at == ends
    monkeypatch.setattr("crawler.services.replays.joining.MOST_OF_A_PAGE", 1)
    problems = Totals.of_json(tried(shop, fields=FOLLOWED, row="css:li").earlier_totals or {}).problems

    assert [(count, said.endswith(joining.TOO_MANY)) for _code, _field, count, said in problems] == [
        (1, True)
    ]


def test_as_many_versions_as_were_too_much_are_not_read_in_vain_again(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = listed(shop, now=now)
    kept = PageVersion.objects.latest("pk")
    kept.page, kept.body_hash = page, page.body_hash
    for hours in range(1, 6):
        kept.pk, kept.began_at, kept.ended_at = None, now - timedelta(hours=hours), now
        kept.save()
    sizes: list[int] = []
    join = joining.join

    def noted(starts: Sequence[Any], **more: Any) -> list[joining.Joined]:
        sizes.append(len(starts))
        return join(starts, **more)

    monkeypatch.setattr(joining, "TOGETHER_SECONDS", 0.0)
    trial = replays.start(
        target=shop, by=None, data={"fields": FOLLOWED, "row": "css:li"}, pages=None, earlier=True, now=now,
        sends=False,
    )  # fmt: skip
    replays.step(replay=trial.pk, now=now)
    monkeypatch.setattr(joining, "join", noted)
    replays.step(replay=trial.pk, now=timezone.now())

    assert sizes == [7, 1, 1, 1, 1, 1, 1, 1]


def test_versions_that_have_another_key_match_no_item(shop: Target, kettle: Item) -> None:
    trial = tried(shop, fields=LEFT, key=["name"])

    records = Totals.of_json(trial.earlier_totals or {}).records
    assert records == {"changed": 0, "new": 2, "gone": 2, "same": 0}


def test_version_that_was_written_while_pages_were_read_is_filled_in_as_it_is(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing = replays.store(replay=tried(shop), by=None, now=now, sends=False)
    replays.step(replay=storing.pk, now=timezone.now())
    read = reading.read

    def slowly(row: Replay, batch: Sequence[Kept]) -> list[ReadPage]:
        services.restore(item=kettle, by="ada", now=timezone.now(), version=1)
        return read(row, batch)

    monkeypatch.setattr(reading, "read", slowly)
    done(storing.pk)

    assert left(kettle, now, 8, 5, 2, -1) == [11, 12, 13, None]
    assert {row.version for row in ItemFilling.objects.all()} == {1, 2}


def test_many_records_of_a_version_are_filled_in_some_at_a_time(
    shop: Target, kettle: Item, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier, "COMMIT_RECORDS", 1)
    told = [
        Told(since=now, until=now, records={b"a": {}, b"b": {}}),
        Told(since=now, until=now, records={}),
        Told(since=now, until=now, records={b"c": {}}),
    ]
    assert [[list(one.records) for one in part] for part in earlier._parts(told)] == [
        [[b"a"]],
        [[b"b"]],
        [[b"c"]],
    ]
    assert earlier._parts([]) == [[]]
    stored(shop)
    assert left(kettle, now, 8, 5, 2) == [11, 12, 13]
