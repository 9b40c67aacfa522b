"""What tests with a database share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler import queue
from crawler.trials import asking
from tests.fakes.clock import FakeClock
from tests.trials import ForkedChild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.queue import Lane


@pytest.fixture(autouse=True)
def _quick_trials() -> Iterator[None]:
    """Selectors are tried hundreds of times here; what is tested elsewhere in this process is as it is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "_started", ForkedChild)
        yield


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
