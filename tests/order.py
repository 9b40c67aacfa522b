"""Which process of xdist runs which tests, and what comes first.

Loaded with `-p`, as the process that hands out the tests has to know it too.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

# What tests in these places share takes 10 to 20 s of CPU to start: an installation, or a node of RabbitMQ;
# and to parse all sources takes 3 s.
SHARING: Final = {
    "browser": ("tests/browser/test_pages.py::",),
    "service": ("tests/integration/service/",),
    "sources": (
        "tests/unit/meta/test_connections.py::",
        "tests/unit/meta/test_imports.py::",
        "tests/unit/meta/test_parsers.py::",
        "tests/unit/meta/test_sizes.py::",
    ),
    "rabbitmq": ("tests/integration/celery/", "tests/faults/"),
}


def group_of(nodeid: str) -> str:
    """Return what a test shares with others, so that one process runs them all; else its own name."""
    for group, places in SHARING.items():
        if nodeid.startswith(places) and (group != "rabbitmq" or group in nodeid.partition("::")[2]):
            return group
    return nodeid


class Groups(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Hands out groups as a whole, the largest first, and then test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Decide by the names of tests: pytest 9 ignores the way in which xdist's own groups are told."""
    return Groups(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes seconds each: at the end, the other processes would wait for one of these."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("processes") is None)


def pytest_collection_finish() -> None:
    """Leave what collecting made out of each later collection of garbage: it stays until the end."""
    gc.collect()
    gc.freeze()
