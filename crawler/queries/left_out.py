"""The links that a run did not follow: those it kept, and those that stand on its stored pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from crawler.frontier.frozen import scope_of
from crawler.models import OutsideLink, SpareLink
from crawler.queries import stored_links
from crawler.stores.results import SAMPLES_A_REASON
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.frontier.dry_run import Comparison
    from crawler.models import Run
    from crawler.queries.stored_links import Linked, Place

MOST_OUTSIDE: Final = 5_000


class LeftOut:
    """Has what a run left out compared, each URL once.

    `outside` are those that it did not follow, `beyond` those beyond its page limit.
    """

    def __init__(self, run: Run, comparison: Comparison) -> None:
        self._run = run
        self._comparison = comparison
        self._before = scope_of(run.settings)
        self._by_reason: Counter[str] = Counter()
        self.outside: set[str] = set()
        self.beyond: set[str] = set()

    @property
    def has_more(self) -> bool:
        """Whether the run left out other links than those it kept."""
        is_cut = max(self._by_reason.values(), default=0) >= SAMPLES_A_REASON
        return (is_cut or self._run.over_budget > len(self.beyond)) and self._run.settings.get("follow", True)

    def compare_kept(self) -> None:
        """Compare the samples of what was not followed, and the links that waited for a place."""
        deepest = {"depth": self._before.max_depth, "trap_depth": self._before.traps.depth}
        samples = OutsideLink.objects.filter(run=self._run).order_by("id").values_list("url", "reason")
        for text, reason in samples[:MOST_OUTSIDE]:
            url = canonical(text, keep_tracking=True)
            self.outside.add(url.text)
            self._by_reason[reason] += 1
            # found one beyond the deepest page; where that did not decide, their depth is not known
            self._comparison.outside(url, was=reason, depth=(deepest.get(reason) or 0) + 1)
        spares = SpareLink.objects.filter(run=self._run).order_by("id").values_list("url", "depth")
        for text, depth in spares:
            url = canonical(text, keep_tracking=True)
            self.beyond.add(url.text)
            self._comparison.spare(url, depth=depth)

    def compare_pages(self, places: Sequence[Place]) -> int:
        """Compare what else stands on the stored pages at `places`; return how many of them were read."""
        links, pages = stored_links.links(self._run, places)
        for link in links:
            if link.url.text not in self.outside and link.url.text not in self.beyond:
                self._take(link)
        return pages

    def _take(self, link: Linked) -> None:
        """Compare a link of a page. One that the run had a place for was not there when it came."""
        was = self._before.refusal(link.url, depth=link.depth)
        if was is not None:
            self.outside.add(link.url.text)
            self._comparison.outside(link.url, was=was, depth=link.depth)
        elif self._run.over_budget:
            self.beyond.add(link.url.text)
            self._comparison.spare(link.url, depth=link.depth)
