"""Reading page by page, where the next page may be on its way already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Target
from crawler.queries import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.stores.sql import Row

pytestmark = pytest.mark.django_db


def made(many: int) -> list[int]:
    return [Target.objects.create(name=f"Site {number}", start_urls=[]).pk for number in range(many)]


def pages(rows: int) -> Iterator[list[Row]]:
    left = Target.objects.filter(pk__gt=reading.PLACE).order_by("pk").values_list("pk")[:rows]
    return reading.pages(left, lambda page: page[-1][0] if len(page) == rows else None)


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_pages_follow_each_other_and_each_is_asked_for_once(rows: int) -> None:
    ids = made(5)

    with CaptureQueriesContext(connection) as asked:
        found = list(pages(rows))

    assert [pk for page in found for (pk,) in page] == ids
    assert all(len(page) == rows for page in found[:-1])
    assert len(asked) == len(found)


def test_the_connection_serves_others_between_pages() -> None:
    ids = made(4)

    names = [Target.objects.get(pk=pk).name for page in pages(1) for (pk,) in page]

    assert names == [f"Site {number}" for number in range(len(ids))]


def test_reading_may_end_before_the_last_page() -> None:
    ids = made(4)
    reader = pages(1)

    first = next(reader)
    reader.close()  # type: ignore[attr-defined]

    assert first == [(ids[0],)]
    assert Target.objects.count() == len(ids)


def test_what_cannot_be_there_is_not_asked_for() -> None:
    with CaptureQueriesContext(connection) as asked:
        found = list(reading.pages(Target.objects.none().values_list("pk"), lambda _page: None))

    assert (found, len(asked)) == ([], 0)


def test_what_goes_wrong_on_the_way_is_raised_to_the_reader() -> None:
    first, *_ = made(3)
    reader = pages(1)

    def fail(*_asked: object) -> None:
        raise OperationalError("gone away")

    with connection.execute_wrapper(fail), pytest.raises(OperationalError, match="gone away"):
        next(reader)
    reader = pages(1)
    assert next(reader) == [(first,)]
    next(reader)
    with connection.execute_wrapper(fail), pytest.raises(OperationalError, match="gone away"):
        for _page in reader:
            pass
