"""The network in which everything forbidden listens, made once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.egress.everywhere import CannotBind, Everywhere

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def everywhere() -> Iterator[Everywhere]:
    network = Everywhere()
    try:
        network.start()
    except CannotBind as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))
    yield network
    network.stop()
