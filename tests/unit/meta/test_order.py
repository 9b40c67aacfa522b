"""Tests that share what is dear to start are run by one process."""

from __future__ import annotations

import pytest

from tests.order import SHARING, group_of
from tests.unit.meta import tree

PAGES = "tests/browser/test_pages.py::test_pages_fit_their_window[phone-size1]"


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        (PAGES, "browser"),
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
    places = [place for found in SHARING.values() for place in found]
    assert all((tree.ROOT / place.removesuffix("::")).exists() for place in places)
