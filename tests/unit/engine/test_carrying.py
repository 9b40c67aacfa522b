"""Pages that cannot be read for the records that were carried to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.engine import carrying
from crawler.engine.work import Postponed
from crawler.errors import explain
from crawler.http import Fetched, Headers
from scrapers.links import Carried
from tests.fakes.clock import BEGINNING
from tests.fakes.rules import some_rules
from tests.unit.engine.test_visit import URL, Visits, a_claim, visited

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapers.reader import Reading


def test_page_that_takes_too_much_memory_loses_no_record_that_was_carried_there() -> None:
    visits = Visits()

    def resume(_page: Fetched, _carried: object, _again: object) -> Reading:
        raise MemoryError

    visits.fetcher.answer(URL, "x" * 1_600)
    visits.world.carried[1] = [(7, Carried(url=URL, callback="c", data={"n": 1}))]

    result = visited(visits.of(a_claim(rules=some_rules(resume=resume))))

    said = [(record.url, record.data, record.refusal) for record in result.carried]
    assert (result.joined, said) == ((7,), [(URL, b'{"n":1}', carrying.UNREAD)])


def stuck() -> Reading:
    while True:
        pass


def broken() -> Reading:
    raise ValueError("a bad page")


@pytest.mark.parametrize(
    ("resume", "code", "why"),
    [
        (broken, "reader_failed", "its page could not be read: ValueError: a bad page"),
        (stuck, "reader_timed_out", f"its page could not be read: {explain('reader_timed_out')}"),
    ],
)
def test_stored_page_that_cannot_be_read_for_a_record_is_read_once_more_and_is_done_then(
    resume: Callable[[], Reading], code: str, why: str
) -> None:
    visits = Visits(reading=timedelta(seconds=0.2))
    visits.world.carried[1] = [(7, Carried(url=URL, callback="c", data={"n": 1}))]
    visits.world.seen[1] = Fetched(
        url=URL, status=200, headers=Headers([]), body=b"x", wire_bytes=0, elapsed_seconds=0.0
    )
    rules = some_rules(resume=lambda *_page: resume())

    first = visits.of(a_claim(rules=rules, attempts=1))
    assert isinstance(first, Postponed)
    assert (first.reason, first.counts, first.until) == (code, True, BEGINNING)

    result = visited(visits.of(a_claim(rules=rules, attempts=2)))
    (record,) = result.carried
    assert (record.url, record.data) == (URL, b'{"n":1}')
    assert record.refusal.startswith(why)
    assert (result.again, result.page, result.joined, result.items) == (True, None, (7,), ())
    assert visits.fetcher.requests == []
