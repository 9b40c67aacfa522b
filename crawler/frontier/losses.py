"""What becomes of a request whose process vanished."""

from __future__ import annotations

ALONE_AFTER = 2
DEAD_AFTER = ALONE_AFTER + 3


def must_run_alone(losses: int) -> bool:
    """Say whether nothing else may run in the process that fetches a request lost `losses` times."""
    return losses >= ALONE_AFTER


def is_dead(losses: int) -> bool:
    """Say whether a request is given up: lost twice in company, then three times alone."""
    return losses >= DEAD_AFTER
