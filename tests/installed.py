"""One installation for all tests that need a whole one, in whichever folder: to start it takes 16 s of CPU.

`tests/order.py` has one process run them all, one after another, and it ends with the last of them.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.integration.service.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A started installation with two crawling workers."""
    installation = Installation(folder=tmp_path_factory.mktemp("installation"))
    installation.start("--workers", "2")
    yield installation
    end(installation)


def end(installation: Installation) -> None:
    if installation.is_started:
        assert installation.stop(signal.SIGTERM) == 0, installation.log()


def uses_it(item: pytest.Item) -> bool:
    return "service" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not uses_it(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if uses_it(item) and not (nextitem and uses_it(nextitem)):
        service = getattr(item, "funcargs", {}).get("service")
        if isinstance(service, Installation):
            end(service)
