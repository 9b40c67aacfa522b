"""A broker link that loses messages and delivers others three times."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

import pytest
import redis
from kombu.transport.redis import Channel

from crawler.models import Request, Run
from tests.faults import tripled
from tests.faults.brokers import Valkey
from tests.faults.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import Report
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.quick_on("postgresql"),
    pytest.mark.django_db(transaction=True),
]
PART = 0.1


@contextmanager
def deleting(client: redis.Redis, *, every_seconds: float) -> Iterator[list[int]]:
    """Delete a tenth of what the broker holds, again and again; gives how much that was, so far."""
    chance, stop, deleted = Random(5), threading.Event(), [0]

    def work() -> None:
        while not stop.wait(every_seconds):
            deleted[0] += delete_some(client, chance)

    thread = threading.Thread(target=work, name="deleting")
    thread.start()
    try:
        yield deleted
    finally:
        stop.set()
        thread.join()


def delete_some(client: redis.Redis, chance: Random) -> int:
    """Delete a tenth of the messages that wait, and of those that workers have not acknowledged."""
    deleted = 0
    for key in client.scan_iter(_type="list"):
        hit = [word for word in client.lrange(key, 0, -1) if chance.random() < PART]
        for word in hit:
            deleted += int(client.lrem(key, 1, word))  # type: ignore[arg-type]
    hit = [tag for tag in client.hkeys("unacked") if chance.random() < PART]
    return deleted + (int(client.hdel("unacked", *hit)) if hit else 0)


@pytest.mark.parametrize("broker", [Valkey.name], indirect=True)
def test_lost_and_tripled_messages_cost_time_and_change_nothing(
    installation: Installation,
    site: LinkedSite,
    scale: Scale,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert isinstance(installation.broker, Valkey)
    lost = tmp_path / "lost-messages"
    lost.touch()
    monkeypatch.setenv(tripled.LOST_FILE, str(lost))
    monkeypatch.setattr(Channel, "_put", tripled.lose_or_copy)
    installation.fleet.add({tripled.LOST_FILE: str(lost)})
    installation.app = "tests.faults.tripled_app"
    installation.start("worker-jobs")
    crawl = installation.crawl(site, seconds=scale.of(quick=4.0, full=60.0))

    every = scale.of(quick=0.1, full=1.0)
    with deleting(installation.broker.client, every_seconds=every) as deleted:
        crawl.until_over(within_seconds=scale.of(quick=300, full=600))
        crawl.until_reported(within_seconds=120)

    judged = crawl.judged(processes=2)
    assert (judged.lost, judged.repeated) == (0, 0)
    lost_on_their_way = len(lost.read_text().splitlines())
    assert (deleted[0] > 0, lost_on_their_way > 0) == (True, True)
    assert Run.objects.count() == 1
    assert Request.objects.count() == scale.pages
    report(
        Result(
            row="messages lost and tripled",
            scale=scale.name,
            broker=installation.broker.name,
            faults=deleted[0],
            judgement=judged,
            measured={"lost on their way": lost_on_their_way},
        )
    )
