"""What a terminal's run remembers of its output, in the run's row until the run has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.models import Run
from crawler.services.terminal.outputs import Destination, format_of

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY: Final = "terminal"


def keep_destination(run: Run, place: Destination) -> None:
    """Store where the items go, so that resuming the run goes on there."""
    _keep(run, {"path": str(place.path) if place.path else None, "replace": place.replace})


def destination(run: Run) -> Destination:
    """Return where the items of `run` went."""
    kept = _kept(run)
    if not kept.get("path"):
        return Destination()
    path = Path(kept["path"])
    return Destination(path=path, format=format_of(path), replace=bool(kept.get("replace")))


def keep_place(run: Run, place: int) -> None:
    """Store how far standard output has the items."""
    _keep(run, {"place": place})


def place(run: Run) -> int | None:
    """Return how far standard output has the items; None when it had none yet."""
    found = _kept(run).get("place")
    return found if isinstance(found, int) else None


def _kept(run: Run) -> Mapping[str, Any]:
    kept = run.report.get(KEY)
    return kept if isinstance(kept, dict) else {}


def _keep(run: Run, changes: Mapping[str, object]) -> None:
    """Change what is kept. A run that has ended keeps its report instead: it cannot be resumed."""
    run.report = {KEY: {**_kept(run), **changes}}
    Run.objects.filter(pk=run.pk).active().update(report=run.report)
