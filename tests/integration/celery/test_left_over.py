"""A broker whose starter, supervisor and guardian were all killed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import redis

from tests.waiting import until
from webui.processes import broker as brokers
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path


def test_a_broker_that_was_left_behind_is_ended_and_its_messages_stay(tmp_path: Path) -> None:
    left, after = brokers.embedded(tmp_path), brokers.embedded(tmp_path)
    try:
        command = left.command()
    except CannotStart as error:
        pytest.skip(str(error))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(left.url) as client:
            until(lambda: _answers(client), within_seconds=200, what="the broker")
            client.rpush("default", "a message")

        assert brokers.end_left_over(tmp_path)
        assert process.wait(60) == 0
        assert not brokers.end_left_over(tmp_path)
    finally:
        process.kill()
        process.wait()

    process = subprocess.Popen(after.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(after.url) as client:
            until(lambda: _answers(client), within_seconds=200, what="the broker")
            assert client.lrange("default", 0, -1) == [b"a message"]
    finally:
        process.kill()
        process.wait()


def test_another_program_on_the_port_of_before_is_left_alone(
    tmp_path: Path, valkey: brokers.Embedded
) -> None:
    assert not brokers.end_left_over(tmp_path)
    (tmp_path / "url").write_text(f"redis://:of-before@127.0.0.1:{valkey.port}/0")

    assert not brokers.end_left_over(tmp_path)

    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
