"""A small form of `./run bench frontier`: a run that grows by raw SQL is one that slices crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import frontier
from benchmarks.frontiers import filling, measuring
from crawler.models import Request, RequestState
from crawler.stores import claims, sql
from crawler.stores.clock import DatabaseClock
from crawler.urls import canonical
from tests.law import assert_conserved

if TYPE_CHECKING:
    from benchmarks.frontiers.filling import Filled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled() -> Filled:
    return filling.Filled(DatabaseClock())


def test_requests_that_are_filled_in_have_the_keys_of_their_urls_and_half_of_them_wait(
    filled: Filled,
) -> None:
    filled.grow(200)

    rows = dict(Request.objects.filter(run=filled.run, depth=3).values_list("url", "key"))
    assert {url: bytes(key) for url, key in rows.items()} == {
        filling.url_of(number): canonical(filling.url_of(number)).key for number in range(200)
    }
    assert Request.objects.filter(run=filled.run, state=RequestState.DONE).count() == 100
    assert_conserved(filled.run)


def test_each_batch_is_claimed_and_committed_with_its_links(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measuring, "WARM_UP", 1)
    filled.grow(3_000)

    size = measuring.measure(filled, batches=1, clock=DatabaseClock())

    new = Request.objects.filter(run=filled.run, url__contains="/new/").count()
    assert new == 2 * measuring.BATCH * (measuring.NEW_LINKS + 1)
    assert_conserved(filled.run)
    assert min(size.look.mean, size.commit.mean, size.insert.mean, size.memory.own) > 0
    assert frontier.report([size]) in {0, 1}
    assert "| 3,000 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "more"),
    [(claims.CLAIM, [2, 10]), (claims.CLAIM_ALONE, [2]), (claims.LEFT_ALONE, [])],
    ids=["claim", "claim alone", "left alone"],
)
def test_what_is_claimed_is_found_without_walking_past_what_is_done(
    filled: Filled, statement: str, more: list[int]
) -> None:
    filled.grow(6_000)
    backlog = max(filled.backlogs.values())
    epoch = [1] if statement.startswith("UPDATE") else []
    explain = "EXPLAIN" if sql.is_postgres() else "EXPLAIN QUERY PLAN"

    plan = sql.select(f"{explain} {statement}", [*epoch, backlog, backlog, *more])

    assert "request_due" in str(plan)
