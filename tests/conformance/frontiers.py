"""What every frontier promises to the slices that look at it; the fake one runs this too.

> `look` never returns a request that another slice holds, and an empty look means only that nothing
> is due now: a slice that goes home on it leaves a crawl to run alone. `commit` is all or nothing for
> each result: when the claim is no longer held, nothing of it is stored.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.engine.ports import Ask, HostAsk
from crawler.engine.work import (
    Batch,
    Ended,
    Ending,
    HostNews,
    Ledger,
    NewRequest,
    Postponed,
    Returned,
    Visited,
)
from crawler.urls import canonical
from tests.fakes.rules import a_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.engine.ports import Frontier, Look
    from crawler.engine.work import Claim, HostLease, Result
    from tests.fakes.clock import FakeClock

A, B = "http://a.test", "http://b.test"


class FrontierWorld(ABC):
    """A frontier with its runs, as a test arranges it."""

    clock: FakeClock

    @abstractmethod
    def run(
        self, *urls: str, priority: int = 5, delay_seconds: float = 0.0, max_pages: int | None = None
    ) -> int:
        """Start a run of these URLs and return its number."""

    @abstractmethod
    def slice(self, *, floor: int = 0) -> Frontier:
        """Return the view of one more slice."""

    @abstractmethod
    def set_open(self, run: int, *, is_open: bool) -> None:
        """Pause or resume a run."""

    @abstractmethod
    def want(self, origin: str) -> None:
        """Ask the holder of a host to give it back."""

    @abstractmethod
    def lose(self, frontier: Frontier) -> None:
        """Take back what a slice holds whose process vanished."""

    @abstractmethod
    def states(self, run: int) -> dict[str, str]:
        """Return the state of each of the run's requests, by URL."""

    @abstractmethod
    def stale(self) -> int:
        """Return how many results were dropped."""


def look(frontier: Frontier, *hosts: HostAsk, lease: bool = True, alone: bool = False) -> Look:
    return asyncio.run(frontier.look(Ask(hosts=hosts, lease=lease, alone=alone)))


def commit(
    frontier: Frontier, *results: Result, released: Iterable[int] = (), news: Sequence[HostNews] = ()
) -> None:
    asyncio.run(frontier.commit(Batch(results=results, released=tuple(released), news=tuple(news))))


def want(lease: HostLease, count: int = 1, **more: Any) -> HostAsk:
    return HostAsk(id=lease.id, epoch=lease.epoch, want=count, **more)


def done(claim: Claim, *links: str) -> Visited:
    found = tuple(NewRequest(url=canonical(link), depth=claim.depth + 1) for link in links)
    return Visited(claim=claim, status=200, wire_bytes=1, page=a_page(b"1"), found=found)


def urls(claims: Iterable[Claim]) -> list[str]:
    return [claim.url for claim in claims]


