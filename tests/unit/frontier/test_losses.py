"""What becomes of a request whose process vanished."""

from __future__ import annotations

import pytest

from crawler.frontier.losses import is_dead, must_run_alone


@pytest.mark.parametrize(
    ("losses", "alone", "dead"),
    [
        (0, False, False),
        (1, False, False),
        (2, True, False),
        (3, True, False),
        (4, True, False),
        (5, True, True),
    ],
)
def test_request_lost_twice_runs_alone_and_dies_of_three_losses_there(
    losses: int, alone: bool, dead: bool
) -> None:
    assert (must_run_alone(losses), is_dead(losses)) == (alone, dead)
