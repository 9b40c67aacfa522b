"""Which process of xdist runs which tests, and what comes first.

Loaded with `-p`, as the process that hands out the tests has to know it too.
"""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

# Tests here start programs, and wait for them half of the time.
PROGRAMS: Final = (
    "tests/browser/",
    "tests/faults/",
    *(f"tests/integration/{name}/" for name in ("celery", "packaging", "service", "terminal")),
)
# What tests in these places share takes 10 to 20 s of CPU to start: an installation, or a node of RabbitMQ;
# and to parse all sources takes 3 s.
SHARING: Final = {
    "compose": ("tests/integration/packaging/test_compose.py::",),
    "service": ("tests/browser/test_pages.py::", "tests/integration/service/"),
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


class Quick:
    """Those units that keep a processor busy; three processes that all wait for programs leave it idle.

    So one process does these while the others do what starts programs. A quarter is kept for the end: there
    everybody has something to do until the last program has ended.
    """

    def __init__(self, units: Iterable[str]) -> None:
        programs = {group for group, places in SHARING.items() if places[0].startswith(PROGRAMS)}
        self._units = deque(unit for unit in units if unit not in programs and not unit.startswith(PROGRAMS))
        self._kept = len(self._units) // 4

    def next(self, waiting: Container[str]) -> str | None:
        """Return one of those that wait; None when only those for the end are left."""
        while self._units and self._units[0] not in waiting:
            self._units.popleft()
        return self._units.popleft() if len(self._units) > self._kept else None


class Groups(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Hands out groups as a whole, the largest first, and then test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    @cached_property
    def _quick(self) -> Quick:
        return Quick(self.workqueue)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if len(self.nodes) > 1 and node is self.nodes[-1] and (unit := self._quick.next(self.workqueue)):
            self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Decide by the names of tests: pytest 9 ignores the way in which xdist's own groups are told."""
    return Groups(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes seconds each: at the end, the other processes would wait for one of these."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("processes") is None)
