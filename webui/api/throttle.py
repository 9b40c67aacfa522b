"""How often one caller may ask: a fixed number of requests a minute, counted in the cache."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.core.cache import caches
from ninja.throttling import BaseThrottle
from redis.exceptions import RedisError

from webui.api.auth import caller

if TYPE_CHECKING:
    from django.http import HttpRequest

MINUTE: Final = 60
REQUESTS_PER_MINUTE: Final = 1_200
REST_AFTER_FAILURE: Final = 10.0


class PerMinute(BaseThrottle):
    """Lets each caller ask `most` times in each minute of the clock.

    Without the cache everyone may ask: a throttle that is away must not take the API with it.
    After a failure the cache is left alone for a while, so that its time-out is not paid for by
    every request.
    """

    def __init__(self, most: int = REQUESTS_PER_MINUTE) -> None:
        self._most = most
        self._rest_until = 0.0

    def allow_request(self, request: HttpRequest) -> bool:
        if time.monotonic() < self._rest_until:
            return True
        key = f"api:{caller(request).ident}:{int(time.time()) // MINUTE}"
        try:
            return self._count(key) <= self._most
        except (RedisError, OSError):
            self._rest_until = time.monotonic() + REST_AFTER_FAILURE
            return True

    def wait(self) -> float:
        return MINUTE - time.time() % MINUTE

    def _count(self, key: str) -> int:
        cache = caches["throttle"]
        try:
            return cache.incr(key)
        except ValueError:
            return 1 if cache.add(key, 1, timeout=2 * MINUTE) else cache.incr(key)
