"""Of ten messages one is lost and the others are sent three times."""

from __future__ import annotations

from random import Random
from typing import Any

from kombu.transport.redis import Channel

LOST = 0.1
COPIES = 3

_chance = Random()
_put = Channel._put


def lose_or_copy(channel: Channel, queue: str, message: dict[str, Any], **options: Any) -> None:
    if _chance.random() < LOST:
        return
    for _ in range(COPIES):
        _put(channel, queue, message, **options)
