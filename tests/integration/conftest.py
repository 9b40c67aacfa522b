"""What tests with a database share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler import queue
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from crawler.queue import Lane


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Lane]:
    """The lanes whose bell was rung; the broker takes everything."""
    lanes: list[Lane] = []
    monkeypatch.setattr(queue, "send_slice", lanes.append)
    return lanes


@pytest.fixture
def clock() -> FakeClock:
    """A clock a little ahead of what is started by the real one."""
    return FakeClock(beginning=timezone.now() + timedelta(minutes=1))
