"""What a run sees, read along in the order in which it sees it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Item, ItemVersion, Run, Sighting, Target
from crawler.queries import arrivals, exports
from crawler.queries.arrivals import Arrivals

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


@pytest.fixture
def run() -> Run:
    return Run.objects.create(target=Target.objects.create(name="Kontor", start_urls=[]), settings={})


def seen(run: Run, *names: str) -> list[Item]:
    """Have `run` see an item of each name, in its first version."""
    made = []
    for name in names:
        item = Item.objects.create(
            target=run.target,
            key_hash=name.encode().ljust(16),
            key=name,
            url=f"https://shop.test/{name}",
            run=run.pk,
            data={"name": name},
            content_hash=b"h" * 16,
            first_seen=NOW,
            last_seen=NOW,
            changed_at=NOW,
        )
        Sighting.objects.create(run=run, item=item, version=1)
        made.append(item)
    return made


def changed(item: Item, name: str, *, run: int, keeps: bool = True) -> None:
    """Have a later run find the item changed; with `keeps`, what it said before is there still."""
    if keeps:
        ItemVersion.objects.create(
            item=item,
            version=1,
            run=item.run,
            url=item.url,
            data=item.data,
            content_hash=item.content_hash,
            valid_from=NOW,
            valid_to=LATER,
        )
    Item.objects.filter(pk=item.pk).update(version=2, run=run, data={"name": name}, changed_at=LATER)


@pytest.mark.parametrize("page_rows", [1, 2, 3, 5, 500])
def test_each_row_comes_once_and_in_its_order_whatever_fits_a_page(run: Run, page_rows: int) -> None:
    before = arrivals.beginning(run)
    names = ["c", "a", "e", "b", "d"]
    seen(run, *names)
    reader = Arrivals(run, page_rows=page_rows)

    pages = list(reader.after(before))

    assert [row["name"] for rows, _place in pages for row in rows] == names
    assert [len(rows) for rows, _place in pages[:-1]] == [page_rows] * (len(pages) - 1)
    assert list(reader.after(pages[-1][1])) == []


def test_what_comes_later_is_handed_out_by_the_same_reader(run: Run) -> None:
    reader, place = Arrivals(run), arrivals.beginning(run)
    assert list(reader.after(place)) == []

    for name in ("first", "second"):
        seen(run, name)
        ((rows, place),) = reader.after(place)
        assert [row["name"] for row in rows] == [name]


def test_a_page_that_is_not_full_is_the_last_and_nothing_else_is_asked(run: Run) -> None:
    place = arrivals.beginning(run)
    seen(run, "a", "b")
    reader = Arrivals(run)

    with CaptureQueriesContext(connection) as asked:
        pages = list(reader.after(place))

    assert len(pages) == len(asked) == 1


def test_other_runs_sightings_are_left_out(run: Run) -> None:
    other = Run.objects.create(target=run.target, settings={})
    place = arrivals.beginning(run)
    seen(other, "theirs")
    seen(run, "ours")

    ((rows, _place),) = Arrivals(run).after(place)

    assert [(row["name"], row["_run"]) for row in rows] == [("ours", run.pk)]


def test_items_leave_as_the_run_saw_them_while_that_version_is_kept(run: Run) -> None:
    place = arrivals.beginning(run)
    same, older, gone = seen(run, "same", "older", "gone")
    changed(older, "newer", run=run.pk + 1)
    changed(gone, "only this is left", run=run.pk + 1, keeps=False)

    ((rows, _place),) = Arrivals(run).after(place)

    assert [row["name"] for row in rows] == ["same", "older", "only this is left"]
    assert [row["_run"] for row in rows] == [run.pk] * 3
    assert [row["_key"] for row in rows] == [same.key, older.key, gone.key]
    assert rows == list(exports.rows(target=run.target, run=run, page_rows=2))
