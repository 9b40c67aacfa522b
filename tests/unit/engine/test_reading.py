"""A page has five seconds to be read."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import orjson
import pytest

from crawler.engine import reading as reading_module
from crawler.engine.reading import Attention, ReadTimedOut, TimedReader, read_or_problem
from crawler.http import Fetched, Headers
from scrapers import registry
from scrapers.page import JSON, Page
from scrapers.reader import Reading, read
from tests.fakes.rules import some_rules

if TYPE_CHECKING:
    from collections.abc import Iterator


def forever() -> None:
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001 - scrapers do that
            continue


def test_page_that_does_not_end_is_interrupted_whatever_it_catches() -> None:
    with TimedReader(limit_seconds=0.05) as reader, pytest.raises(ReadTimedOut):
        reader.read(7, forever)
    assert reader.running_since is None


@pytest.mark.parametrize(
    ("selector", "body", "content_type"),
    [
        ("re:a[^b]*b|a", b"a" * 1_000_000, "text/plain"),
        ("jmespath:" + "[?@!='b']|" * 80 + "@", orjson.dumps(["a"] * 100_000), "application/json"),
    ],
)
def test_peoples_selectors_are_interrupted_like_all_else(
    selector: str, body: bytes, content_type: str
) -> None:
    scraper = registry.compile(name="fields", fields={"a": selector})
    page = Page(url="http://a.test/", body=body, headers={"content-type": content_type})
    with TimedReader(limit_seconds=0.05) as reader, pytest.raises(ReadTimedOut):
        reader.read(7, lambda: read(page, scraper))


def test_page_that_was_kept_from_the_processor_gets_half_of_its_time_once_more() -> None:
    began = time.monotonic()
    with TimedReader(limit_seconds=0.2) as reader, pytest.raises(ReadTimedOut):
        reader.read(7, lambda: time.sleep(60))
    assert time.monotonic() - began >= 0.3


def left_after_alarms(count: int) -> float:
    """Return how much time a read has left that the alarm finds so often before its work has used any."""
    for _ in range(count):
        signal.raise_signal(signal.SIGALRM)
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_page_that_ends_within_half_of_its_time_once_more_is_read() -> None:
    with TimedReader(limit_seconds=60) as reader:
        assert 0 < reader.read(7, lambda: left_after_alarms(1)) <= 30
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        with pytest.raises(ReadTimedOut):
            reader.read(7, lambda: left_after_alarms(2))


def test_attention_counts_what_it_sees_of_one_page() -> None:
    attention = Attention(at_most_seconds=2)
    assert attention.look(None, now=10) == 0
    assert [attention.look(10.5, now=now) for now in (11, 12, 13)] == [0.5, 1.5, 2.5]
    assert attention.look(13.5, now=14) == 0.5, "another page"
    assert attention.look(None, now=15) == 0


def test_attention_does_not_count_time_for_which_the_process_stood_still() -> None:
    attention = Attention(at_most_seconds=2)
    assert attention.look(10, now=11) == 1
    assert attention.look(10, now=300) == 3
    assert attention.look(10, now=301) == 4
    assert attention.look(400, now=500) == 2


def test_quick_page_leaves_no_alarm_behind() -> None:
    with TimedReader(limit_seconds=30) as reader:
        assert reader.read(7, lambda: "fine") == "fine"
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_watchdog_sees_what_is_being_read_and_since_when() -> None:
    seen: list[tuple[int | None, bool]] = []
    with TimedReader() as reader:
        reader.read(7, lambda: seen.append((reader.running_request, reader.running_since is not None)))
    assert seen == [(7, True)]


def test_error_of_the_page_passes_and_ends_the_reading() -> None:
    with TimedReader() as reader, pytest.raises(ZeroDivisionError):
        reader.read(7, lambda: 1 // 0)
    assert reader.running_since is None


def test_outside_of_the_main_thread_there_is_no_alarm() -> None:
    found: list[str] = []

    def read() -> None:
        with TimedReader(limit_seconds=0.001) as reader:
            found.append(reader.read(7, lambda: "fine"))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(60)
    assert found == ["fine"]


class Stumbling:
    """A scraper that gives one item, then raises."""

    name = "stumbling"

    def parse(self, page: Page) -> Iterator[dict[str, JSON]]:
        yield {"url": page.url}
        raise KeyError("price")


def test_scraper_that_raises_is_logged_with_its_traceback_and_keeps_its_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = Fetched(
        url="http://a.test/1", status=200, headers=Headers(), body=b"<p>", wire_bytes=3, elapsed_seconds=0.1
    )
    rules = some_rules(3, read=lambda fetched: read(Page(url=fetched.url, body=fetched.body), Stumbling()))
    with TimedReader() as reader:
        reading = read_or_problem(reader, rules, page, request=7)
    assert isinstance(reading, Reading)
    assert [item.data for item in reading.items] == [{"url": "http://a.test/1"}]
    (logged,) = [record for record in caplog.records if record.name == reading_module.__name__]
    assert (logged.__dict__["run"], logged.__dict__["url"]) == (3, "http://a.test/1")
    assert "KeyError: 'price'" in logged.__dict__["traceback"]
    assert "in parse" in logged.__dict__["traceback"]