class FrontierContract:
    """Subclass it, and give a `world` fixture."""

    def test_host_is_held_by_one_slice_and_its_requests_with_it(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", f"{B}/1")
        first, second = world.slice(), world.slice()

        seen, unseen = look(first), look(second)

        assert sorted(lease.origin for lease in seen.leased) == [A, B]
        assert sorted(urls(seen.claims)) == [f"{A}/1", f"{A}/2", f"{B}/1"]
        assert (unseen.leased, unseen.claims) == ((), ())

    def test_empty_look_means_only_that_nothing_is_due_now(self, world: FrontierWorld) -> None:
        first, second = world.slice(), world.slice()
        assert look(first).claims == ()
        world.run(f"{A}/1")

        assert urls(look(second).claims) == [f"{A}/1"]

    def test_claims_know_their_epoch_and_nothing_is_claimed_twice(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)

        assert {claim.epoch for claim in found.claims} == {lease.epoch for lease in found.leased}
        assert look(frontier, want(found.leased[0], 10)).claims == ()

    def test_no_more_is_claimed_than_can_politely_be_sent_soon(self, world: FrontierWorld) -> None:
        world.run(*(f"{A}/{number}" for number in range(9)), delay_seconds=1.0)

        assert len(look(world.slice()).claims) == 2

    def test_released_host_goes_to_the_next_slice(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", delay_seconds=2.0)
        first, second = world.slice(), world.slice()
        found = look(first)

        commit(first, done(found.claims[0]), released=[found.leased[0].id])

        assert urls(look(second).claims) == [f"{A}/2"]

    def test_released_host_is_not_leased_before_it_may_be_asked(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", delay_seconds=2.0)
        first, second = world.slice(), world.slice()
        found = look(first)
        lease = found.leased[0]
        ledger = Ledger(next_at=world.clock.now() + timedelta(seconds=5), last_status="200")

        commit(
            first,
            done(found.claims[0]),
            released=[lease.id],
            news=[HostNews(id=lease.id, epoch=lease.epoch, ledger=ledger)],
        )

        assert look(second).leased == ()
        world.clock.advance(5.1)
        (again,) = look(second).leased
        assert again.epoch > lease.epoch
        assert again.ledger.last_status == "200"

    def test_stale_result_is_dropped_whole(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1")
        first, second = world.slice(), world.slice()
        (claim,) = look(first).claims
        world.lose(first)
        world.clock.advance(2)

        commit(first, done(claim, f"{A}/2"))

        assert world.states(run) == {f"{A}/1": "queued"}
        assert world.stale() == 1
        assert urls(look(second).claims) == [f"{A}/1"]

    def test_result_of_an_earlier_lease_is_stale_even_for_the_same_slice(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)
        commit(frontier, Returned(claim=found.claims[0]), released=[found.leased[0].id])
        again = look(frontier)
        assert urls(again.claims) == [f"{A}/1"]

        commit(frontier, Ended(claim=found.claims[0], state=Ending.FAILED, reason="late"))

        assert world.states(run) == {f"{A}/1": "leased"}

    def test_lost_host_is_reported_and_gives_no_claims(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", delay_seconds=2.0)
        frontier = world.slice()
        found = look(frontier)
        world.lose(frontier)

        after = look(frontier, want(found.leased[0], 5), lease=False)

        assert after.lost == {found.leased[0].id}
        assert after.claims == ()

    def test_claim_given_back_is_claimed_again_as_if_nothing_had_been(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)

        commit(frontier, Returned(claim=found.claims[0]))

        (claim,) = look(frontier, want(found.leased[0])).claims
        assert (claim.url, claim.attempts, claim.losses) == (f"{A}/1", 0, 0)

    @pytest.mark.parametrize("counts", [True, False])
    def test_postponed_request_comes_back_when_its_time_has_come(
        self, world: FrontierWorld, counts: bool
    ) -> None:
        world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)
        until = world.clock.now() + timedelta(seconds=30)

        commit(frontier, Postponed(claim=found.claims[0], until=until, reason="status-500", counts=counts))

        early = look(frontier, want(found.leased[0]))
        assert early.claims == ()
        assert dict(early.due)[found.leased[0].id] == until
        world.clock.advance(30)
        (claim,) = look(frontier, want(found.leased[0])).claims
        assert claim.attempts == int(counts)

    def test_nothing_queued_is_never_due(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)
        look(frontier, want(found.leased[0]))

        assert look(frontier, want(found.leased[0])).due == ()

    def test_found_links_become_requests_once(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", f"{A}/2")
        frontier = world.slice()
        found = look(frontier)
        links = [f"{A}/2", f"{A}/3", f"{B}/1"]

        commit(frontier, *(done(claim, *links) for claim in found.claims))

        assert world.states(run) == {
            f"{A}/1": "done", f"{A}/2": "done", f"{A}/3": "queued", f"{B}/1": "queued"
        }  # fmt: skip
        world.clock.advance(1)
        after = look(frontier, want(found.leased[0], 5))
        assert sorted(urls(after.claims)) == [f"{A}/3", f"{B}/1"]
        assert {claim.depth for claim in after.claims} == {1}

    def test_links_are_known_only_when_the_run_has_them(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", f"{A}/2")
        frontier = world.slice()
        first, second = look(frontier).claims
        commit(frontier, done(first, f"{A}/3"))
        world.lose(frontier)

        commit(frontier, done(second, f"{A}/4"))

        assert frontier.known(run) <= {canonical(url).key for url in world.states(run)}

    def test_page_limit_holds_for_what_is_found(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", max_pages=3)
        frontier = world.slice()
        (claim,) = look(frontier).claims

        commit(frontier, done(claim, *(f"{A}/{number}" for number in range(2, 9))))

        assert sorted(world.states(run)) == [f"{A}/1", f"{A}/2", f"{A}/3"]

    def test_skipped_request_gives_its_place_to_a_link_that_was_left_out(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", max_pages=2)
        frontier = world.slice()
        found = look(frontier)
        commit(frontier, done(found.claims[0], f"{A}/no", f"{B}/no", f"{A}/yes", f"{A}/never"))
        world.clock.advance(1)
        after = look(frontier, want(found.leased[0], 5))
        assert urls(after.claims) == [f"{A}/no"]

        commit(frontier, Ended(claim=after.claims[0], state=Ending.SKIPPED, reason="robots"))
        world.clock.advance(1)
        (other,) = look(frontier, want(found.leased[0], 5)).claims
        assert other.url == f"{B}/no"
        commit(frontier, Ended(claim=other, state=Ending.SKIPPED, reason="robots"))
        world.clock.advance(1)
        (last,) = look(frontier, want(found.leased[0], 5)).claims
        commit(frontier, done(last))

        assert (last.url, last.depth) == (f"{A}/yes", 1)
        assert world.states(run) == {
            f"{A}/1": "done", f"{A}/no": "skipped", f"{B}/no": "skipped", f"{A}/yes": "done"
        }  # fmt: skip

    def test_start_url_that_is_skipped_gives_its_place_to_the_next(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", f"{A}/2", max_pages=1)
        frontier = world.slice()
        (claim,) = look(frontier).claims

        commit(frontier, Ended(claim=claim, state=Ending.SKIPPED, reason="robots"))

        assert world.states(run) == {f"{A}/1": "skipped", f"{A}/2": "queued"}

    def test_more_urgent_work_comes_on_top_of_full_hands(self, world: FrontierWorld) -> None:
        world.run(f"{A}/slow1", f"{A}/slow2", priority=1)
        frontier = world.slice()
        found = look(frontier)
        world.run(f"{A}/fast1", f"{A}/fast2", priority=9)

        after = look(frontier, want(found.leased[0], 0, least_in_hand=1))

        assert [(claim.url, claim.priority) for claim in after.claims] == [(f"{A}/fast1", 9)]

    def test_ninth_turns_are_kept_while_hands_are_full_of_what_is_less_urgent(
        self, world: FrontierWorld
    ) -> None:
        slow = [f"{A}/slow{number}" for number in range(20)]
        world.run(*slow, priority=1, delay_seconds=1.0)
        frontier = world.slice()
        found = look(frontier)
        world.run(*(f"{A}/fast{number}" for number in range(40)), priority=9, delay_seconds=1.0)

        claimed = [
            claim
            for _ in range(27)
            for claim in look(frontier, want(found.leased[0], 0, least_in_hand=1)).claims
        ]

        kept = [claim for claim in claimed if claim.url in slow]
        assert len(kept) == len(claimed) // 9
        assert {claim.priority for claim in claimed} == {9}

    @pytest.mark.parametrize("least", [9, None])
    def test_full_hands_take_nothing_that_is_not_more_urgent(
        self, world: FrontierWorld, least: int | None
    ) -> None:
        world.run(f"{A}/1", priority=9)
        frontier = world.slice()
        found = look(frontier)
        world.run(f"{A}/2", priority=9)

        assert look(frontier, want(found.leased[0], 0, least_in_hand=least)).claims == ()

    def test_most_urgent_is_claimed_first_and_equals_take_turns(self, world: FrontierWorld) -> None:
        world.run(*(f"{A}/low{number}" for number in range(4)), priority=2, delay_seconds=0.5)
        world.run(*(f"{A}/x{number}" for number in range(4)), priority=5, delay_seconds=0.5)
        world.run(*(f"{A}/y{number}" for number in range(4)), priority=5, delay_seconds=0.5)

        found = look(world.slice())

        assert sorted(urls(found.claims)) == [f"{A}/x0", f"{A}/x1", f"{A}/y0", f"{A}/y1"]

    def test_pace_of_every_run_with_work_on_a_host_is_told(self, world: FrontierWorld) -> None:
        world.run(*(f"{A}/fast{number}" for number in range(90)), priority=9)
        world.run(f"{A}/slow", priority=1, delay_seconds=3.0)

        found = look(world.slice())

        pace = dict(found.paces)[found.leased[0].id]
        assert (pace.delay_seconds, pace.connections) == (3.0, 1)

    def test_closed_backlogs_are_reported_and_give_no_claims(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/1", f"{A}/2", f"{A}/3", delay_seconds=1.0)
        frontier = world.slice()
        found = look(frontier)
        backlogs = tuple({claim.backlog for claim in found.claims})
        world.set_open(run, is_open=False)

        after = look(frontier, want(found.leased[0], 5, backlogs=backlogs))

        assert after.closed == set(backlogs)
        assert (after.claims, after.due) == ((), ())
        commit(frontier, *(Returned(claim=claim) for claim in found.claims), released=[found.leased[0].id])
        assert look(frontier).leased == ()
        world.set_open(run, is_open=True)
        assert len(look(frontier).claims) == 2

    def test_wanted_host_is_reported_and_left_to_who_waits_for_it(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", delay_seconds=2.0)
        frontier, other = world.slice(), world.slice()
        found = look(frontier)
        world.want(A)

        assert look(frontier, want(found.leased[0], 0)).wanted == {found.leased[0].id}

        commit(frontier, Returned(claim=found.claims[0]), released=[found.leased[0].id])
        assert look(other).leased == ()

    def test_nothing_more_is_claimed_on_a_host_that_is_wanted(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", f"{A}/2", delay_seconds=2.0)
        frontier = world.slice()
        found = look(frontier)
        world.want(A)

        assert look(frontier, want(found.leased[0], 5)).claims == ()

    def test_host_leased_by_name_is_held_until_it_is_given_back_with_its_ledger(
        self, world: FrontierWorld
    ) -> None:
        world.run(f"{A}/1")
        frontier, other = world.slice(), world.slice()
        lease = asyncio.run(frontier.lease(A))
        assert lease is not None
        assert (lease.origin, look(other).leased) == (A, ())

        ledger = Ledger(last_status="robots", next_at=world.clock.now())
        asyncio.run(frontier.give_back(HostNews(id=lease.id, epoch=lease.epoch, ledger=ledger)))

        again = look(other).leased
        assert [host.ledger.last_status for host in again] == ["robots"]

    def test_host_that_another_holds_is_asked_for_by_name_and_not_leased(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1")
        frontier, other = world.slice(), world.slice()
        found = look(frontier)

        assert asyncio.run(other.lease(A)) is None
        assert look(frontier, want(found.leased[0], 0)).wanted == {found.leased[0].id}

    def test_host_that_a_slice_has_itself_is_not_leased_twice(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1")
        frontier = world.slice()
        found = look(frontier)

        assert asyncio.run(frontier.lease(A)) is None
        assert look(frontier, want(found.leased[0], 0)).wanted == frozenset()

    def test_request_lost_twice_is_claimed_only_alone(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/bad")
        for _ in range(2):
            victim = world.slice()
            assert urls(look(victim).claims) == [f"{A}/bad"]
            world.lose(victim)
            world.clock.advance(2)
        frontier = world.slice()

        found = look(frontier)

        assert (found.claims, found.alone_waiting) == ((), True)
        alone = look(frontier, want(found.leased[0], 5), lease=False, alone=True)
        assert [(claim.url, claim.losses) for claim in alone.claims] == [(f"{A}/bad", 2)]
        assert world.states(run) == {f"{A}/bad": "leased"}

    def test_request_lost_three_times_alone_is_dead(self, world: FrontierWorld) -> None:
        run = world.run(f"{A}/bad")
        for loss in range(5):
            assert world.states(run) == {f"{A}/bad": "queued"}
            victim = world.slice()
            found = look(victim)
            if loss >= 2:
                look(victim, want(found.leased[0], 5), lease=False, alone=True)
            world.lose(victim)
            world.clock.advance(2)

        assert world.states(run) == {f"{A}/bad": "dead"}

    def test_urgent_slice_leases_only_what_is_urgent(self, world: FrontierWorld) -> None:
        world.run(f"{A}/1", priority=5)
        world.run(f"{B}/1", priority=8)

        found = look(world.slice(floor=8))

        assert [lease.origin for lease in found.leased] == [B]

    def test_urgent_slice_has_nothing_to_do_on_a_host_without_urgent_work(self, world: FrontierWorld) -> None:
        world.run(f"{A}/bulk", priority=1, delay_seconds=2.0)
        world.run(f"{A}/urgent", priority=9, delay_seconds=2.0)
        frontier = world.slice(floor=8)
        found = look(frontier)
        assert urls(found.claims) == [f"{A}/urgent"]
        commit(frontier, done(found.claims[0]))

        look(frontier, want(found.leased[0]))
        after = look(frontier, want(found.leased[0]))

        assert (after.claims, after.due) == ((), ())
