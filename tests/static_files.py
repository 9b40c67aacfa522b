"""Static files, listed once for all clients of a process.

Each of Django's test clients has middleware of its own, and WhiteNoise's lists all files as it is made: a
third of the CPU of a test that asks for one page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    look = WhiteNoiseMiddleware.add_files_from_finders
    listed: dict[str, object] = {}

    def add(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            look(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield
