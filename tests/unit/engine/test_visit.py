"""The way of one request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.engine.held import HeldHost
from crawler.engine.reading import TimedReader
from crawler.engine.records import MOST_KINDS_A_PAGE
from crawler.engine.visit import Visitor
from crawler.engine.work import (
    Claim,
    Ended,
    Ending,
    HostLease,
    Ledger,
    Postponed,
    ProblemRecord,
    Result,
    RunRules,
    Validators,
    Visited,
)
from crawler.errors import MORE_PROBLEMS, ConnectFailed, NameNotFound, Refused, TooLarge
from crawler.frontier.scope import compile_scope
from crawler.policy.identity import digest
from crawler.urls import canonical
from scrapers.links import Link
from scrapers.reader import Problem
from tests.fakes.clock import BEGINNING, FakeClock, run
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.frontier import FakeFrontier, FakeWorld
from tests.fakes.rules import a_reading, some_rules

if TYPE_CHECKING:
    from crawler.errors import FetchError
    from crawler.http import Fetched
    from scrapers.reader import Reading

A, URL = "http://a.test", "http://a.test/page"
KNOWN = Validators(
    etag='"v1"',
    last_modified="Sat, 29 Oct 1994 19:43:31 GMT",
    content_type="text/html",
    body_hash=digest(b"old"),
)


class Visits:
    """A visitor, its fetcher, and the host that it visits."""

    def __init__(
        self,
        *,
        ledger: Ledger | None = None,
        patience: timedelta = timedelta(hours=24),
        reading: timedelta = timedelta(seconds=5),
    ) -> None:
        self.clock = FakeClock()
        self.fetcher = FakeFetcher()
        self.world = FakeWorld(self.clock)
        self._reader = TimedReader(limit_seconds=reading.total_seconds())
        self.host = HeldHost(HostLease(id=1, origin=A, epoch=1, ledger=ledger or Ledger()), self.clock)
        self.frontier = FakeFrontier(self.world)
        self._visitor = Visitor(
            fetcher=self.fetcher,
            frontier=self.frontier,
            reader=self._reader,
            clock=self.clock,
            patience=patience,
        )

    def of(self, claim: Claim | None = None) -> Result:
        with self._reader:
            return run(self._visitor.visit(self.host, claim or a_claim()))


def a_claim(url: str = URL, *, rules: RunRules | None = None, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "id": 1, "host": 1, "backlog": 1, "epoch": 1, "depth": 0, "priority": 5, "key": canonical(url).key
    }  # fmt: skip
    first = changes["via"][0] if changes.get("via") else url
    rules = rules or some_rules()
    return Claim(url=url, rules=replace(rules, starts=rules.starts | {first}), **values | changes)


@pytest.fixture
def visits() -> Visits:
    return Visits()


def visited(result: Result) -> Visited:
    assert isinstance(result, Visited)
    return result


def test_page_is_stored_with_its_items_and_its_links_by_scope(visits: Visits) -> None:
    visits.fetcher.answer(URL, "<p>hello", headers=[("ETag", '"v2"')])
    links = [Link(url=f"{A}/next"), Link(url="http://b.test/"), Link(url="mailto:x"), Link(url=f"{A}/x/x/x/")]
    rules = some_rules(read=lambda _page: a_reading({"n": 1}, links=links, title="Hello"))

    result = visited(visits.of(a_claim(rules=rules)))

    assert [found.url.text for found in result.found] == [f"{A}/next"]
    assert {found.depth for found in result.found} == {1}
    assert set(result.outside) == {("host", "http://b.test/"), ("trap_repeats", f"{A}/x/x/x/")}
    assert [item.key for item in result.items] == [URL]
    assert result.page is not None
    assert (result.page.title, result.page.etag, result.page.body) == ("Hello", '"v2"', b"<p>hello")
    assert result.page.body_hash == digest(b"<p>hello")
    assert not result.unchanged


def test_links_that_the_run_has_are_not_handed_over_again(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    links = [Link(url=f"{A}/known#part"), Link(url=f"{A}/new"), Link(url="http://b.test/")]
    rules = some_rules(read=lambda _page: a_reading(links=links))
    visits.frontier.links_known = {rules.run: {canonical(f"{A}/known").key}, 2: {canonical(f"{A}/new").key}}

    result = visited(visits.of(a_claim(rules=rules)))

    assert [found.url.text for found in result.found] == [f"{A}/new"]
    assert result.outside == (("host", "http://b.test/"),)


def test_sample_of_a_link_too_long_holds_nothing_that_a_database_refuses(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    links = [Link(url=f"{A}/\0\ud800{'x' * 9_000}")]
    rules = some_rules(read=lambda _page: a_reading(links=links))

    ((reason, sample),) = visited(visits.of(a_claim(rules=rules))).outside

    assert (reason, sample[: len(A) + 3]) == ("trap_length", f"{A}/?x")


def test_several_records_of_a_page_have_different_keys(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    rules = some_rules(read=lambda _page: a_reading({"n": 1}, {"n": 2}))

    keys = {item.key for item in visited(visits.of(a_claim(rules=rules))).items}

    assert len(keys) == 2
    assert all(key.startswith(URL) for key in keys)


def test_record_without_a_key_field_is_a_problem_and_no_item(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    rules = some_rules(read=lambda _page: a_reading({"sku": 1, "n": 1}, {"n": 2}), key_fields=("sku",))

    result = visited(visits.of(a_claim(rules=rules)))

    assert [item.key for item in result.items] == ["[1]"]
    assert [(said.code, said.field, said.count) for said in result.problems] == [("key_missing", "key", 1)]


def test_problems_of_a_page_are_added_up_by_code_and_field(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    said = [Problem(code="bad_type", message=f"row {n}", field="price") for n in range(3)]
    said.append(Problem(code="bad_type", message="no\0thing", field="name"))
    reading = replace(a_reading(), problems=tuple(said))

    result = visited(visits.of(a_claim(rules=some_rules(read=lambda _page: reading))))

    assert result.problems == (
        ProblemRecord(code="bad_type", field="price", count=3, message="row 0"),
        ProblemRecord(code="bad_type", field="name", count=1, message="nothing"),
    )


def test_page_that_names_ever_new_problems_fills_no_memory(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x")
    said = tuple(Problem(code="odd", message="odd", field=str(n)) for n in range(5_000))
    reading = replace(a_reading(), problems=said)

    result = visited(visits.of(a_claim(rules=some_rules(read=lambda _page: reading))))

    assert len(result.problems) == MOST_KINDS_A_PAGE + 1
    assert sum(problem.count for problem in result.problems) == 5_000
    assert result.problems[-1].code == MORE_PROBLEMS


def test_text_that_no_database_stores_is_left_out(visits: Visits) -> None:
    visits.fetcher.answer(URL, "x", headers=[("ETag", '"\udce9"')])
    rules = some_rules(read=lambda _page: a_reading(title="nul\0 and \ud800 half"))

    page = visited(visits.of(a_claim(rules=rules))).page

    assert page is not None
    assert (page.title, page.etag) == ("nul and ? half", "")


def test_body_that_is_no_text_is_not_kept(visits: Visits) -> None:
    visits.fetcher.answer(URL, b"\x89PNG", content_type="image/png")

    page = visited(visits.of()).page

    assert page is not None
    assert (page.body, page.size) == (None, 4)


def test_links_that_peoples_patterns_take_too_long_to_judge_fail_their_page() -> None:
    visits = Visits(reading=timedelta(seconds=0.05))
    slow = tuple(f".{{499}}{letter}" for letter in "abcdefghij")
    scope = compile_scope(kind="host", starts=(URL,), include=slow, exclude=(), max_depth=None)
    links = [Link(url=f"{A}/{number}/{'x' * 2_000}") for number in range(2_000)]
    visits.fetcher.answer(URL)
    result = visits.of(a_claim(rules=some_rules(scope=scope, read=lambda _page: a_reading(links=links))))
    assert isinstance(result, Ended)
    assert (result.state, result.reason) == (Ending.FAILED, "reader_timed_out")


def test_page_that_its_parsers_cannot_read_fails_alone(visits: Visits) -> None:
    def trip(_page: Fetched) -> Reading:
        raise RecursionError("too deep")

    visits.fetcher.answer(URL, "x")

    result = visits.of(a_claim(rules=some_rules(read=trip)))

    assert isinstance(result, Ended)
    assert (result.state, result.reason, result.status) == (Ending.FAILED, "reader_failed", 200)
    (problem,) = result.problems
    assert problem.code == "reader_failed"
    assert problem.message.startswith("RecursionError: too deep (test_visit.py, line ")


def test_conditions_are_sent_with_what_an_earlier_visit_left(visits: Visits) -> None:
    visits.fetcher.answer(URL, "new")

    result = visited(visits.of(a_claim(known=KNOWN)))

    sent = dict(visits.fetcher.requests[0].headers)
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (KNOWN.etag, KNOWN.last_modified)
    assert not result.unchanged


def test_page_not_modified_is_read_from_the_stored_body(visits: Visits) -> None:
    seen: list[bytes] = []

    def read(page: Fetched) -> Reading:
        seen.append(page.body)
        return a_reading(links=[Link(url=f"{A}/next")])

    visits.world.bodies[KNOWN.body_hash] = b"old"
    visits.fetcher.answer(URL, status=304, headers=[("ETag", '"v2"')])

    result = visited(visits.of(a_claim(known=KNOWN, rules=some_rules(read=read))))

    assert seen == [b"old"]
    assert result.unchanged
    assert result.page is not None
    assert (result.page.body, result.page.body_hash, result.page.status) == (None, KNOWN.body_hash, 200)
    assert len(result.found) == 1


def test_page_not_modified_without_a_stored_body_is_asked_for_once_more(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=304)

    again = visits.of(a_claim(known=KNOWN))

    assert isinstance(again, Postponed)
    assert (again.reason, again.counts, again.until) == ("stored_body_gone", True, BEGINNING)
    ended = visits.of(a_claim(attempts=1))
    assert isinstance(ended, Ended)
    assert ended.reason == "status-304"


def test_same_body_on_a_200_is_unchanged_too(visits: Visits) -> None:
    visits.fetcher.answer(URL, "old")

    result = visited(visits.of(a_claim(known=KNOWN)))

    assert result.unchanged
    assert result.page is not None
    assert result.page.body is None


def test_redirect_is_handed_over_as_a_request_of_its_own(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=301, headers=[("Location", "/there")])

    result = visited(visits.of(a_claim(depth=3, via=("http://a.test/first",))))

    (hop,) = result.found
    assert (hop.url.text, hop.depth, hop.via) == (f"{A}/there", 3, ("http://a.test/first", URL))
    assert result.redirected
    assert result.page is None


def test_redirect_out_of_the_scope_is_counted_and_not_followed(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=302, headers=[("Location", "http://b.test/")])

    result = visited(visits.of(a_claim(depth=1)))

    assert (result.found, result.outside) == ((), (("host", "http://b.test/"),))


def test_start_url_may_lead_anywhere_and_its_landing_belongs_to_the_scope(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=302, headers=[("Location", "http://www.b.test/welcome")])
    (hop,) = visited(visits.of()).found
    assert hop.url.text == "http://www.b.test/welcome"

    visits.fetcher.answer(hop.url.text, "x")
    links = [Link(url="http://b.test/more"), Link(url=f"{A}/other"), Link(url="http://c.test/")]
    claim = a_claim(hop.url.text, via=hop.via, rules=some_rules(read=lambda _page: a_reading(links=links)))
    result = visited(visits.of(claim))

    assert result.landing == "http://www.b.test/welcome"
    assert [found.url.text for found in result.found] == ["http://b.test/more", f"{A}/other"]
    assert result.outside == (("host", "http://c.test/"),)


@pytest.mark.parametrize("via", [(), (f"{A}/first",)])
def test_page_that_was_asked_for_beyond_the_depth_may_be_elsewhere_in_the_scope(
    visits: Visits, via: tuple[str, ...]
) -> None:
    scope = compile_scope(kind="host", starts=(A,), include=(), exclude=("there",), max_depth=0)
    visits.fetcher.answer(URL, status=301, headers=[("Location", "/there")])
    claim = replace(a_claim(rules=some_rules(scope=scope)), depth=1, via=via)
    assert [hop.url.text for hop in visited(visits.of(claim)).found] == [f"{A}/there"]

    visits.fetcher.answer(f"{A}/away", status=301, headers=[("Location", "http://b.test/")])
    assert visited(visits.of(replace(claim, url=f"{A}/away"))).outside == (("host", "http://b.test/"),)


def test_page_deeper_down_is_no_landing(visits: Visits) -> None:
    visits.fetcher.answer("http://b.test/", "x")

    assert visited(visits.of(a_claim("http://b.test/", depth=1))).landing is None
    assert visited(visits.of(a_claim("http://b.test/", depth=0))).landing == "http://b.test/"


@pytest.mark.parametrize(
    ("location", "via", "reason"),
    [("/page", (), "redirect_loop"), ("http://[oops/", (), "bad_redirect"),
     ("/n", tuple(f"{A}/{n}" for n in range(10)), "too_many_redirects")],
)  # fmt: skip
def test_redirect_that_leads_nowhere_fails(
    visits: Visits, location: str, via: tuple[str, ...], reason: str
) -> None:
    visits.fetcher.answer(URL, status=302, headers=[("Location", location)])

    result = visits.of(a_claim(via=via))

    assert isinstance(result, Ended)
    assert result.reason == reason


def test_redirect_that_asks_for_time_rests_the_host(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=301, headers=[("Location", "/there"), ("Retry-After", "30")])

    visits.of()

    assert visits.host.slot_in() == 30
    assert visits.host.leaving
    assert visits.host.ledger.unavailable_since is None


def test_retry_after_holds_the_whole_host_and_costs_no_attempt(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=429, headers=[("Retry-After", "90")])

    result = visits.of()

    assert isinstance(result, Postponed)
    assert (result.until - BEGINNING, result.counts) == (timedelta(seconds=90), False)
    assert visits.host.slot_in() == 90
    assert visits.host.ledger.hold_reason == "status-429"
    assert visits.host.ledger.unavailable_since == BEGINNING


def test_waits_without_a_retry_after_double_while_the_host_goes_on_refusing() -> None:
    waits = []
    for failures in range(4):
        visits = Visits(ledger=Ledger(failures=failures))
        visits.clock.chance = 0.999
        visits.fetcher.answer(URL, status=503)
        assert isinstance(visits.of(), Postponed)
        waits.append(round(visits.host.slot_in()))

    assert waits == [5, 10, 20, 40]


def test_page_that_asks_to_wait_for_longer_than_a_host_is_waited_for_ends_with_its_run(
    visits: Visits,
) -> None:
    visits.fetcher.answer(URL, status=503)
    old = some_rules(began_at=BEGINNING - timedelta(hours=25))

    results = [visits.of(a_claim(attempts=attempts, rules=old)) for attempts in range(3)]

    assert [isinstance(result, Postponed) and result.counts for result in results[:2]] == [True, True]
    assert isinstance(results[2], Ended)
    assert (results[2].state, results[2].reason) == (Ending.FAILED, "status-503")


def test_server_error_is_tried_three_times_and_later_each_time(visits: Visits) -> None:
    visits.fetcher.answer(URL, status=500)

    results = [visits.of(a_claim(attempts=attempts)) for attempts in range(3)]

    first, second = (result.until for result in results if isinstance(result, Postponed))
    assert BEGINNING < first < second
    last = results[-1]
    assert isinstance(last, Ended)
    assert (last.state, last.reason, last.status) == (Ending.FAILED, "status-500", 500)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_refusal_of_the_server_is_final(visits: Visits, status: int) -> None:
    visits.fetcher.answer(URL, status=status)

    result = visits.of()

    assert isinstance(result, Ended)
    assert result.reason == f"status-{status}"


def test_ten_failures_in_a_row_open_the_circuit(visits: Visits) -> None:
    visits.fetcher.fail(URL, ConnectFailed("no"))

    left: list[bool] = []
    for _ in range(10):
        visits.of()
        left.append(visits.host.leaving)

    assert left == [False] * 9 + [True]
    assert visits.host.slot_in() == 300
    assert (visits.host.ledger.hold_reason, visits.host.ledger.circuit_openings) == ("circuit_open", 1)


@pytest.mark.parametrize("error", [TooLarge("big"), Refused("private")])
def test_trouble_that_is_not_the_hosts_opens_no_circuit(visits: Visits, error: FetchError) -> None:
    visits.fetcher.fail(URL, error)

    for _ in range(15):
        assert isinstance(visits.of(), Ended)

    assert not visits.host.leaving
    assert visits.host.ledger.last_status == error.code


def test_answer_closes_the_circuit_again() -> None:
    ledger = Ledger(failures=9, circuit_openings=3, unavailable_since=BEGINNING, hold_reason="circuit_open")
    visits = Visits(ledger=ledger)
    visits.fetcher.answer(URL, status=404)

    visits.of()

    after = visits.host.ledger
    assert (after.failures, after.circuit_openings, after.unavailable_since, after.hold_reason) == (
        0,
        0,
        None,
        "",
    )


@pytest.mark.parametrize("trouble", [503, None])
def test_host_unavailable_for_a_day_is_given_up(trouble: int | None) -> None:
    visits = Visits(ledger=Ledger(unavailable_since=BEGINNING - timedelta(hours=25)))
    if trouble is None:
        visits.fetcher.fail(URL, NameNotFound("no such name"))
    else:
        visits.fetcher.answer(URL, status=trouble)

    result = visits.of()

    assert isinstance(result, Ended)
    assert (result.state, result.reason) == (Ending.FAILED, "host_unavailable")
    assert visits.host.given_up
    assert not visits.host.leaving


def test_secret_headers_go_only_to_where_the_target_starts(visits: Visits) -> None:
    secret, agent = ("Authorization", "Bearer x"), ("User-Agent", "Trawl/test")
    rules = some_rules(headers=(agent, secret), plain_headers=(agent,), home=frozenset({A}))
    visits.of(a_claim(rules=rules))
    visits.host.origin = "http://b.test"
    visits.of(a_claim("http://b.test/", rules=rules))

    at_home, elsewhere = visits.fetcher.requests
    assert secret in at_home.headers
    assert secret not in elsewhere.headers
