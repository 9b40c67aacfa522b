"""Of ten messages one is lost and the others are sent three times."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from kombu.transport.redis import Channel

OF = 10
COPIES = 3
LOST_FILE = "LOST_MESSAGES_FILE"
"""The variable that names a file to which each process adds a line for each message that it lost."""

_numbers = count()  # threads share it
_places = Random().choices(range(OF), k=1000)
_put = Channel._put


def lose_or_copy(channel: Channel, queue: str, message: dict[str, Any], **options: Any) -> None:
    """Lose one message of each ten that this process sends, whichever that is."""
    ten, place = divmod(next(_numbers), OF)
    if place == _places[ten % len(_places)]:
        with Path(os.environ[LOST_FILE]).open("a") as file:
            file.write(f"{queue}\n")
        return
    for _ in range(COPIES):
        _put(channel, queue, message, **options)
