"""The crawler's settings, typed; the only reader of Django's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlSettings:
    """What an operator may set about crawling, for every target."""

    user_agent: str
    egress_allow: str
    tls_ca_file: str
    scrapers_folder: str
    default_delay: timedelta
    slice_time: timedelta
    lease_time: timedelta
    renew_every: timedelta
    send_time: timedelta
    ring_time: timedelta
    still_time: timedelta
    keep_requests: timedelta
    keep_events: timedelta
    keep_changes: timedelta
    host_unavailable: timedelta
    page_memory_bytes: int


def crawl() -> CrawlSettings:
    """Return the settings of this process."""
    return CrawlSettings(
        user_agent=settings.USER_AGENT,
        egress_allow=settings.EGRESS_ALLOW,
        tls_ca_file=settings.TLS_CA_FILE,
        scrapers_folder=settings.TRAWL_SCRAPERS,
        default_delay=timedelta(seconds=settings.FETCH_DELAY_SECONDS),
        slice_time=timedelta(seconds=settings.SLICE_SECONDS),
        lease_time=timedelta(seconds=settings.LEASE_SECONDS),
        renew_every=timedelta(seconds=settings.RENEW_SECONDS),
        send_time=timedelta(seconds=settings.SEND_SECONDS),
        ring_time=timedelta(seconds=settings.RING_SECONDS),
        still_time=timedelta(seconds=settings.STILL_SECONDS),
        keep_requests=timedelta(days=settings.KEEP_REQUESTS_DAYS),
        keep_events=timedelta(days=settings.KEEP_EVENTS_DAYS),
        keep_changes=timedelta(days=settings.KEEP_CHANGES_DAYS),
        host_unavailable=timedelta(hours=settings.UNAVAILABLE_HOURS),
        page_memory_bytes=int(settings.PAGE_MEMORY_MIB * 1_048_576),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLimits:
    """After how many seconds Celery interrupts a task and kills it, and the broker delivers it again.

    `visibility_seconds` is None with a broker that delivers again only when a worker is lost.
    """

    soft_seconds: float
    hard_seconds: float
    visibility_seconds: float | None


def task_limits() -> TaskLimits:
    """Return the limits of background work."""
    transport: dict[str, Any] = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    return TaskLimits(
        soft_seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT,
        hard_seconds=settings.CELERY_TASK_TIME_LIMIT,
        visibility_seconds=transport.get("visibility_timeout"),
    )


def fernet() -> MultiFernet:
    """Return the cipher for stored secrets: writes with the first of `ENCRYPTION_KEY`, reads with any."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            f"ENCRYPTION_KEY must be Fernet keys, separated by commas: {error}"
        ) from error
