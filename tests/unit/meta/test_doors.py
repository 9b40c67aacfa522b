"""Every URL has its entry in the table that says to whom it opens."""

from __future__ import annotations

from tests.integration.doors.doors import DOORS, routes


def test_every_url_has_a_door_and_every_door_a_url() -> None:
    there = {route for route in routes() if not route.startswith("admin/")}
    assert there == set(DOORS), "add what is new to tests/integration/doors/doors.py"
