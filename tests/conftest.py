"""Fixtures that every test may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from tests.emptying import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

# Half a second of CPU for each password is the point elsewhere; nothing here is worth guessing.
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The same examples in each run, however busy the machine is; `--hypothesis-profile default` tries others.
settings.register_profile(
    "steady", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

pytest_plugins = [
    "tests.installed",
    "tests.site.fixtures",
    "tests.rabbitmq",
    "tests.static_files",
    "tests.trials",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", action="store_true", help="run the fault tests in their full form, with the real lengths"
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database whose tables are as migrations left them before each test, whatever the one before did."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patched:
        kept = Rows.kept()
        if hasattr(connection, "_test_serialized_contents"):  # some test asked Django to give it back
            del connection._test_serialized_contents
        patched.setattr(django_settings, "PASSWORD_HASHERS", QUICK_HASHERS)
        patched.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: kept.give_back())
        yield
