"""The process in which selectors are tried, forked from one that has imported what it needs.

The same program with the same bounds, for a tenth of the time; `tests/unit/trials` start it as Trawl does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from crawler.trials import asking
from tests import programs

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

IMPORTED: Final = (
    "crawler.trials.samples",
    "scrapers.reader",
    "scrapers.suggesting",
)


class ForkedChild:
    """What `subprocess.Popen` is for who asks once; it begins when it is asked."""

    def __init__(self) -> None:
        self._program: programs.Forked | None = None
        self._said = os.memfd_create("said")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> None:
        if self._program is not None:
            self._program.wait()
        os.close(self._said)

    @property
    def returncode(self) -> int | None:
        return None if self._program is None else self._program.returncode

    def communicate(self, asked: bytes = b"", timeout: float | None = None) -> tuple[bytes, None]:
        """Return what it said until it ended. Raises `subprocess.TimeoutExpired`."""
        if self._program is None:
            self._program = self._start(asked)
        self._program.wait(timeout)
        return os.pread(self._said, os.fstat(self._said).st_size, 0), None

    def kill(self) -> None:
        if self._program is not None:
            self._program.kill()

    def _start(self, asked: bytes) -> programs.Forked:
        with os.fdopen(os.memfd_create("asked"), "w+b") as reads:
            reads.write(asked)
            reads.seek(0)
            return programs.fork(
                [sys.executable, "-m", "crawler.trials.child"],
                cwd=programs.ROOT,
                environment={},
                stdin=reads,
                stdout=self._said,
                stderr=subprocess.DEVNULL,
                imported=IMPORTED,
            )


@pytest.fixture
def forked_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that try many selectors, beside others that start the process as Trawl does."""
    monkeypatch.setattr(asking, "_started", ForkedChild)
