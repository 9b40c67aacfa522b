"""Outages of the database: known by its own errors, told once, and remembered until they are over."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
import time_machine
from django.db import DatabaseError, OperationalError, connection

from crawler.models import LaneState, Outage, OutageKind, WriteProbe
from crawler.stores import outages, probes
from crawler.stores.outages import Watch
from tests.outages import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def refusal() -> DatabaseError:
    with read_only(), pytest.raises(DatabaseError) as caught:
        LaneState.objects.update(rung_at=None)
    return caught.value


def full_disk() -> DatabaseError:
    fill = _of_postgres if connection.vendor == "postgresql" else _fill_sqlite
    with pytest.raises(DatabaseError) as caught:
        fill()
    return caught.value


def _of_postgres() -> None:
    raise OperationalError from psycopg.errors.DiskFull("could not extend file")


def _fill_sqlite() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1")  # SQLite keeps the pages there are
        free = cursor.execute("PRAGMA freelist_count").fetchone()[0] * 4_096
        try:
            WriteProbe.objects.create(name="fill", written_at=NOW, filler=bytes(free + probes.MUCH_BYTES))
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def at(seconds: float) -> Iterator[datetime]:
    moment = NOW + timedelta(seconds=seconds)
    with time_machine.travel(moment, tick=False):
        yield moment


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_read_only_database_is_known_by_its_error() -> None:
    assert outages.recognise(refusal()) is OutageKind.READ_ONLY


def test_a_full_disk_is_known_by_its_error() -> None:
    assert outages.recognise(full_disk()) is OutageKind.DISK_FULL


def test_a_wrong_statement_is_no_outage() -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

    assert outages.recognise(caught.value) is None


def test_an_outage_is_told_once_and_its_end_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    error = refusal()
    for seconds in (0, 10, 20):
        with at(seconds):
            watch.note(error)
    for seconds in (30, 40):
        with at(seconds):
            watch.over()

    told = [record.message for record in caplog.records if record.name == outages.__name__]
    assert told == [
        "the database is read-only; nothing is fetched until it can be written",
        "the database can be written again",
    ]
    assert list(Outage.objects.values_list("kind", "began_at", "ended_at")) == [
        ("read_only", NOW, NOW + timedelta(seconds=30))
    ]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_of_one_parent_know_of_it_together(watch: Watch) -> None:
    child = os.fork()
    if child == 0:
        watch.note(OperationalError("gone"))
        os._exit(0)
    os.waitpid(child, 0)

    assert watch.seen is not None
    assert watch.seen.kind is OutageKind.AWAY


def test_an_outage_goes_on_while_its_end_cannot_be_written(watch: Watch) -> None:
    with at(0), read_only():
        watch.note(refusal())
    with at(10), read_only():
        watch.over()
        assert not Outage.objects.exclude(ended_at=None).exists()
    with at(20):
        watch.over()

    assert Outage.objects.get().ended_at == NOW + timedelta(seconds=20)


def test_where_only_small_changes_find_room_others_learn_of_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(0) as began:
        watch.note(full_disk())

    assert outages.under_way() == (OutageKind.DISK_FULL, began)

    def refuse() -> None:
        raise OperationalError("still full")

    with monkeypatch.context() as patched:
        patched.setattr(probes, "write_much", refuse)
        with pytest.raises(OperationalError, match="still full"):
            outages.require_writable()
    outages.watch.over()
    assert outages.under_way() is not None

    outages.require_writable()
    assert outages.under_way() is None


def test_a_database_without_trouble_is_not_probed() -> None:
    outages.require_writable()

    assert not WriteProbe.objects.exists()


def test_probes_leave_nothing_but_one_small_row() -> None:
    probes.write_much()
    probes.write_little()
    probes.write_little()

    assert [row.name for row in WriteProbe.objects.all()] == ["little"]


@pytest.mark.parametrize("probe", [probes.write_little, probes.write_much])
def test_a_probe_meets_a_read_only_database(probe: object) -> None:
    assert callable(probe)
    with read_only(), pytest.raises(DatabaseError) as caught:
        probe()

    assert outages.recognise(caught.value) is OutageKind.READ_ONLY
