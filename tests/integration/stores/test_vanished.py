"""Processes that are killed while they hold requests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from crawler.models import Host, Outage, Request, RequestState, Run, RunState, Slice
from crawler.services import vanished
from crawler.stores.clock import DatabaseClock
from tests.crawling import a_run
from tests.integration.stores.hands import Hands
from tests.law import assert_conserved

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
A = "http://a.test"


def start_one_that_holds(*words: str) -> subprocess.Popen[bytes]:
    """Start a process that claims what it can and says how many requests that were."""
    command = [sys.executable, "-m", "tests.integration.stores.victim", str(connection.settings_dict["NAME"])]
    return subprocess.Popen([*command, *words], stdout=subprocess.PIPE, cwd=ROOT, env=dict(os.environ))


def kill_one_that_holds(*words: str) -> int:
    """Kill such a process, and return how many requests it held."""
    victim = start_one_that_holds(*words)
    try:
        assert victim.stdout is not None
        held = int(victim.stdout.readline() or b"-1")
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=150)
    return held


def test_page_that_hangs_its_reader_is_dead_and_its_process_ends() -> None:
    run = a_run(f"{A}/bad", f"{A}/good")
    victim = start_one_that_holds("hang")
    assert victim.communicate(timeout=150)[0] == b"2\n"

    assert victim.returncode == 70
    assert set(Request.objects.values_list("url", "state", "losses")) == {
        (f"{A}/bad", RequestState.DEAD, 1),
        (f"{A}/good", RequestState.QUEUED, 0),
    }
    assert not Slice.objects.exists()
    assert_conserved(run)


def test_what_a_killed_process_held_is_free_at_once_on_its_own_node() -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    assert kill_one_that_holds() == 2
    assert Request.objects.filter(state=RequestState.LEASED).count() == 2

    assert vanished.free_on_this_node(now=timezone.now()) == 1

    assert not Slice.objects.exists()
    assert Host.objects.get().lease_owner == ""
    assert set(Request.objects.values_list("state", "losses")) == {(RequestState.QUEUED, 1)}
    assert_conserved(run)


@pytest.mark.parametrize(("outage", "losses"), [(True, 0), (False, 1)])
def test_slice_that_an_outage_kept_from_renewing_itself_has_lost_nothing(
    *, outage: bool, losses: int
) -> None:
    a_run(f"{A}/1")
    now = timezone.now()
    hands = Hands(DatabaseClock())
    hands.claims()
    Slice.objects.update(renewed_at=now - timedelta(seconds=90))
    if outage:
        began, ended = now - timedelta(seconds=80), now - timedelta(seconds=5)
        Outage.objects.create(kind="read_only", began_at=began, ended_at=ended)

    vanished.free_expired(now=now)

    assert not Slice.objects.exists()
    assert Request.objects.get().losses == losses


def test_request_that_kills_its_process_each_time_is_dead_after_three_times_alone() -> None:
    run = a_run(f"{A}/bad")
    Request.objects.update(losses=4)

    assert kill_one_that_holds("alone") == 1
    vanished.free_on_this_node(now=timezone.now())

    request = Request.objects.get()
    assert (request.state, request.reason) == (RequestState.DEAD, "worker_lost")
    assert Run.objects.get().state == RunState.FAILED
    assert_conserved(run)
