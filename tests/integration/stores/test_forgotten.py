"""Rows that one forgets while another waits for them (PostgreSQL: SQLite has one writer at a time)."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from crawler.models import Losses
from crawler.services import losses
from crawler.stores import sweeps
from tests.beside import Beside
from tests.crawling import a_run
from tests.fakes.clock import FakeClock

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]
NUMBERS = {"records": 4, "lost": 3, "gained": 0}


def test_look_that_is_forgotten_by_another_begins_anew(clock: FakeClock) -> None:
    with transaction.atomic():
        sweeps.lock("run 1", now=clock.now())
        sweeps.keep("run 1", {"after": 7}, now=clock.now())

    def locked() -> dict[str, object]:
        with transaction.atomic():
            return sweeps.lock("run 1", now=clock.now())

    with transaction.atomic():
        assert sweeps.lock("run 1", now=clock.now()) == {"after": 7}
        other = Beside(locked)
        other.await_wait()
        sweeps.forget(["run 1"])

    assert other.end() == {}


def test_losses_are_counted_anew_where_another_forgets_those_before(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    data = {"beside": {"price": NUMBERS}}
    with transaction.atomic():
        losses.add(run, data)

    def added() -> None:
        with transaction.atomic():
            losses.add(run, data)

    with transaction.atomic():
        losses.add(run, data)
        other = Beside(added)
        other.await_wait()
        losses.forget(run.target_id)
    other.end()

    assert Losses.objects.get().fields == {"price": {"score": 2.0, "since": run.pk}}
