"""An installation to hurt and a site to crawl, in the quick form or, with `--faults`, in the full one.

A row of the fault table is one test, the same in both forms: `scale` says how large the crawl is,
which lengths the installation is given, and `scale.of(quick=3, full=20)` how often it is hurt. It
starts `installation`, makes a `crawl` of `site`, hurts something at random moments that a seed
decides, waits for the end, and asks for `crawl.judged()`: that asserts whatever must hold after every
fault. Then it asserts what its row promises besides, and hands a `Result` to `report`. Whoever kills
a process that fetches calls `crawl.note_lost()` before anything is started again or goes on.
The database is the test run's own: SQLite, or with `TRAWL_TEST_DATABASE=postgres` PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tests.faults.brokers import BROKERS, Broker, RabbitMQ, Valkey
from tests.faults.installation import Installation
from tests.faults.results import Result
from tests.faults.scale import FULL, QUICK, Scale
from tests.fleet import sending_to
from tests.rabbitmq import Node
from tests.site.linked import Graph, LinkedSite
from tests.standstill import pytest_runtest_makereport  # noqa: F401 - a hook for the tests here

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

QUICK_TIMEOUT_SECONDS, FULL_TIMEOUT_SECONDS = 900, 1800
Report = Callable[[Result], None]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each fault test the time that its form takes, and leave out those that say they are not for it.

    `only_on` names the databases that a row is about; `quick_on` those on which its quick form is run,
    where the other would tell little more. For the same reason the quick form tries RabbitMQ on SQLite alone,
    and not in a test that says so with `quick_with`.
    """
    full = config.getoption("--faults")
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.timeout(FULL_TIMEOUT_SECONDS if full else QUICK_TIMEOUT_SECONDS))
    markers = ("only_on",) if full else ("only_on", "quick_on")
    left_out = [item for item in ours if any(not _is_for(item, marker) for marker in markers)]
    if not full:
        left_out += [item for item in ours if not _is_for_broker(item) and item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_for(item: pytest.Item, marker: str) -> bool:
    asked = item.get_closest_marker(marker)
    return asked is None or connection.vendor in asked.args


def _is_for_broker(item: pytest.Item) -> bool:
    if not hasattr(item, "callspec"):
        return True
    broker = item.callspec.params.get("broker", Valkey.name)
    if broker == Valkey.name:
        return True
    asked = item.get_closest_marker("quick_with")
    return connection.vendor == "sqlite" and (asked is None or broker in asked.args)


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    return FULL if request.config.getoption("--faults") else QUICK


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path: Path, rabbit_node: Node) -> Iterator[Broker]:
    """A broker that holds nothing, to which this process sends as well."""
    started = Valkey(tmp_path / "broker") if request.param == Valkey.name else RabbitMQ(rabbit_node)
    started.start()
    try:
        with sending_to(started.url):
            yield started
    finally:
        started.end()


@pytest.fixture
def way(broker: Broker) -> Broker:
    """The broker as the installation reaches it; a row may put something in between."""
    return broker


@pytest.fixture
def database(transactional_db: None) -> Mapping[str, str]:
    """The database that the installation uses, and what its processes have to know of it besides."""
    return {}


@pytest.fixture
def installation(
    database: Mapping[str, str], scale: Scale, way: Broker, tmp_path: Path
) -> Iterator[Installation]:
    """An installation whose processes are yet to be started; they end with the test."""
    made = Installation(scale=scale, broker=way, folder=tmp_path)
    made.fleet.add(database)
    try:
        yield made
    finally:
        made.end()
        unusual = [line for line in made.fleet.said().splitlines() if '"level": "info"' not in line]
        print("\n".join(unusual))  # noqa: T201 - pytest shows it beside a failure


@pytest.fixture
def site(scale: Scale, tmp_path: Path) -> Iterator[LinkedSite]:
    with LinkedSite(Graph(pages=scale.pages, hosts=scale.hosts), log=tmp_path / "asked") as served:
        yield served


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Report:
    """Keeps a result, and prints its line whatever is captured."""

    def keep(result: Result) -> None:
        result.save()
        with capsys.disabled():
            print(f"\n{result.line}")  # noqa: T201 - the line is what the test is run for

    return keep
