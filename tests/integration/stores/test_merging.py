"""Records that lack a page keep what else stands under their keys, also what others write just then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.db import connection, transaction

from crawler.engine import records
from crawler.models import HeldItem, Item, Publication, Run
from crawler.stores import carried, holding, incomplete, items
from crawler.stores.incomplete import Place, Whose
from crawler.stores.runs import Tallies
from tests.beside import Beside
from tests.crawling import a_run
from tests.integration.stores.carriers import SETTINGS, going
from tests.integration.stores.hands import an_item

if TYPE_CHECKING:
    from datetime import datetime

    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
A = "http://a.test"
ONE = {"key": "one"}


class Read(NamedTuple):
    url: str
    run: int
    last_seen: datetime


def whose(run: Run, *, apart: bool = False) -> Whose:
    return Whose(run=run.pk, target=run.target_id, key_fields=("key",), apart=apart)


def save(run: Run, clock: FakeClock, *said: dict[str, Any], apart: bool = False, lacks: bool = False) -> None:
    """Store records of one page in one batch, those that lack a page or whole ones."""
    found = [records.lacking(one) if lacks else one for one in map(an_item, said)]
    write = holding.keep if apart else items.save
    with transaction.atomic():
        write(
            [(Place(url=f"{A}/", rules=whose(run, apart=apart)), found)], tallies=Tallies(), now=clock.now()
        )


def said() -> list[dict[str, Any]]:
    return [*Item.objects.values_list("data", flat=True), *HeldItem.objects.values_list("data", flat=True)]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("known", [True, False])
def test_what_another_writes_just_then_stays(clock: FakeClock, known: bool, apart: bool) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    Run.objects.filter(pk=run.pk).update(publication=Publication.WAITING if apart else Publication.DIRECT)
    if known:
        save(run, clock, ONE | {"text": "old"}, apart=apart)
    carried.add(run.pk, [(1, going(f"{A}/1", "one"))])

    with transaction.atomic():
        save(run, clock, ONE | {"text": "newer"}, apart=apart)
        other = Beside(lambda: incomplete.give_out(whose(run, apart=apart), now=clock.now()))
        other.await_wait()

    assert other.end() == 1
    assert said() == [ONE | {"text": "newer"}]


@pytest.mark.parametrize("apart", [False, True])
def test_records_of_one_batch_say_together_what_each_knows(clock: FakeClock, apart: bool) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    save(run, clock, ONE | {"a": 1, "c": 1}, apart=apart)
    save(run, clock, ONE | {"a": 2}, ONE | {"b": 2}, apart=apart, lacks=True)

    assert said() == [ONE | {"a": 2, "c": 1, "b": 2}]


def test_record_that_lacks_a_page_takes_nothing_from_one_that_was_removed(clock: FakeClock) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    save(run, clock, ONE | {"a": 1})
    Item.objects.update(removed_at=clock.now())
    save(run, clock, ONE, lacks=True)

    assert said() == [ONE]


def test_run_that_is_apart_takes_what_it_lacks_from_the_item(clock: FakeClock) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    save(run, clock, ONE | {"a": 1})
    save(run, clock, ONE | {"b": 2}, apart=True, lacks=True)

    assert HeldItem.objects.get().data == ONE | {"a": 1, "b": 2}


def test_replay_that_lacks_a_page_keeps_what_was_written_since_it_was_read(clock: FakeClock) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    save(run, clock, ONE | {"a": 1})
    read = records.lacking(an_item(ONE | {"b": 2}))
    shown = records.with_data(read, ONE | {"a": 1, "b": 2})
    clock.advance(1)
    save(run, clock, ONE | {"a": 3})
    clock.advance(1)
    source = Read(url=f"{A}/", run=run.pk, last_seen=clock.now())

    with transaction.atomic():
        items.rewrite(run.target_id, {shown.key_hash: (source, shown)}, now=clock.now())

    assert said() == [ONE | {"a": 3, "b": 2}]
