"""What a commit writes, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.engine.work import Ended, Ending, NewRequest, Postponed
from crawler.models import (
    Backlog,
    Host,
    Item,
    ItemVersion,
    OutboxMessage,
    OutsideLink,
    Page,
    Request,
    RequestState,
    Run,
    RunState,
    Sighting,
    Snapshot,
    SpareLink,
)
from crawler.policy.identity import digest
from crawler.services import runs
from crawler.stores import runs as rows
from crawler.stores import snapshots
from crawler.stores.discovery import Discovery, SeenBefore
from crawler.urls import canonical
from tests.crawling import a_run, again
from tests.fakes.clock import FakeClock
from tests.fakes.rules import a_page
from tests.integration.stores.hands import Hands, fresh, redirected, visited
from tests.law import assert_conserved

pytestmark = pytest.mark.django_db
A, B = "http://a.test", "http://b.test"


@pytest.fixture
def hands(clock: FakeClock) -> Hands:
    return Hands(clock)


def states(run: Run) -> dict[str, str]:
    found = Request.objects.filter(run=run).values_list("url", "state")
    return {url: RequestState(state).label for url, state in found}


def test_visit_is_stored_whole(hands: Hands) -> None:
    run = a_run(f"{A}/")
    claim = hands.claims()[f"{A}/"]
    assert fresh(run).state == RunState.RUNNING

    hands.commit(visited(claim, f"{A}/2", f"{B}/", body=b"hello", items=[{"key": "k", "n": 1}]))

    row = fresh(run)
    assert (row.discovered, row.done, row.pages, row.items, row.items_new, row.bytes) == (3, 1, 1, 1, 1, 5)
    page = Page.objects.get()
    assert (page.url, bytes(page.body_hash), page.run) == (f"{A}/", digest(b"hello"), run.pk)
    assert snapshots.load(digest(b"hello")) == b"hello"
    assert Item.objects.get().data == {"key": "k", "n": 1}
    request = Request.objects.get(url=f"{A}/")
    assert (request.state, request.status, request.attempts) == (RequestState.DONE, 200, 1)
    assert Request.objects.get(url=f"{B}/").parent == request.pk
    assert_conserved(run)


def test_nothing_of_a_stale_result_is_stored(hands: Hands) -> None:
    run = a_run(f"{A}/")
    claim = hands.claims()[f"{A}/"]
    hands.vanish()

    hands.commit(visited(claim, f"{A}/2", items=[{"key": "k"}], outside=(("host", f"{B}/"),)))

    row = fresh(run)
    assert (row.discovered, row.done, row.stale, row.bytes, row.items) == (1, 0, 1, 0, 0)
    for model in (Page, Snapshot, Item, Sighting, OutsideLink):
        assert not model._default_manager.exists()
    assert_conserved(run)


def test_link_that_a_live_result_found_too_is_kept(clock: FakeClock) -> None:
    run = a_run(f"{A}/", f"{B}/")
    hands = Hands(clock)
    claims = hands.claims()
    Host.objects.filter(origin=A).update(lease_epoch=77)  # somebody else's by now

    hands.commit(visited(claims[f"{A}/"], f"{B}/new"), visited(claims[f"{B}/"], f"{B}/new"))

    assert states(run)[f"{B}/new"] == "queued"
    assert fresh(run).stale == 1


def test_result_committed_twice_counts_once(hands: Hands) -> None:
    run = a_run(f"{A}/")
    result = visited(hands.claims()[f"{A}/"], f"{A}/2", items=[{"key": "k"}])

    hands.commit(result)
    hands.commit(result)

    row = fresh(run)
    assert (row.done, row.discovered, row.items, row.stale) == (1, 2, 1, 1)
    assert_conserved(run)


def test_every_way_to_end_is_counted(hands: Hands, clock: FakeClock) -> None:
    run = a_run(*(f"{A}/{n}" for n in range(5)))
    claims = list(hands.claims().values())

    hands.commit(
        visited(claims[0]),
        Ended(claim=claims[1], state=Ending.FAILED, reason="status-404", status=404, wire_bytes=9),
        Ended(claim=claims[2], state=Ending.SKIPPED, reason="robots: line 2, Disallow: /", sent=False),
        Postponed(claim=claims[3], until=clock.now(), reason="timed_out"),
    )

    row = fresh(run)
    assert (row.done, row.failed, row.skipped, row.dead, row.retries, row.bytes) == (1, 1, 1, 0, 1, 10)
    assert row.waiting == 2
    failed = Request.objects.get(state=RequestState.FAILED)
    assert (failed.reason, failed.status) == ("status-404", 404)
    assert failed.settled_at is not None
    sent = dict(Request.objects.filter(run=run).values_list("url", "attempts"))
    assert [sent[claim.url] for claim in claims] == [1, 1, 0, 1, 0]
    assert_conserved(run)


def test_run_finishes_with_its_last_request_and_tells_of_it_once(hands: Hands) -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    claims = hands.claims()

    hands.commit(visited(claims[f"{A}/1"]))
    assert fresh(run).state == RunState.RUNNING
    hands.commit(visited(claims[f"{A}/2"]))

    row = fresh(run)
    assert (row.state, row.reason, row.settled) == (RunState.FINISHED, "", True)
    assert row.finished_at is not None
    assert OutboxMessage.objects.filter(work="runs.report").count() == 1
    assert_conserved(run)


def test_run_without_a_single_page_has_failed_and_says_why(hands: Hands) -> None:
    run = a_run(f"{A}/1")

    hands.commit(Ended(claim=hands.claims()[f"{A}/1"], state=Ending.FAILED, reason="name_not_found"))

    assert fresh(run).state == RunState.FAILED
    assert fresh(run).reason == "no start URL could be fetched (name_not_found)"


def test_budget_is_exact_and_what_is_over_it_is_counted(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=4)
    hands.commit(visited(hands.claims()[f"{A}/"], *(f"{A}/{n}" for n in range(10))))

    assert (fresh(run).discovered, fresh(run).over_budget) == (4, 7)
    claims = hands.claims()
    hands.commit(*(visited(claim, f"{A}/more{claim.id}") for claim in claims.values()))

    row = fresh(run)
    assert (row.pages, row.discovered, row.over_budget, row.state) == (4, 4, 10, RunState.FINISHED)
    assert_conserved(run)


def test_start_urls_beyond_the_budget_are_not_fetched() -> None:
    run = a_run(*(f"{A}/{n}" for n in range(5)), max_pages=3)

    assert (run.discovered, run.over_budget) == (3, 2)


def test_redirects_and_skipped_requests_use_up_no_budget(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2)

    hands.commit(redirected(hands.claims()[f"{A}/"], f"{A}/there"))
    landed = hands.claims()[f"{A}/there"]
    assert (landed.depth, landed.via) == (0, (f"{A}/",))
    hands.commit(visited(landed, f"{A}/no", f"{A}/never"))
    skipped = Ended(claim=hands.claims()[f"{A}/no"], state=Ending.SKIPPED, reason="robots: line 1")
    hands.commit(skipped)

    row = fresh(run)
    assert (row.pages, row.redirected, row.skipped, row.done, row.over_budget) == (1, 1, 1, 2, 0)
    assert states(run)[f"{A}/never"] == "queued"
    assert_conserved(run)


def test_redirect_to_a_page_that_is_known_gives_its_place_away(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2)
    hands.commit(visited(hands.claims()[f"{A}/"], f"{A}/moved", f"{A}/left-out"))

    hands.commit(redirected(hands.claims()[f"{A}/moved"], f"{A}/"))

    assert states(run) == {f"{A}/": "done", f"{A}/moved": "done", f"{A}/left-out": "queued"}
    assert fresh(run).over_budget == 0
    assert not SpareLink.objects.exists()
    places = Request.objects.filter(run=run, leads_to__isnull=False).values_list("url", "leads_to")
    assert list(places) == [(f"{A}/moved", f"{A}/")]


def test_two_redirects_to_one_page_fetch_it_once(hands: Hands) -> None:
    run = a_run(f"{A}/1", f"{A}/2", max_pages=10)
    claims = hands.claims()

    hands.commit(redirected(claims[f"{A}/1"], f"{A}/there"), redirected(claims[f"{A}/2"], f"{A}/there"))

    assert states(run)[f"{A}/there"] == "queued"
    assert fresh(run).discovered == 3


def test_request_over_the_budget_by_another_slices_commit_is_taken_back() -> None:
    run = a_run(f"{A}/", max_pages=3)
    discovery = Discovery(SeenBefore())
    discovery.add(run.pk, [NewRequest(url=canonical(f"{A}/{n}"), depth=1) for n in range(2)], parent=1)
    discovery.resolve_hosts()
    tallies = rows.Tallies()
    now = FakeClock().now()
    discovery.insert(kinds={run.pk: (0, 5)}, tallies=tallies, room={run.pk: 2}, now=now)
    Run.objects.filter(pk=run.pk).update(skipped=0, discovered=2)  # another found one meanwhile

    spent = tallies.add_up()
    discovery.correct(spent=spent, most={run.pk: 3}, now=now)

    assert spent[run.pk].used == 4
    assert set(states(run)) == {f"{A}/", f"{A}/0"}
    assert (fresh(run).discovered, fresh(run).over_budget) == (3, 1)


@pytest.mark.parametrize(
    ("state", "is_open"), [(RunState.PAUSED, False), (RunState.CANCELLED, False), (RunState.RUNNING, True)]
)
def test_backlog_made_while_its_run_changes_is_as_open_as_the_run(state: RunState, is_open: bool) -> None:
    run = a_run(f"{A}/")
    discovery = Discovery(SeenBefore())
    discovery.add(run.pk, [NewRequest(url=canonical(f"{B}/"), depth=1)], parent=1)
    discovery.resolve_hosts()
    tallies = rows.Tallies()
    now = FakeClock().now()
    discovery.insert(kinds={run.pk: (0, 5)}, tallies=tallies, room={}, now=now)
    Run.objects.filter(pk=run.pk).update(state=state, priority=7)

    discovery.correct(spent=tallies.add_up(), most={}, now=now)

    backlog = Backlog.objects.get(host__origin=B)
    assert (backlog.open, backlog.priority) == (is_open, 7)
    host = Host.objects.get(origin=B)
    assert (host.due_at is not None, host.top_priority) == (is_open, 7 if is_open else 0)


def test_page_in_flight_of_a_paused_run_is_stored_and_its_links_wait(hands: Hands) -> None:
    run = a_run(f"{A}/")
    claim = hands.claims()[f"{A}/"]
    runs.pause(run=run, now=hands.clock.now())

    hands.release_all(visited(claim, f"{B}/", f"{A}/2"))

    assert states(run) == {f"{A}/": "done", f"{B}/": "queued", f"{A}/2": "queued"}
    assert not Host.objects.exclude(due_at=None).exists()
    assert Hands(hands.clock).claims() == {}
    runs.resume(run=run, now=hands.clock.now())
    assert set(Hands(hands.clock).claims()) == {f"{B}/", f"{A}/2"}
    assert_conserved(run)


def test_hundred_different_links_a_reason_are_kept_as_samples(hands: Hands) -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    first, second = hands.claims().values()
    outside = tuple(("host", f"{B}/{n % 150}") for n in range(300))

    hands.commit(visited(first, outside=outside))
    hands.commit(visited(second, outside=(("host", f"{B}/999"), ("trap", f"{A}/x/x/x"))))

    assert fresh(run).out_of_scope == 302
    kept = OutsideLink.objects.filter(run=run)
    assert kept.filter(reason="host").count() == 100
    assert kept.values("url").distinct().count() == 101
    assert kept.filter(reason="trap").count() == 1


def test_samples_are_continued_by_the_next_slice(clock: FakeClock) -> None:
    a_run(f"{A}/1", f"{A}/2")
    outside = tuple(("host", f"{B}/{n}") for n in range(60))
    first = Hands(clock)
    one, two = first.claims().values()
    first.commit(visited(one, outside=outside))
    first.commit(visited(two, outside=outside[:10]))
    assert OutsideLink.objects.count() == 60


def test_place_where_a_start_url_led_belongs_to_the_run_from_then_on(hands: Hands) -> None:
    run = a_run("http://example.com/")
    hands.commit(redirected(hands.claims()["http://example.com/"], "http://www.example.org/"))
    hands.clock.advance(1)  # type: ignore[attr-defined]
    landed = hands.claims()["http://www.example.org/"]
    assert landed.rules.scope.refusal(canonical("http://example.org/x"), depth=1) == "host"

    hands.commit(visited(landed, "http://example.org/x", landing=landed.url))

    for slice_ in (hands, Hands(hands.clock)):
        hands.clock.advance(1)  # type: ignore[attr-defined]
        for url, claim in slice_.claims().items():
            assert url == "http://example.org/x"
            assert claim.rules.scope.refusal(canonical("http://example.org/y"), depth=2) is None
            assert claim.rules.scope.refusal(canonical("http://example.com/y"), depth=2) is None
    assert fresh(run).settings["landings"] == ["http://www.example.org/"]


def items_of(target: int) -> dict[str, Any]:
    return {item.key: item.data for item in Item.objects.filter(target=target)}


def test_items_are_new_then_changed_then_unchanged(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    counts = []
    for price in (1, 2, 2):
        hands = Hands(clock)
        data = {"key": "shoe", "price": price}
        hands.release_all(visited(hands.claims()[f"{A}/"], items=[data]))
        row = fresh(run)
        counts.append((row.items, row.items_new, row.items_changed))
        assert_conserved(run)
        clock.advance(60)
        run = again(run)

    assert counts == [(1, 1, 0), (1, 0, 1), (1, 0, 0)]
    item = Item.objects.get()
    assert (item.version, item.data["price"]) == (2, 2)
    assert (item.last_seen - item.changed_at).total_seconds() == 60
    assert (item.changed_at - item.first_seen).total_seconds() == 60
    old = ItemVersion.objects.get()
    assert (old.version, old.data["price"]) == (1, 1)
    assert (old.valid_to - old.valid_from).total_seconds() == 60
    assert list(Sighting.objects.order_by("run_id").values_list("version", flat=True)) == [1, 2, 2]


def test_of_two_records_with_one_key_in_a_batch_the_later_wins(hands: Hands) -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    first, second = hands.claims().values()

    hands.commit(
        visited(first, items=[{"key": "k", "n": 1}, {"key": "k", "n": 2}]),
        visited(second, items=[{"key": "k", "n": 3}]),
    )

    assert items_of(run.target_id) == {"k": {"key": "k", "n": 3}}
    assert (fresh(run).items, fresh(run).items_new, fresh(run).items_changed) == (1, 1, 0)
    assert_conserved(run)


def test_item_seen_twice_within_a_run_is_counted_once(hands: Hands) -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    first, second = hands.claims().values()

    hands.commit(visited(first, items=[{"key": "k", "n": 1}]))
    hands.commit(visited(second, items=[{"key": "k", "n": 2}]))

    assert (fresh(run).items, fresh(run).items_new, fresh(run).items_changed) == (1, 1, 1)
    assert Sighting.objects.get().version == 2
    assert_conserved(run)


def test_same_key_of_another_target_is_another_item(hands: Hands) -> None:
    one, two = a_run(f"{A}/1"), a_run(f"{A}/2")
    claims = hands.claims()

    hands.commit(*(visited(claim, items=[{"key": "k"}]) for claim in claims.values()))

    assert Item.objects.count() == 2
    assert (fresh(one).items, fresh(two).items) == (1, 1)


def test_page_moves_its_change_only_with_its_body(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    for body, unchanged in ((b"one", False), (b"one", True), (b"two", False)):
        hands = Hands(clock)
        claim = hands.claims()[f"{A}/"]
        hands.release_all(visited(claim, body=body, unchanged=unchanged))
        clock.advance(60)
        run = again(run)

    page = Page.objects.get()
    assert (page.changed_at - page.first_seen).total_seconds() == 120
    assert page.last_seen == page.changed_at
    assert Snapshot.objects.count() == 2


def test_claim_of_a_known_page_carries_what_the_last_visit_left(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    first = Hands(clock)
    first.release_all(visited(first.claims()[f"{A}/"], page=a_page(b"x", etag='"e"', last_modified="then")))
    again(run)

    known = Hands(clock).claims()[f"{A}/"].known

    assert known is not None
    assert (known.etag, known.last_modified, known.body_hash) == ('"e"', "then", digest(b"x"))


def test_same_body_on_many_pages_is_stored_once(hands: Hands) -> None:
    a_run(*(f"{A}/{n}" for n in range(5)))

    hands.commit(*(visited(claim, body=b"same") for claim in hands.claims().values()))

    assert Snapshot.objects.count() == 1
    assert Page.objects.count() == 5


def test_commit_costs_the_same_number_of_statements_however_many_results(
    hands: Hands, django_assert_max_num_queries: Any
) -> None:
    a_run(*(f"{A}/{n}" for n in range(60)))
    claims = list(hands.claims().values())
    assert len(claims) == 60

    with django_assert_max_num_queries(60):
        hands.commit(
            *(
                visited(claim, f"{A}/next{claim.id}", body=b"%d" % claim.id, items=[{"key": claim.id}])
                for claim in claims
            )
        )


def test_slices_that_know_a_key_ask_the_database_no_more() -> None:
    seen = SeenBefore(most=3)
    seen.remember(1, [b"a", b"b"])
    assert b"a" in seen.of(1)
    assert b"a" not in seen.of(2)
    seen.remember(2, [b"c", b"d"])
    seen.remember(1, [b"e"])
    assert b"a" not in seen.of(1)  # forgotten, so it is looked up again
