"""Ctrl-C, SIGTERM and SIGHUP at the terminal: the first asks, the second insists."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal ended what was being done; `status` is what shells expect then."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class Interrupts:
    """Turns the first signal into `asked` while `patient`, and every other one into `Interrupted`."""

    def __init__(self) -> None:
        self.patient = False
        self.number = 0

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in NUMBERS}
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        return self.number != 0

    @property
    def status(self) -> int:
        return 128 + self.number

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.patient and not self.number:
            self.number = number
            return
        self._insist(number)

    def _insist(self, number: int) -> NoReturn:
        self.number = self.number or number
        raise Interrupted(number)
