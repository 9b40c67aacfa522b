"""Which known pages still belong to their target, as its settings are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.frontier import frozen
from crawler.models import Page, Run
from crawler.services import runs
from crawler.services.refresh.reading import GIVEN_UP
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.frontier.scope import Scope
    from crawler.models import Target

READ = 2_000


def narrow(target: Target) -> None:
    """Leave out the pages that left the scope of `target`, until a run finds them again."""
    scope, last = scope_of(target), 0
    known = Page.objects.filter(target=target, refresh_failures__lt=GIVEN_UP).order_by("id")
    while rows := list(known.filter(pk__gt=last).values_list("id", "url")[:READ]):
        leave_out([pk for pk, text in rows if scope.refusal(canonical(text), depth=0) is not None])
        last = rows[-1][0]


def leave_out(ids: Sequence[int]) -> None:
    """Have these pages refreshed no more, until a run finds them again."""
    if ids:
        Page.objects.filter(pk__in=ids).update(refresh_at=None, refresh_failures=GIVEN_UP)


def scope_of(target: Target) -> Scope:
    """Return the target's scope as it is now, with where its start URLs led to in the last run."""
    return frozen.scope_of({**runs.frozen(target), "max_depth": None, "landings": landings(target)})


def landings(target: Target) -> list[str]:
    last = (
        Run.objects.whole().filter(target=target).order_by("-id").values_list("settings", flat=True).first()
    )
    return list(last.get("landings", ())) if last else []
