"""Judges, for targets that ignore something, whether pages whose body changed have changed in what counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.db import transaction

from crawler import trials
from crawler.models import RefreshPlan, Target
from crawler.services.judging import pairs, settling
from crawler.services.judging.again import NothingToJudge, judge_again
from crawler.stores import sql, sweeps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from crawler.services.judging.pairs import Pair

__all__ = ["NothingToJudge", "judge_again", "work"]

BUDGET_SECONDS: Final = 10.0
ENCRYPTED: Final = ("target__headers", "target__login", "target__proxies")
"""A lost key must not keep changes from being judged."""


def work(*, now: datetime, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Judge what awaits it, some changes of each target in turn; the next call goes on.

    Doing it twice, also at once, changes nothing: each change is settled by whoever is first. Raises
    CannotTry.
    """
    ends_at = time.monotonic() + budget_seconds
    while waiting := sweeps.longest_ago(pairs.targets(), kind=sweeps.NOISE):
        done = 0
        for target in waiting:
            with transaction.atomic():
                sweeps.lock(sweeps.of_noise(target), now=now)
                sweeps.keep(sweeps.of_noise(target), {}, now=now)
            done += _judge_some(target)
            if time.monotonic() >= ends_at:
                return
        if not done:
            return


def _judge_some(target_id: int) -> int:
    """Judge the next changes of a target; return how many were settled."""
    noise = Target.objects.filter(pk=target_id).values_list("noise", flat=True).first()
    verdicts = _verdicts(pairs.of_target(target_id, to_compare=bool(noise)), noise or {})
    plans = RefreshPlan.objects.select_related("target").defer(*ENCRYPTED)
    plan = plans.filter(target=target_id).first()
    return sql.atomically(lambda: settling.settle(target_id, verdicts, plan))


def _verdicts(chosen: Sequence[Pair], noise: Mapping[str, Any]) -> list[tuple[int, tuple[str, ...]]]:
    """Return of the first changes, by the numbers of what they ended, the noise of which alone they consist.

    Nothing for one that counts, as all do that cannot be compared.
    """
    comparable = [pair for pair in chosen if pair.pages is not None]
    pages = [pair.pages for pair in comparable if pair.pages is not None]
    told = trials.verdicts_of(pages, noise=noise) if pages else []
    found = {pair.version: only or () for pair, only in zip(comparable, told, strict=False)}
    undone = {pair.version for pair in comparable} - found.keys()
    return [(pair.version, found.get(pair.version, ())) for pair in chosen if pair.version not in undone]
