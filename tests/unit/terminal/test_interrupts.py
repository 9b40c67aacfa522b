"""The first signal asks, the second insists."""

from __future__ import annotations

import os
import signal

import pytest

from crawler.services.terminal.interrupts import Interrupted, Interrupts


def test_first_signal_is_noted_while_there_is_patience_and_the_second_ends_it() -> None:
    with Interrupts() as interrupts:
        interrupts.patient = True
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.asked
        assert interrupts.status == 143
        with pytest.raises(Interrupted) as ended:
            os.kill(os.getpid(), signal.SIGINT)
    assert ended.value.status == 130
    assert interrupts.status == 143


def test_signal_ends_at_once_what_has_nothing_to_keep() -> None:
    with Interrupts(), pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGHUP)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
