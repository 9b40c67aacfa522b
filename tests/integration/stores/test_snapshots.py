"""Stored bodies: whatever pages say, and clean-up lets go of, what is referred to is there byte for byte."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crawler.engine.work import Claim
from crawler.models import Page, PageVersion, Run, Snapshot, Target
from crawler.policy import versions as policy
from crawler.policy.identity import digest
from crawler.queries import versions as shown
from crawler.services import versions
from crawler.services.versions import Budget
from crawler.stores import pages, snapshots
from tests.crawling import a_run
from tests.fakes.rules import a_page, some_rules

pytestmark = pytest.mark.django_db

BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FOR_EVER = Budget(float("inf"))
BODIES = st.one_of(
    st.sampled_from([b"", b"shared", b"\0\xff" * 9, b"<p>Kettle</p>" * 5_000]),
    st.binary(max_size=80),
)
VISIT = st.tuples(st.integers(0, 2), BODIES)
KEEP = st.fixed_dictionaries({}, optional={"versions": st.integers(1, 3), "days": st.integers(1, 4)})


@given(st.binary(max_size=2_000), st.integers(1, 2_000))
def test_any_body_is_read_back_as_it_was(part: bytes, times: int) -> None:
    body = (part * times)[:100_000]
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=BEGINNING)
    assert snapshots.load(digest(body)) == body


class Store:
    """What three pages of a target say, stored as crawls do, and beside it what each of them said before."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.now = BEGINNING
        self.held: dict[int, list[bytes]] = defaultdict(list)

    def visit(self, page: int, body: bytes) -> None:
        """Have a page say this, a day after what came before."""
        self.now += DAY
        url = f"http://a.test/{page}"
        rules = some_rules(self.run.pk, target=self.run.target_id)
        claim = Claim(
            rules=rules, url=url, key=digest(url.encode()), known=None, attempts=1,
            id=1, host=1, backlog=1, epoch=1, depth=0, priority=5,
        )  # fmt: skip
        snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=self.now)
        pages.save([(claim, a_page(body))], now=self.now)
        if self.held[page][-1:] != [body]:
            self.held[page].append(body)

    def assert_whole(self) -> None:
        """Assert that each page and version has its body, and says what that takes."""
        stored = {bytes(row.hash): row for row in Snapshot.objects.all()}
        for page in Page.objects.filter(target=self.run.target_id):
            said = self.held[int(page.url[-1])]
            kept = PageVersion.objects.filter(page=page.pk).order_by("id")
            rows: list[Page | PageVersion] = [*kept, page]
            assert [snapshots.load(bytes(row.body_hash)) for row in rows] == said[-len(rows) :]
            for row, body in zip(rows, said[-len(rows) :], strict=True):
                assert row.size == stored[bytes(row.body_hash)].size == len(body)
            for version in kept:
                assert version.stored_size == len(stored[bytes(version.body_hash)].body)


def taken() -> int:
    return sum(len(body) for body in Snapshot.objects.values_list("body", flat=True))


def referred() -> set[bytes]:
    rows = (model.objects.values_list("body_hash", flat=True) for model in (Page, PageVersion))
    return {bytes(hash_) for hashes in rows for hash_ in hashes}


def test_what_is_referred_to_is_there_and_nothing_else_after_a_clean_up() -> None:
    """Repeated, shared, taken up again and let go of; what clean-up would free is what it frees."""
    runs = [a_run(), a_run()]

    @settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(st.lists(VISIT, min_size=1, max_size=8), KEEP, st.lists(VISIT, max_size=3))
    def holds(said: list[tuple[int, bytes]], keep: dict[str, int], later: list[tuple[int, bytes]]) -> None:
        for model in (Page, PageVersion, Snapshot):
            model.objects.all().delete()
        store, others = map(Store, runs)
        others.visit(0, b"shared")
        Target.objects.filter(pk=store.run.target_id).update(keep=keep)
        for page, body in said:
            store.visit(page, body)
        store.assert_whole()
        now = store.now + 2 * DAY
        outlook = shown.outlook(store.run.target_id, policy.of(keep), now=now)
        versions.sweep_bodies(now=now, budget=FOR_EVER)
        before = taken()
        assert versions.sweep(now=now, budget=FOR_EVER) == outlook.leaving
        versions.sweep_bodies(now=now, budget=FOR_EVER)
        assert before - taken() == outlook.freed_bytes
        assert {bytes(hash_) for hash_ in Snapshot.objects.values_list("hash", flat=True)} == referred()
        for page, body in later:
            store.visit(page, body)
        store.assert_whole()
        others.assert_whole()

    holds()
