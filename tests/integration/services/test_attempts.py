"""Tasks that meet an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from celery.exceptions import Ignore
from django.db import OperationalError, ProgrammingError

from crawler import tasks
from crawler.services import previewing, reconciling
from crawler.services.attempts import Refused
from crawler.stores.outages import watch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    watch.forget()


def away(**_given: object) -> None:
    raise OperationalError("the database is shutting down")


def test_a_task_that_the_database_refuses_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "reconcile", away)

    with pytest.raises(Ignore, match="does not answer"):
        tasks.reconcile()
    assert watch.seen is not None


def test_a_task_that_somebody_waits_for_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "run", away)

    with pytest.raises(Refused, match="does not answer"):
        tasks.preview(draft="", user=1)


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(**_given: object) -> None:
        raise ProgrammingError("no such column")

    monkeypatch.setattr(reconciling, "reconcile", wrong)

    with pytest.raises(ProgrammingError):
        tasks.reconcile()
