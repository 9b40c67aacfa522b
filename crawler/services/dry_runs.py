"""Tries changed settings of a target out on the URLs of its last run; no site is asked, nothing is saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from crawler.queries import dry_runs
from crawler.services import runs, targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.frontier.dry_run import Found
    from crawler.models import Target

SECONDS: Final = 4.0
"""How long it may look at the requests of a run; then it tells of those that it has seen."""


def try_out(
    *,
    target: Target,
    data: object,
    user: User,
    now: datetime,
    monotonic: Callable[[], float] = time.monotonic,
) -> Found | None:
    """Return what `data`, as a change of `target`, would do; None while no run's requests are kept.

    Raises InvalidTarget for what could not be saved.
    """
    draft = targets.validate(data, existing=target, by=user, now=now)
    run = dry_runs.last_run(target)
    if run is None:
        return None
    changed = {name: draft.values[name] for name in runs.FROZEN}
    return dry_runs.compare(run, changed, seconds=SECONDS, monotonic=monotonic)
