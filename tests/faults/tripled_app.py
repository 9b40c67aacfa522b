"""The Celery application, but of ten messages one is lost and the others are sent three times."""

from __future__ import annotations

from kombu.transport.redis import Channel

from tests.faults.tripled import lose_or_copy
from webui.celery import app

__all__ = ["app"]

Channel._put = lose_or_copy  # type: ignore[assignment]
