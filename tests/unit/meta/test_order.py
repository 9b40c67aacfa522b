"""Tests that share what is dear to start are run by one process."""

from __future__ import annotations

import pytest

from tests.order import PROGRAMS, SHARING, Quick, group_of
from tests.unit.meta import tree

PAGES = "tests/browser/test_pages.py::test_pages_fit_their_window"


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        (PAGES, "service"),
        ("tests/integration/service/test_main_job.py::test_an_urgent_run_passes_a_bulk_run", "service"),
        ("tests/faults/test_broker.py::test_emptied_broker_costs_seconds_and_no_page[rabbitmq]", "rabbitmq"),
        ("tests/integration/celery/test_urgency.py::test_messages[rabbitmq]", "rabbitmq"),
    ],
)
def test_tests_that_share_something_are_one_group(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


@pytest.mark.parametrize(
    "nodeid",
    [
        "tests/faults/test_broker.py::test_emptied_broker_costs_seconds_and_no_page[valkey]",
        "tests/integration/celery/test_workers.py::test_a_run_of_the_shop_finds_every_product",
        "tests/unit/test_queue.py::test_rabbitmq_takes_every_lane",
    ],
)
def test_other_tests_go_to_whoever_is_free(nodeid: str) -> None:
    assert group_of(nodeid) == nodeid


def test_every_place_is_there() -> None:
    places = [*PROGRAMS, *(place for found in SHARING.values() for place in found)]
    assert all((tree.ROOT / place.removesuffix("::")).exists() for place in places)


def test_one_process_does_what_starts_no_programs_and_leaves_a_quarter_for_the_end() -> None:
    units = [
        "service",
        "tests/faults/test_idle.py::test_x",
        *(f"tests/unit/test_{n}.py::test_x" for n in range(8)),
    ]
    waiting, quick = set(units), Quick(units)
    waiting.remove(units[3])  # another process did it

    taken = []
    while (unit := quick.next(waiting)) is not None:
        waiting.remove(unit)
        taken.append(unit)

    assert taken == [units[2], *units[4:8]]
    assert waiting == {*units[:2], *units[8:]}
