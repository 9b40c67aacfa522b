"""Log lines: one JSON object each, with control characters escaped by the encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.db import Error as DatabaseFailure

if TYPE_CHECKING:
    import logging


def configuration(level: str) -> dict[str, Any]:
    """Return the logging configuration that writes JSON lines to standard error from `level` up."""
    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
        "foreign_pre_chain": chain,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "filters": {"news": {"()": "django.utils.log.CallbackFilter", "callback": is_news}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["news"]}},
        "root": {"handlers": ["stderr"], "level": level},
        # clients write whole addresses, which may be secrets of webhooks and logins
        "loggers": {name: {"level": "WARNING"} for name in ("httpx", "httpcore")},
    }


def is_news(record: logging.LogRecord) -> bool:
    """Say whether a record tells more than is told anyway.

    "Not ready yet" is the answer to a probe; the outage behind "not now", and behind whatever else it
    makes fail, is logged once.
    """
    if record.name == "django.request" and getattr(record, "status_code", None) == 503:
        return False
    return not (record.exc_info and _is_of_outage(record.exc_info[1]))


def _is_of_outage(error: BaseException | None) -> bool:
    if not isinstance(error, DatabaseFailure):
        return False
    from crawler.stores.outages import watch  # tables are there when the first of them fails

    return watch.note(error) is not None
