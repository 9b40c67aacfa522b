"""Reads stored pages again with other settings of a scraper: asked for, gone on with, stored, cancelled."""

from crawler.services.replays.advancing import advance, step
from crawler.services.replays.asking import (
    KEYS,
    MOST_SAMPLED,
    Busy,
    ask_again,
    cancel,
    forget,
    require_idle,
    start,
    store,
    store_run,
)
from crawler.services.replays.refreshing import read_again

__all__ = [
    "KEYS",
    "MOST_SAMPLED",
    "Busy",
    "advance",
    "ask_again",
    "cancel",
    "forget",
    "read_again",
    "require_idle",
    "start",
    "step",
    "store",
    "store_run",
]
