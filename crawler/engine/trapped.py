"""The shapes of URLs on one held host: which run has seen enough of which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.frontier import traps
from crawler.frontier.shapes import Shapes

if TYPE_CHECKING:
    from crawler.engine.work import Claim, NewRequest
    from crawler.http import Fetched

    Sifted = tuple[tuple[NewRequest, ...], tuple[tuple[str, str], ...]]


class TrappedShapes:
    """What the pages of each run on one host were like, told apart by the runs' backlogs."""

    def __init__(self) -> None:
        self._of: dict[int, Shapes] = {}

    def recall(self, backlog: int, kept: str) -> None:
        """Take in what an earlier holder kept of a run, unless its pages came here meanwhile."""
        if backlog not in self._of:
            self._of[backlog] = shapes = Shapes()
            shapes.recall(kept)

    def note(self, claim: Claim, page: Fetched) -> None:
        """Take in a page that was read."""
        if claim.rules.scope.traps.alike is not None:
            self._of.setdefault(claim.backlog, Shapes()).note(claim.url, page.body)

    def refusal(self, claim: Claim) -> str | None:
        """Return why a claim is not fetched any more; None when it is. What a person named always is."""
        shapes = self._of.get(claim.backlog)
        if shapes is None or claim.is_start:
            return None
        return shapes.refusal(claim.url, most_alike=claim.rules.scope.traps.alike)

    def sift(self, claim: Claim, origin: str, found: tuple[NewRequest, ...]) -> Sifted:
        """Split the links of a page into those to follow and those whose shape has given nothing new."""
        shapes, most = self._of.get(claim.backlog), claim.rules.scope.traps.alike
        if shapes is None or not shapes.are_suspended(most):
            return found, ()
        alike = {
            link.url
            for link in found
            if link.url.origin == origin and shapes.refusal(link.url.text, most_alike=most)
        }
        return (
            tuple(link for link in found if link.url not in alike),
            tuple((traps.ALIKE, link.url.text) for link in found if link.url in alike),
        )

    def to_keep(self, *, leaving: bool) -> tuple[tuple[int, str], ...]:
        """Return what is to be stored now, by backlog."""
        kept = ((backlog, shapes.to_keep(leaving=leaving)) for backlog, shapes in self._of.items())
        return tuple((backlog, text) for backlog, text in kept if text is not None)
