"""Fixtures that every test may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from pytest_django.plugin import blocking_manager_key

if TYPE_CHECKING:
    from collections.abc import Generator

EMPTYING: Final = frozenset({"transactional_db", "live_server"})

# The same examples in each run, however busy the machine is; `--hypothesis-profile default` tries others.
settings.register_profile(
    "steady", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

pytest_plugins = ["tests.site.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", action="store_true", help="run the fault tests in their full form, with the real lengths"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have tests that empty the tables give back the lanes and beat entries that migrations made."""
    for item in items:
        if "transactional_db" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(transaction=True))
        marker = item.get_closest_marker("django_db")
        if marker is not None and marker.kwargs.get("transaction"):
            kept = {**marker.kwargs, "serialized_rollback": True}
            item.add_marker(pytest.mark.django_db(*marker.args, **kept), append=False)


def empties_tables(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    wanted = marker is not None and bool(marker.kwargs.get("transaction"))
    return wanted or not EMPTYING.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Give back what migrations made to a test that comes after one that emptied the tables.

    pytest-django runs those last; here the slowest tests come first, of both kinds (`tests/order.py`).
    After the last test there is no database any more.
    """
    yield
    rows = getattr(connection, "_test_serialized_contents", None)
    comes_after = nextitem is not None and not empties_tables(nextitem)
    if rows is not None and empties_tables(item) and comes_after:
        with item.config.stash[blocking_manager_key].unblock():
            connection.creation.deserialize_db_from_string(rows)
            connection.close()
