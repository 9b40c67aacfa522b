"""Tasks that meet an outage."""

from __future__ import annotations

import pytest
from django.db import OperationalError, ProgrammingError

from crawler import tasks
from crawler.services import reconciling
from crawler.services.attempts import Refused
from webui.celery import app


def test_a_task_that_the_database_refuses_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_given: object) -> None:
        raise OperationalError("the database is shutting down")

    monkeypatch.setattr(reconciling, "reconcile", away)

    with pytest.raises(Refused, match="does not answer"):
        tasks.reconcile()
    assert Refused in app.tasks["crawl.reconcile"].throws


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(**_given: object) -> None:
        raise ProgrammingError("no such column")

    monkeypatch.setattr(reconciling, "reconcile", wrong)

    with pytest.raises(ProgrammingError):
        tasks.reconcile()
