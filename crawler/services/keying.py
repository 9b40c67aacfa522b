"""What becomes of a target's items when they are to be known by another key than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.services.drafts import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.models import Target
    from crawler.services.drafts.feasibility import LastRun

OTHERWISE: Final = (
    "{them} of the last complete run {are} known by {before}, and the key says {after} now: the next run, "
    "or a replay that is stored, makes new items with a history of their own, which changes and webhooks "
    "tell as new. {old} With the key of before each goes on as it was"
)
STAY: Final = (
    "Those of before stay beside them for good, unless you say after how many complete runs that miss it "
    "an item is removed (removed_after)."
)
GO: Final = "Those of before are removed when complete runs miss them ({removed_after} in a row)."


def warnings(target: Target, *, last: LastRun | None) -> tuple[Problem, ...]:
    """Warn of items that the last complete run knew by another key."""
    before = last.settings.get("key", target.key) if last else target.key
    if last is None or not last.items or before == target.key:
        return ()
    message = OTHERWISE.format(
        them="The item" if last.items == 1 else f"The {last.items:,} items",
        are="is" if last.items == 1 else "are",
        before=_named(before),
        after=_named(target.key),
        old=GO.format(removed_after=target.removed_after) if target.removed_after else STAY,
    )
    return (Problem(field="key", message=message),)


def _named(key: Sequence[str]) -> str:
    return " and ".join(key) or "their page, or where it has several by all that they say"
