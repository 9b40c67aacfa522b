"""Log lines: one JSON object each, whatever a page or a person put into them."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import RequestFactory

from crawler.stores.outages import watch
from webui import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What a logger of the installation writes."""
    out = io.StringIO()
    settings = logs.configuration("INFO")
    formatter = logging.config.DictConfigurator(settings).configure_formatter(settings["formatters"]["json"])
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logger = logging.getLogger("trawl.test")
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)


def only_line(said: io.StringIO) -> dict[str, Any]:
    (line,) = said.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_one_json_object_with_its_extras(said: io.StringIO) -> None:
    logging.getLogger("trawl.test").warning("a page was refused", extra={"url": "http://a.test/"})

    line = only_line(said)
    assert (line["event"], line["level"], line["logger"]) == ("a page was refused", "warning", "trawl.test")
    assert line["url"] == "http://a.test/"
    assert line["timestamp"].endswith("Z")


def test_control_characters_make_no_line_of_their_own(said: io.StringIO) -> None:
    logging.getLogger("trawl.test").warning("title: %s", "one\ntwo\x1b[31m\x00")

    assert only_line(said)["event"] == "title: one\ntwo\x1b[31m\x00"
    assert not {"\x1b", "\x00"} & set(said.getvalue())


def test_a_traceback_stays_within_its_line(said: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("trawl.test").exception("a scraper raised")

    assert "ValueError: broken" in only_line(said)["exception"]


@pytest.mark.parametrize(
    ("path", "status", "news"), [("/readyz", 503, False), ("/readyz", 500, True), ("/runs/", 503, False)]
)
def test_only_not_now_is_no_news(path: str, status: int, news: bool) -> None:
    request = RequestFactory().get(path)
    told = {"name": "django.request", "request": request, "status_code": status}
    record = logging.makeLogRecord(told)

    assert logs.is_news(record) is news


def test_what_an_outage_makes_fail_is_told_once_and_not_with_each_failure() -> None:
    outage, fault = OperationalError("the server closed the connection"), ProgrammingError("no such table")
    try:
        told = [
            logs.is_news(logging.makeLogRecord({"exc_info": (type(error), error, None)}))
            for error in (outage, fault)
        ]
        assert watch.seen is not None
    finally:
        watch.forget()

    assert told == [False, True]


def test_lines_without_a_request_are_news() -> None:
    assert logs.is_news(logging.makeLogRecord({"msg": "a page was refused"}))


def test_what_is_no_news_is_not_written() -> None:
    settings = logs.configuration("INFO")

    (kept,) = settings["handlers"]["stderr"]["filters"]
    assert settings["filters"][kept]["callback"] is logs.is_news
