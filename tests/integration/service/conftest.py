"""One installation for all tests of a module: starting it takes seconds."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.integration.service.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A started installation with two crawling workers."""
    installation = Installation(folder=tmp_path_factory.mktemp("installation"))
    installation.start("--workers", "2")
    yield installation
    assert installation.stop(signal.SIGTERM) == 0, installation.log()
