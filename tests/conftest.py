"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.site.fixtures"]


@pytest.fixture(autouse=True)
def _rows_of_migrations(django_db_serialized_rollback: None) -> None:
    """Give back, after a test that empties the tables, the lanes and beat entries that migrations made."""
