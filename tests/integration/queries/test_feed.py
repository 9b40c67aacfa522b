"""The changefeed read in pages: whatever their sizes, and wherever one goes on, they add up to the whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crawler.models import ItemChange, Target
from crawler.queries import changes as feed
from crawler.services import numbering
from crawler.stores import changes, sql
from tests.crawling import a_run
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=6)


def read(targets: list[int], sizes: list[int], *, begin: int | None, one: int | None) -> list[int]:
    """Return the numbers of the changes that a client reads who asks for pages of these sizes, in turn."""
    mine, found, cursor, more, turn = Target.objects.filter(pk__in=targets), [], begin, True, 0
    while more:
        size = sizes[turn % len(sizes)]
        page = feed.since(mine, cursor=cursor, target=one, limit=size)
        assert len(page.rows) <= size
        assert cursor is None or page.cursor > cursor or not page.more, "who asks again gets on"
        found += [told.change.number for told in page.rows]
        cursor, more, turn = page.cursor, page.more, turn + 1
    return found


def test_pages_of_any_size_from_any_change_add_up_to_the_whole(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 4)
    runs = [a_run(), a_run(), a_run()]
    for number in range(8):
        run = runs[number * number % 3]
        said = {"a": number, "b": number // 3}
        sql.atomically(partial(save, run, said, now=clock.now()))
        clock.advance(60)
    while numbering.catch_up():
        pass
    changes.forget(before=clock.now(), most=2)
    whole = list(ItemChange.objects.order_by("number").values_list("number", "target"))
    ids = [run.target_id for run in runs]

    @settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(
        sizes=SIZES,
        begin=st.none() | st.sampled_from([whole[0][0] - 1, *(number for number, _target in whole)]),
        seen=st.lists(st.sampled_from(ids), unique=True),
        one=st.none() | st.sampled_from(ids),
    )
    def adds_up(sizes: list[int], begin: int | None, seen: list[int], one: int | None) -> None:
        wanted = [
            number
            for number, target in whole
            if target in seen and one in (None, target) and (begin is None or number > begin)
        ]
        assert read(seen, sizes, begin=begin, one=one) == wanted

    adds_up()
