"""Runs each test many times over: `.venv/bin/python -m pytest -p tests.repeating --repeat 50 tests/…`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--repeat", type=int, default=20, help="how often each test is run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.fixturenames.append("time_over")
    metafunc.parametrize("time_over", range(metafunc.config.getoption("--repeat")))


@pytest.fixture
def time_over() -> int:
    """The how many-th time it is."""
    return 0
