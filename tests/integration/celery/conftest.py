"""A real broker, and real Celery processes on the test's own database."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import redis

from tests.fleet import Fleet, sending_to
from tests.standstill import pytest_runtest_makereport  # noqa: F401 - a hook for the tests here
from tests.waiting import until
from webui.processes import broker as brokers
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rabbitmq import Node
    from tests.site.server import HostileSite
    from webui.processes.broker import Embedded


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The broker that Trawl brings along, started once."""
    embedded = brokers.embedded(tmp_path_factory.mktemp("broker"))
    try:
        command = embedded.command()
    except CannotStart as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(embedded.url) as client:
            until(lambda: _answers(client), within_seconds=200, what="the broker")
        yield embedded
    finally:
        process.kill()
        process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def broker(valkey: Embedded) -> Iterator[redis.Redis]:
    """An empty broker, which this process sends to as well."""
    with sending_to(valkey.url), redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def fleet(transactional_db: None, broker: redis.Redis, valkey: Embedded, tmp_path: Path) -> Iterator[Fleet]:
    """Processes that end with the test."""
    with _ending(Fleet(broker_url=valkey.url, folder=tmp_path)) as started:
        yield started


@contextmanager
def _ending(fleet: Fleet) -> Iterator[Fleet]:
    try:
        yield fleet
    finally:
        fleet.end()


@pytest.fixture
def rabbit(rabbit_node: Node) -> Iterator[Node]:
    """An empty RabbitMQ, which this process sends to as well."""
    if rabbit_node.is_started:
        rabbit_node.empty()
    else:
        rabbit_node.start()
    with sending_to(rabbit_node.url):
        yield rabbit_node


@pytest.fixture
def rabbit_fleet(transactional_db: None, rabbit: Node, tmp_path: Path) -> Iterator[Fleet]:
    """Processes that know RabbitMQ and no Redis, and end with the test."""
    with _ending(Fleet(broker_url=rabbit.url, folder=tmp_path)) as started:
        yield started


@pytest.fixture
def pages(hostile_site: HostileSite) -> HostileSite:
    """A site whose first page links to 100 others."""
    links = "".join(f'<a href="/page/{number}">{number}</a>' for number in range(100))
    hostile_site.serve("/start", f"<title>Start</title>{links}")
    for number in range(100):
        hostile_site.serve(f"/page/{number}", f"<title>Page {number}</title>")
    return hostile_site
