"""Has earlier changes judged anew, by what their target ignores now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.models import PageVersion
from crawler.stores import sql

if TYPE_CHECKING:
    from crawler.models import Target

MOST: Final = 20_000
"""So many changes are judged anew, those that came last: it takes 24 ms of CPU each."""
AT_ONCE: Final = 1_000


class NothingToJudge(Exception):
    """The target ignores nothing, so that all changes count."""


def judge_again(target: Target) -> int:
    """Have the changes that ended the versions which are kept judged in the background; return how many.

    A change that counted may turn out to be noise. What was found to be noise before stays that. Raises
    NothingToJudge.
    """
    if not target.noise:
        raise NothingToJudge("the target ignores nothing, so all changes count; say first what does not")
    judged = PageVersion.objects.filter(target=target, awaits_judgement=False)
    newest = sorted(judged.order_by("-id").values_list("pk", flat=True)[:MOST])
    return sum(_await(target.pk, newest[start : start + AT_ONCE]) for start in range(0, len(newest), AT_ONCE))


def _await(target: int, versions: list[int]) -> int:
    """Have these judged; the earliest come first, as a change is settled after those before it."""
    rows = PageVersion.objects.filter(target=target, pk__in=versions, awaits_judgement=False)
    return sql.atomically(lambda: rows.update(awaits_judgement=True))
