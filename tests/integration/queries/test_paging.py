"""Tests of lists in pages that begin after a row."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crawler.models import Target
from crawler.queries.paging import BadCursor, Listing, listing

ORDERS = (("name", "id"), ("-name", "id"), ("-id",), ("-created_at", "-id"))


def fill(names: list[str]) -> None:
    Target.objects.bulk_create(Target(name=name, start_urls=[]) for name in names)


def forward(order: tuple[str, ...], size: int) -> list[Listing[Target]]:
    pages = [listing(Target.objects.all(), order=order, size=size)]
    while pages[-1].next:
        pages.append(listing(Target.objects.all(), order=order, size=size, cursor=pages[-1].next))
    return pages


class TestPaging(TestCase):
    """Over a fresh table for every example."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        names=st.lists(st.sampled_from(["a", "b", "c", "é", ""]), max_size=9),
        order=st.sampled_from(ORDERS),
        size=st.integers(1, 4),
    )
    def test_pages_together_are_the_whole_list_in_both_directions(
        self, names: list[str], order: tuple[str, ...], size: int
    ) -> None:
        fill(names)
        whole = [target.pk for target in Target.objects.order_by(*order)]
        pages = forward(order, size)
        assert [row.pk for page in pages for row in page.rows] == whole
        assert pages[0].previous is None
        last = pages[-1]
        backward = [row.pk for row in last.rows]
        while last.previous:
            last = listing(Target.objects.all(), order=order, size=size, cursor=last.previous)
            backward = [row.pk for row in last.rows] + backward
        assert backward == whole


def test_rows_that_come_and_go_shift_no_page(db: None) -> None:
    fill(list("abcdef"))
    first = listing(Target.objects.all(), order=("name", "id"), size=2)
    Target.objects.filter(name="a").delete()
    fill(["aa"])
    second = listing(Target.objects.all(), order=("name", "id"), size=2, cursor=first.next)
    assert [row.name for row in second.rows] == ["c", "d"]


@pytest.mark.parametrize("cursor", ["x", "====", "W10", "W2ZhbHNlXQ", "W2ZhbHNlLG51bGwsbnVsbF0", "e30", "é"])
def test_foreign_cursor_is_refused(db: None, cursor: str) -> None:
    with pytest.raises(BadCursor):
        listing(Target.objects.all(), order=("name", "id"), cursor=cursor)


def test_cursor_of_another_order_is_refused(db: None) -> None:
    fill(["a", "b"])
    by_id = listing(Target.objects.all(), order=("-id",), size=1)
    with pytest.raises(BadCursor):
        listing(Target.objects.all(), order=("name", "id"), cursor=by_id.next)


def test_empty_list_has_no_neighbours(db: None) -> None:
    assert listing(User.objects.all(), order=("id",)) == Listing(rows=(), next=None, previous=None)
