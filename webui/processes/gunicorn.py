"""Gunicorn's settings, the same wherever the site runs; the address is given on its command line."""

from __future__ import annotations

import gc

from django.urls import get_resolver

worker_class = "gthread"
workers = 2
threads = 4
# A request that never ends is waited for so long, and killing its process takes a moment more: `up`
# and a container's runtime kill all of the site after 10 s.
graceful_timeout = 4
control_socket_disable = True
preload_app = True
# The most that gunicorn takes. Beyond it, it answers by itself: 414 as a small HTML page, under /api/ too.
limit_request_line = 8190


def when_ready(_server: object) -> None:
    """Import every view before the workers are forked: they share it, and the first answer comes sooner.

    What is there by then is not looked through for cycles any more, which took 120 ms of some answers.
    """
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
