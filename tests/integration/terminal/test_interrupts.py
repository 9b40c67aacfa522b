"""A crawl that is interrupted stays whole, and goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.terminal.conftest import Crawl, Shop, Terminal
    from tests.site.server import HostileSite

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

SLOW = ("--delay", 0.05, "--scraper", "demo_shop", "-o", "items.jsonl")


def begun(terminal: Terminal, *words: object) -> Crawl:
    """Start a crawl and wait until it has written items."""
    before = len(terminal.lines("items.jsonl"))
    return terminal.begin(*words).until(lambda: len(terminal.lines("items.jsonl")) >= before + 5)


def names(terminal: Terminal) -> list[str]:
    return sorted(item["name"] for item in terminal.lines("items.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_pauses_the_run_and_resuming_writes_each_item_once(
    terminal: Terminal, shop: Shop, number: int
) -> None:
    ended = begun(terminal, shop.url, *SLOW).send(number).end()

    assert ended.status == 128 + number, ended.said
    assert "./run crawl --resume 2" in ended.said
    assert 5 <= len(names(terminal)) < len(shop.names)
    resumed = terminal.crawl("--resume", 2)
    assert (resumed.status, resumed.out) == (0, ""), resumed.said
    assert names(terminal) == sorted(shop.names)


def test_killed_terminal_can_be_resumed_at_once(terminal: Terminal, shop: Shop) -> None:
    begun(terminal, shop.url, *SLOW).send(signal.SIGKILL).end()

    resumed = terminal.crawl("--resume", 2)
    assert resumed.status == 0, resumed.said
    assert names(terminal) == sorted(shop.names)


def test_second_terminal_may_not_resume_what_the_first_is_crawling(terminal: Terminal, shop: Shop) -> None:
    first = begun(terminal, shop.url, *SLOW, "--delay", 0.3)
    second = terminal.crawl("--resume", 2)

    assert second.status == 2
    assert second.said == "crawl: --resume: another terminal is crawling run 2\n"
    assert first.send(signal.SIGINT).end().status == 130


def test_standard_output_goes_on_after_the_last_item_it_had(real_terminal: Terminal, shop: Shop) -> None:
    crawl = real_terminal.begin(shop.url, "--delay", 0.05, "--scraper", "demo_shop")
    ended = crawl.until(lambda: len(crawl.out.splitlines()) >= 5).send(signal.SIGINT).end()
    assert ended.status == 130

    resumed = real_terminal.crawl("--resume", 2)
    assert resumed.status == 0, resumed.said
    assert sorted(item["name"] for item in ended.items + resumed.items) == sorted(shop.names)


def test_reader_that_goes_away_pauses_the_run(terminal: Terminal, shop: Shop) -> None:
    reader, writer = os.pipe()
    crawl = terminal.begin(shop.url, "--delay", 0.02, "--scraper", "demo_shop", out=writer)
    os.close(writer)
    assert os.read(reader, 1) == b"{"
    os.close(reader)
    ended = crawl.end()

    assert ended.status == 141
    assert "run 2 is paused" in ended.said
    assert "Traceback" not in ended.said


def test_second_ctrl_c_does_not_wait_for_what_is_in_flight(
    terminal: Terminal, hostile_site: HostileSite
) -> None:
    url = f"{hostile_site.origin}/slow/never"
    crawl = terminal.begin(url, "--delay", 0, "--no-robots").until(lambda: bool(hostile_site.requests))
    crawl.send(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        crawl.process.wait(timeout=1)
    ended = crawl.send(signal.SIGINT).end()

    assert ended.status == 130, ended.said
    assert "./run crawl --resume 2" in ended.said
    assert "Traceback" not in ended.said
    resumed = terminal.begin("--resume", 2).until(lambda: len(hostile_site.requests) == 2)
    assert resumed.send(signal.SIGKILL).end().status == -signal.SIGKILL
