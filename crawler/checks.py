"""What must fit together before anything starts: Django runs these with every command."""

from __future__ import annotations

import logging
import math
from itertools import pairwise
from sqlite3 import sqlite_version_info
from typing import TYPE_CHECKING

from django.core.checks import Error, Warning, register  # noqa: A004 - its name
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from crawler import conf
from crawler.fetch.tls import trust
from crawler.policy.addresses import BadAllow, parse_allow
from scrapers import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)
RENEWALS_A_LEASE = 3
OLDEST_SQLITE = (3, 35, 0)
"""The first version whose statements return the rows that they changed."""


@register()
def settings_fit(**_asked: object) -> list[Error]:
    """Return what keeps the crawler from working as set."""
    return [*_times(), *_networks(), *_authorities(), *_keys(), *_database()]


@register()
def scrapers_load(**_asked: object) -> list[Warning]:
    """Return what is wrong with files of `TRAWL_SCRAPERS`; the others are used."""
    return [
        Warning(
            f"TRAWL_SCRAPERS: {mistake.file}: {mistake.message}",
            hint=folder.REMEDY,
            id="crawler.W001",
        )
        for mistake in folder.installed().mistakes
    ]


def tell_of_scrapers() -> None:
    """Log what is wrong with files of `TRAWL_SCRAPERS`, once for each process."""
    for mistake in folder.installed().mistakes:
        log.error("a scraper cannot be used", extra={"file": mistake.file, "reason": mistake.message})


def _times() -> Iterator[Error]:
    crawl, limits = conf.crawl(), conf.task_limits()
    seconds, soft = crawl.slice_time.total_seconds(), limits.soft_seconds
    if seconds * 2 > soft:
        yield Error(
            f"SLICE_SECONDS={seconds:g} does not fit Celery's limits",
            hint=f"make it at most {soft / 2:g}: a slice ends long before Celery would end its task",
            id="crawler.E001",
        )
    if crawl.renew_every * RENEWALS_A_LEASE > crawl.lease_time:
        yield Error(
            "RENEW_SECONDS is too long for LEASE_SECONDS",
            hint=f"renew at least {RENEWALS_A_LEASE} times a lease, or one lost renewal loses the lease",
            id="crawler.E002",
        )
    yield from _rising("E005", "a task is interrupted, then ended, then delivered again", _limits())
    yield from _rising("E006", "sending outlasts a renewal and stops before the lease does", _lease())


def _limits() -> Mapping[str, float]:
    limits = conf.task_limits()
    return {
        "SOFT_LIMIT_SECONDS": limits.soft_seconds,
        "HARD_LIMIT_SECONDS": limits.hard_seconds,
        "REDELIVER_SECONDS": limits.visibility_seconds or math.inf,
    }


def _lease() -> Mapping[str, float]:
    crawl = conf.crawl()
    return {
        "RENEW_SECONDS": crawl.renew_every.total_seconds(),
        "SEND_SECONDS": crawl.send_time.total_seconds(),
        "LEASE_SECONDS": crawl.lease_time.total_seconds(),
    }


def _rising(number: str, why: str, lengths: Mapping[str, float]) -> Iterator[Error]:
    """Yield an error for each two neighbours of which the first is not the shorter."""
    for (name, seconds), (longer, more) in pairwise(lengths.items()):
        if seconds >= more:
            yield Error(
                f"{name}={seconds:g} must be less than {longer}={more:g}",
                hint=f"{why}: change one of the two",
                id=f"crawler.{number}",
            )


def _networks() -> Iterator[Error]:
    try:
        parse_allow(conf.crawl().egress_allow)
    except BadAllow as error:
        yield Error(
            f"EGRESS_ALLOW: {error}", hint="such as 10.1.0.0/16 or 10.1.0.0/16:8000-8999", id="crawler.E003"
        )


def _authorities() -> Iterator[Error]:
    try:
        trust(conf.crawl().tls_ca_file)
    except OSError as error:
        yield Error(
            f"TLS_CA_FILE: {error.strerror or error}",
            hint="name a file with certificates in PEM that every process can read",
            id="crawler.E007",
        )


def _keys() -> Iterator[Error]:
    try:
        conf.fernet()
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint="remove it to have one made, unless secrets were stored with it",
            id="crawler.E004",
        )


def _database() -> Iterator[Error]:
    if connection.vendor == "sqlite" and sqlite_version_info < OLDEST_SQLITE:
        there = ".".join(map(str, sqlite_version_info))
        yield Error(
            f"this Python has SQLite {there}, and Trawl needs 3.35 or newer",
            hint="take another Python, or PostgreSQL: DATABASE_URL=postgresql://user:password@host/name",
            id="crawler.E008",
        )
