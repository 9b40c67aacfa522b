"""A database that cannot be written: its disk is full, or it is read-only."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

import pytest
from django.conf import settings
from django.db import connection

from crawler.models import Request, Target
from tests.faults import databases
from tests.faults.brokers import Valkey
from tests.faults.databases import Orders, SmallDisk
from tests.faults.installation import Installation
from tests.faults.results import Result
from tests.faults.scale import SHORT_LEASE
from tests.law import assert_conserved
from tests.postgres import hand_over
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.faults.conftest import Report
    from tests.faults.crawl import Crawl
    from tests.faults.scale import Scale
    from tests.site.linked import LinkedSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", [Valkey.name], indirect=True),
]
STOPS_WITHIN_SECONDS = 10.0
SILENCE_SECONDS = 2.0
RESUMES_WITHIN_SECONDS = 30
DISK_MEGABYTES = 160


class Trouble(Protocol):
    """What keeps a database from being written; `told` is what people read of it."""

    kind: str
    told: str
    variables: dict[str, str]

    def begin(self) -> None: ...

    def end(self) -> None: ...


class Full:
    """A disk without a byte of room."""

    kind, told = "disk_full", "the database's disk is full"

    def __init__(self, disk: SmallDisk) -> None:
        self.variables: dict[str, str] = {}
        self.begin, self.end = disk.fill, disk.empty


class Ordered:
    """SQLite that is told to refuse."""

    def __init__(self, orders: Orders, order: str) -> None:
        self._orders = orders
        self._order = order
        self.variables = dict(orders.variables)
        self.kind = "disk_full" if order == databases.FULL else "read_only"
        self.told = Full.told if order == databases.FULL else "the database is read-only"

    def begin(self) -> None:
        self._orders.refuse(self._order)

    def end(self) -> None:
        self._orders.allow()


class Standby:
    """A PostgreSQL database whose every connection ends, and which is read-only from then on."""

    kind, told = "read_only", "the database is read-only"

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}

    def begin(self) -> None:
        self._switch("SET default_transaction_read_only = on")

    def end(self) -> None:
        self._switch("RESET default_transaction_read_only")

    def _switch(self, how: str) -> None:
        name = connection.settings_dict["NAME"]
        connection.close()
        databases.server_does(
            f"ALTER DATABASE {name} {how}",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )


@pytest.fixture
def full(transactional_db: None, tmp_path: Path) -> Iterator[Trouble]:
    """The test's database on a small disk; without the right to mount one, SQLite is told to be full."""
    disk = SmallDisk(settings.VAR_DIR / f"disk-{os.getpid()}", megabytes=DISK_MEGABYTES)
    if not disk.mount():
        if connection.vendor != "sqlite":
            pytest.skip("a small disk is needed, and this user may not mount one")
        yield Ordered(Orders(tmp_path), databases.FULL)
        return
    try:
        (disk.folder / "database").mkdir()
        hand_over(disk.folder / "database")
        with databases.copied_to(disk.folder / "database"):
            yield Full(disk)
    finally:
        disk.unmount()


@pytest.fixture
def read_only(transactional_db: None, tmp_path: Path) -> Iterator[Trouble]:
    if connection.vendor == "sqlite":
        yield Ordered(Orders(tmp_path), databases.READ_ONLY)
        return
    with databases.copied():
        yield Standby()


@pytest.fixture(
    params=[
        pytest.param("full", marks=pytest.mark.quick_on("sqlite")),
        pytest.param("read_only", marks=pytest.mark.quick_on("postgresql")),
    ]
)
def trouble(request: pytest.FixtureRequest) -> Trouble:
    found: Trouble = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(trouble: Trouble) -> Mapping[str, str]:
    return trouble.variables


def until_silent(crawl: Crawl, scale: Scale, since: float) -> float:
    """Wait until the site is not asked any more; return how long after `since` it was asked last."""
    ends_at = time.monotonic() + scale.of(quick=60.0, full=STOPS_WITHIN_SECONDS)
    while time.time() - crawl.site.hits[-1].at < SILENCE_SECONDS:
        assert time.monotonic() < ends_at, "fetching goes on although nothing can be stored"
        time.sleep(0.1)
    return max(0.0, crawl.site.hits[-1].at - since)


def test_fetching_stops_while_nothing_can_be_stored_and_goes_on_by_itself(
    installation: Installation, trouble: Trouble, site: LinkedSite, scale: Scale, report: Report
) -> None:
    installation.fleet.add(scale.of(quick=SHORT_LEASE, full={}))
    api = installation.start_with_web()
    crawl = installation.crawl(site, seconds=scale.of(quick=6.0, full=120.0))
    aside = Target.objects.create(name="Aside", start_urls=[site.aside], scope="page", delay_seconds=0)
    crawl.until_settled(site.graph.pages // 5, within_seconds=120)

    trouble.begin()
    began, refused_at = time.monotonic(), time.time()
    until(
        lambda: api.get("/readyz")[1]["parts"]["database"].startswith(trouble.told),
        within_seconds=90,
        what="health to turn red",
    )
    red_after = time.monotonic() - began
    silent_after = until_silent(crawl, scale, refused_at)
    asked = len(site.hits)
    assert trouble.told in api.text("/sign-in/").replace("&#x27;", "'")
    status, answer = api.post(f"/targets/{aside.pk}/runs")
    has_room = status == 202  # PostgreSQL fills the pages that it has
    assert has_room or (status, answer["detail"].partition(";")[0]) == (503, trouble.told)
    time.sleep(max(0.0, scale.of(quick=5.0, full=150.0) - (time.monotonic() - began)))
    assert len(site.hits) == asked, "it fetches what it cannot store"
    assert not crawl.is_over
    assert_conserved(crawl.run)
    crawl.note_lost()

    trouble.end()
    lasted = time.monotonic() - began
    resumed = crawl.until_moving(within_seconds=scale.of(quick=120, full=RESUMES_WITHIN_SECONDS))
    told = api.get(f"/api/v1/runs/{crawl.run.pk}")[1]["outages"]
    crawl.until_over(within_seconds=scale.of(quick=300, full=600))
    judged = crawl.judged(processes=2)
    assert judged.lost == 0
    assert judged.repeated <= judged.in_flight
    assert not Request.objects.exclude(losses=0), "an outage is no loss of a process"
    assert trouble.kind in {outage["kind"] for outage in told}
    _assert_told_once(installation, trouble)
    report(
        Result(
            row=f"{trouble.kind.replace('_', ' ')} for {lasted:.0f} s",
            scale=scale.name,
            broker=installation.broker.name,
            faults=1,
            judgement=judged,
            measured={
                "health red after, s": round(red_after, 1),
                "last fetch after, s": round(silent_after, 1),
                "resumed after, s": round(resumed, 1),
            },
        )
    )


def _assert_told_once(installation: Installation, trouble: Trouble) -> None:
    """Assert that each process said so once, and that nothing left a traceback."""
    said = installation.fleet.said()
    told = [line for line in said.splitlines() if trouble.told in line and '"level": "error"' in line]
    assert 1 <= len(told) <= 12, "\n".join(told)
    noisy = [line for line in said.splitlines() if "Traceback" in line and '"level": "info"' not in line]
    assert not noisy, noisy[0][:3000]
