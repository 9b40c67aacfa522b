"""The loop of one slice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crawler.engine.engine import Limits
from crawler.engine.work import Ledger, Postponed, Returned, Visited
from crawler.frontier.politeness import Pace
from crawler.http import Fetched, Headers
from scrapers.links import Carried, Link
from scrapers.page import Scraped
from tests.fakes.clock import BEGINNING
from tests.fakes.frontier import FakeFrontier
from tests.fakes.rules import a_reading, some_rules
from tests.unit.engine.slicing import Bench, TimedFetcher, pages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from crawler.engine.ports import Ask, Look
    from crawler.engine.work import Batch
    from scrapers.reader import Reading

A, B = "http://a.test", "http://b.test"


def a_fetched(url: str, body: bytes) -> Fetched:
    headers = Headers([("content-type", "text/html")])
    return Fetched(url=url, status=200, headers=headers, body=body, wire_bytes=0, elapsed_seconds=0.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_everything_that_is_due_is_visited_and_given_back(bench: Bench) -> None:
    urls = [*pages(A, 30), *pages(B, 30)]
    bench.fetcher.serve(*urls)
    bench.world.add_run(some_rules(), *urls)

    tally = bench.slice()

    assert tally.visited == 60
    assert set(bench.states().values()) == {"done"}
    assert {host.owner for host in bench.world.hosts.values()} == {""}
    assert Counter(bench.fetcher.asked()) == Counter(urls)


def test_links_are_followed_within_the_same_slice(bench: Bench) -> None:
    def read(page: Fetched) -> Reading:
        number = int(page.url.rsplit("/", 1)[1])
        return a_reading(links=[Link(url=f"{A}/{number + 1}")] if number < 5 else [])

    bench.fetcher.serve(*pages(A, 6))
    bench.world.add_run(some_rules(read=read), f"{A}/0")

    assert bench.slice().visited == 6
    assert bench.world.requests[6].depth == 5


def test_slice_without_work_lingers_two_seconds(bench: Bench) -> None:
    bench.slice()

    assert 2.0 <= bench.lasted < 2.6


def test_work_that_comes_while_it_lingers_is_done(bench: Bench) -> None:
    bench.fetcher.serve(f"{A}/0")

    tally = bench.slice((1.6, lambda: bench.world.add_run(some_rules(), f"{A}/0")))

    assert tally.visited == 1


def test_two_requests_to_a_host_are_never_nearer_than_its_delay(bench: Bench) -> None:
    bench.clock.chance = 0.5
    bench.fetcher.serve(*pages(A, 10))
    bench.world.add_run(some_rules(delay_seconds=1.0), *pages(A, 10))

    bench.slice()

    times = [time for time, _url in bench.fetcher.times]
    assert len(times) == 10
    assert all(1.14 <= after - before < 1.5 for before, after in pairwise(times))


def test_pages_that_are_read_as_they_are_stored_take_no_turn_of_their_host(bench: Bench) -> None:
    def resume(page: Fetched, carried: Sequence[Carried], again: bool) -> Reading:
        assert again == (page.url != f"{A}/3")
        items = tuple((Scraped(data={"name": record.data["name"], "at": page.url}),) for record in carried)
        return replace(a_reading(), completed=items)

    bench.fetcher.serve(f"{A}/3")
    bench.world.add_run(some_rules(delay_seconds=9.0, resume=resume), *pages(A, 4))
    for number, request in bench.world.requests.items():
        if request.url != f"{A}/3":
            request.attempts = 1
            bench.world.seen[number] = a_fetched(request.url, b"stored")
            bench.world.carried[number] = [(number, Carried(url=A, callback="c", data={"name": number}))]

    bench.slice()

    assert [(url, time < 1) for time, url in bench.fetcher.times] == [(f"{A}/3", True)]
    visits = [one for batch in bench.world.commits for one in batch.results if isinstance(one, Visited)]
    stored = [one for one in visits if one.again]
    assert [(one.page, one.wire_bytes, len(one.items), one.joined) for one in stored] == [
        (None, 0, 1, (number,)) for number in (1, 2, 3)
    ]


def test_hosts_do_not_wait_for_each_other(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 5), *pages(B, 5))
    bench.world.add_run(some_rules(delay_seconds=2.0), *pages(A, 5), *pages(B, 5))

    bench.slice()

    assert bench.fetcher.times[-1][0] < 9.0
    assert Counter(url[:13] for url in bench.fetcher.asked()) == {A: 5, B: 5}


def test_slower_run_slows_its_host_for_the_faster_one(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 4), f"{A}/slow1", f"{A}/slow2")
    bench.world.add_run(some_rules(1, delay_seconds=0.1), *pages(A, 4))
    bench.world.add_run(some_rules(2, delay_seconds=3.0), f"{A}/slow1", f"{A}/slow2")

    bench.slice()

    times = [time for time, _url in bench.fetcher.times]
    assert all(after - before >= 3.0 for before, after in pairwise(times))


def test_slower_run_slows_its_host_even_while_its_own_requests_wait(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 4), f"{A}/slow")
    bench.world.add_run(some_rules(1, delay_seconds=0.1), *pages(A, 4), priority=9)
    bench.world.add_run(some_rules(2, delay_seconds=3.0), f"{A}/slow", priority=1)

    bench.slice()

    times = [time for time, _url in bench.fetcher.times]
    assert bench.fetcher.asked()[-1] == f"{A}/slow"
    assert all(after - before >= 3.0 for before, after in pairwise(times))


def test_delay_counts_from_the_last_request_that_anybody_sent(bench: Bench) -> None:
    bench.fetcher.serve(f"{A}/0")
    bench.world.add_run(some_rules(delay_seconds=5.0), f"{A}/0")
    last_at = BEGINNING - timedelta(seconds=1)
    bench.world.host(A).ledger = Ledger(last_at=last_at, next_at=BEGINNING)

    bench.slice()

    assert bench.fetcher.times[0][0] >= 4.0


def test_host_serves_as_many_connections_as_its_pace_allows(bench: Bench) -> None:
    bench.fetcher.seconds = 1.0
    bench.fetcher.serve(*pages(A, 40))
    bench.world.add_run(some_rules(pace=Pace(delay_seconds=0.0, connections=4)), *pages(A, 40))

    bench.slice()

    assert bench.fetcher.most_open == 4


def test_slice_keeps_its_number_of_requests_in_flight() -> None:
    bench = Bench(limits=Limits(most_in_flight=8), fetcher=TimedFetcher(seconds=1.0))
    urls = [f"http://h{number}.test/" for number in range(30)]
    bench.fetcher.serve(*urls)
    bench.world.add_run(some_rules(), *urls)

    assert bench.slice().visited == 30
    assert bench.fetcher.most_open == 8


def test_more_urgent_work_on_the_same_host_is_sent_first(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 20), f"{A}/urgent")
    bench.world.add_run(some_rules(1, delay_seconds=0.5), *pages(A, 20), priority=1)

    bench.slice(
        (2.0, lambda: bench.world.add_run(some_rules(2, delay_seconds=0.5), f"{A}/urgent", priority=9))
    )

    sent = {url: time for time, url in bench.fetcher.times}
    assert sent[f"{A}/urgent"] <= 2.0 + 0.25 + 0.5 + 0.1
    assert len(sent) == 21


@pytest.mark.parametrize("begins_at", [0.0, 2.0, 3.1])
def test_bulk_work_keeps_a_tenth_from_the_first_urgent_request_on(bench: Bench, begins_at: float) -> None:
    bulk, urgent = pages(A, 100), [f"{A}/urgent{number}" for number in range(100)]
    bench.fetcher.serve(*bulk, *urgent)
    bench.world.add_run(some_rules(1, delay_seconds=0.5), *bulk, priority=1)

    bench.slice(
        (begins_at, lambda: bench.world.add_run(some_rules(2, delay_seconds=0.5), *urgent, priority=9))
    )

    asked = bench.fetcher.asked()
    during = asked[asked.index(urgent[0]) :]
    kept = sum(url in bulk for url in during)
    assert len(during) >= 40
    assert len(during) // 10 <= kept <= len(during) // 9 + 1


def test_urgent_work_does_not_pile_up_in_hand(bench: Bench) -> None:
    most = 0
    urgent = [f"{A}/urgent{number}" for number in range(40)]
    bench.fetcher.serve(*pages(A, 20), *urgent)
    bench.world.add_run(some_rules(1, delay_seconds=1.0), *pages(A, 20), priority=1)
    bench.world.add_run(some_rules(2, delay_seconds=1.0), priority=9)

    def arrive() -> None:
        for url in urgent:
            bench.world.put(2, url)

    def count() -> None:
        nonlocal most
        most = max(most, sum(state == "leased" for state in bench.states().values()))

    bench.slice((0.5, arrive), *((second, count) for second in range(1, 25)))

    assert 0 < most <= 6


def test_paused_run_gets_its_unsent_claims_back(bench: Bench) -> None:
    bench.fetcher.seconds = 0.2
    bench.fetcher.serve(*pages(A, 20))
    bench.world.add_run(some_rules(delay_seconds=0.5), *pages(A, 20))

    bench.slice((1.0, lambda: bench.world.set_open(1, is_open=False)))

    asked = len(bench.fetcher.times)
    assert 2 <= asked <= 4
    assert Counter(bench.states().values()) == {"done": asked, "queued": 20 - asked}


def test_nothing_stays_open_to_a_host_when_it_is_given_back(bench: Bench) -> None:
    held: list[tuple[list[str], str]] = []

    class Leaving(TimedFetcher):
        async def leave(self, origins: Collection[str]) -> None:
            held.append((list(origins), bench.world.host(A).owner))

    bench.fetcher = Leaving()
    bench.fetcher.serve(*pages(A, 3))
    bench.world.add_run(some_rules(), *pages(A, 3))

    bench.slice()

    assert held == [([A], "one")]
    assert bench.world.host(A).owner == ""


def test_results_of_a_lost_host_are_dropped_and_nothing_more_is_sent(bench: Bench) -> None:
    bench.fetcher.seconds = 2.0
    bench.fetcher.serve(*pages(A, 9))
    bench.world.add_run(some_rules(delay_seconds=0.1), *pages(A, 9))

    def lose() -> None:
        bench.world.free("one", lost=True)
        bench.world.host(A).wanted = True

    bench.slice((1.0, lose))

    assert len(bench.fetcher.times) == 1
    assert bench.world.stale == 1
    assert set(bench.states().values()) == {"queued"}


def test_slice_claims_no_more_after_its_budget_and_waits_for_what_is_in_flight() -> None:
    bench = Bench(limits=Limits(budget=timedelta(seconds=5)), fetcher=TimedFetcher(seconds=3.0))
    bench.fetcher.serve(*pages(A, 9))
    bench.world.add_run(some_rules(), *pages(A, 9))

    bench.slice()

    assert [time for time, _url in bench.fetcher.times] == pytest.approx([0.0, 3.0], abs=0.1)
    assert Counter(bench.states().values()) == {"done": 2, "queued": 7}
    assert bench.lasted < 7


def test_stop_ends_the_slice_within_two_seconds_and_repeats_no_fetch(bench: Bench) -> None:
    bench.fetcher.seconds = 1.0
    bench.fetcher.serve(*pages(A, 60))
    bench.world.add_run(some_rules(pace=Pace(delay_seconds=0.0, connections=2)), *pages(A, 60))

    def stop() -> None:
        bench.stopping = True

    bench.slice((5.5, stop))

    assert bench.lasted < 7.5
    counts = Counter(bench.states().values())
    assert counts["done"] == len(bench.fetcher.times)
    assert counts["leased"] == 0


def test_nothing_is_sent_while_the_frontier_is_stuck(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 12))
    bench.world.add_run(some_rules(delay_seconds=0.5), *pages(A, 12))
    frontier = FakeFrontier(bench.world)

    bench.slice(
        (2.2, lambda: setattr(frontier, "is_stuck", True)),
        (6.2, lambda: setattr(frontier, "is_stuck", False)),
        frontier=frontier,
    )

    assert [moment for moment, _url in bench.fetcher.times if 2.3 < moment < 6.1] == []
    assert set(bench.states().values()) == {"done"}


def test_nothing_is_sent_while_the_lease_is_not_safe(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 40))
    bench.world.add_run(some_rules(delay_seconds=0.5), *pages(A, 40))

    def doubt() -> None:
        bench.lease.is_safe = False

    bench.slice((3.0, doubt))

    assert bench.fetcher.times[-1][0] <= 3.0
    assert bench.lasted < 4.0


def test_request_lost_twice_runs_with_nothing_else_in_the_process(bench: Bench) -> None:
    bench.fetcher.seconds = 0.5
    urls = [*pages(A, 20), *pages(B, 20)]
    bench.fetcher.serve(*urls, f"{A}/bad")
    bench.world.add_run(some_rules(delay_seconds=0.2), f"{A}/bad", *urls)
    bench.world.requests[1].losses = 2
    open_at_bad: list[int] = []
    answer = bench.fetcher.fetch

    async def watch(request: object) -> object:
        if getattr(request, "url", "") == f"{A}/bad":
            open_at_bad.append(bench.fetcher.now_open)
        return await answer(request)  # type: ignore[arg-type]

    bench.fetcher.fetch = watch  # type: ignore[assignment, method-assign]

    bench.slice()

    assert open_at_bad == [0]
    assert set(bench.states().values()) == {"done"}
    times = [time for time, url in bench.fetcher.times if url.startswith(A)]
    assert all(after - before >= 0.2 for before, after in pairwise(times))


def test_request_that_runs_alone_obeys_robots_and_the_pace(bench: Bench) -> None:
    bench.fetcher.answer(f"{A}/robots.txt", "User-agent: *\nCrawl-delay: 3\nDisallow: /no")
    bench.fetcher.serve(f"{A}/yes", f"{A}/no")
    bench.world.add_run(some_rules(obey_robots=True), f"{A}/yes", f"{A}/no")
    for request in bench.world.requests.values():
        request.losses = 3

    bench.slice()

    assert bench.states() == {f"{A}/yes": "done", f"{A}/no": "skipped"}
    assert bench.fetcher.asked() == [f"{A}/robots.txt", f"{A}/yes"]
    assert bench.fetcher.times[1][0] - bench.fetcher.times[0][0] >= 3.0


def test_request_that_runs_alone_goes_back_when_robots_cannot_be_had(bench: Bench) -> None:
    bench.fetcher.answer(f"{A}/robots.txt", status=500)
    bench.world.add_run(some_rules(obey_robots=True), f"{A}/bad")
    bench.world.requests[1].losses = 3

    bench.slice()

    assert bench.fetcher.asked() == [f"{A}/robots.txt"]
    assert bench.states() == {f"{A}/bad": "queued"}
    assert bench.world.host(A).owner == ""


def test_results_are_committed_in_batches_and_each_once() -> None:
    bench = Bench(limits=Limits(commit_at=50), fetcher=TimedFetcher(seconds=0.02))
    bench.fetcher.serve(*pages(A, 500))
    bench.world.add_run(some_rules(pace=Pace(delay_seconds=0.0, connections=8)), *pages(A, 500))

    bench.slice()

    sizes = [len(batch.results) for batch in bench.world.commits]
    assert max(sizes) <= 100
    results = [result for batch in bench.world.commits for result in batch.results]
    visited = [result.claim.id for result in results if isinstance(result, Visited)]
    assert sorted(visited) == sorted(set(visited))
    assert len(visited) == 500


def test_memory_for_results_is_bounded_while_commits_are_slow() -> None:
    bench = Bench(limits=Limits(most_unsettled=20, commit_at=10))
    bench.fetcher.serve(*pages(A, 200))
    bench.world.add_run(some_rules(pace=Pace(delay_seconds=0.0, connections=4)), *pages(A, 200))

    class Slow(FakeFrontier):
        async def commit(self, batch: Batch) -> None:
            await asyncio.sleep(1)
            await super().commit(batch)

    bench.slice(frontier=Slow(bench.world))

    assert max(len(batch.results) for batch in bench.world.commits) <= 20 + 4
    assert "leased" not in bench.states().values()


def test_large_bodies_stop_the_fetching_until_they_are_committed() -> None:
    bench = Bench(limits=Limits(most_unsettled_bytes=10_000))
    bench.fetcher.serve(*pages(A, 60), body="x" * 3_000)
    bench.world.add_run(some_rules(), *pages(A, 60))

    bench.slice()

    assert set(bench.states().values()) == {"done"}
    assert max(len(batch.results) for batch in bench.world.commits) <= 5


@pytest.mark.parametrize(
    "reading",
    [
        a_reading(links=tuple(Link(url=f"{B}/{number}") for number in range(5))),
        a_reading({"a": "x" * 3_000}),
    ],
    ids=["links", "items"],
)
def test_pages_that_say_much_stop_the_fetching_until_they_are_committed(reading: Reading) -> None:
    bench = Bench(limits=Limits(most_unsettled_bytes=10_000))
    bench.fetcher.serve(*pages(A, 60))
    bench.world.add_run(some_rules(read=lambda _page: reading), *pages(A, 60))

    bench.slice()

    assert {state for url, state in bench.states().items() if url.startswith(A)} == {"done"}
    assert max(len(batch.results) for batch in bench.world.commits) <= 5


def test_error_of_the_frontier_ends_the_slice_and_nothing_is_swallowed(bench: Bench) -> None:
    class Broken(FakeFrontier):
        async def look(self, ask: Ask) -> Look:
            if len(self.looks) > 3:
                raise OSError("no disk")
            return await super().look(ask)

    bench.fetcher.serve(*pages(A, 50))
    bench.world.add_run(some_rules(delay_seconds=1.0), *pages(A, 50))

    with pytest.raises(ExceptionGroup) as raised:
        bench.slice(frontier=Broken(bench.world))

    assert raised.group_contains(OSError, match="no disk")


def test_ledger_is_written_with_the_results_and_robots_only_when_learnt(bench: Bench) -> None:
    bench.fetcher.answer(f"{A}/robots.txt", "User-agent: *\nAllow: /")
    bench.fetcher.serve(*pages(A, 5))
    bench.world.add_run(some_rules(obey_robots=True, delay_seconds=0.5), *pages(A, 5))

    bench.slice()

    news = [entry for batch in bench.world.commits for entry in batch.news]
    assert [entry.robots for entry in news].count(True) == 1
    assert news[-1].ledger.last_status == "200"
    assert news[-1].ledger.delay_seconds == 0.5


def test_tally_counts_what_came_of_each(bench: Bench) -> None:
    bench.fetcher.answer(f"{A}/good", "12345")
    bench.fetcher.answer(f"{A}/flaky", status=500)
    bench.fetcher.answer(f"{A}/flaky", "fine")
    bench.world.add_run(some_rules(), f"{A}/good", f"{A}/gone", f"{A}/flaky")

    tally = bench.slice()

    assert (tally.visited, tally.ended, tally.postponed, tally.bytes) == (2, 1, 1, 9)
    kinds = Counter(type(r) for batch in bench.world.commits for r in batch.results)
    assert kinds[Postponed] == 1
    assert kinds[Returned] == 0
