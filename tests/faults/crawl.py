"""One run under faults: how far it is, what was in flight when a process was killed, and the judgement."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.engine.engine import Limits
from crawler.models import Event, Item, OutboxMessage, Page, Request, RequestState, Run, RunState
from crawler.queue import Work
from tests.law import assert_conserved
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.site.linked import LinkedSite

SETTLING_SECONDS = 0.3
COMMIT_AT = Limits().commit_at
UNSETTLED = (RequestState.QUEUED, RequestState.LEASED)


@dataclass(slots=True, kw_only=True)
class Crawl:
    """A run of the whole site.

    *In flight* are the pages that were sent and whose results are not committed. They are read
    from the site's log and the database while nothing moves: `note_lost` is called when all that
    could send or commit them is dead or frozen. So it is known of each page how often it may have
    been asked for again, and `judged` asserts that it was asked for no oftener.
    """

    site: LinkedSite
    run: Run
    lost: Counter[str] = field(default_factory=Counter)
    most_in_flight: int = 0
    _began: float = field(default_factory=time.monotonic)

    @property
    def settled(self) -> int:
        """How many pages have their final row."""
        self.run.refresh_from_db(fields=["done", "failed", "skipped", "dead", "state"])
        return self.run.done + self.run.failed + self.run.skipped + self.run.dead

    @property
    def is_over(self) -> bool:
        self.run.refresh_from_db(fields=["state", "settled"])
        return self.run.is_final and self.run.settled

    def until_settled(self, count: int, *, within_seconds: float = 60) -> None:
        until(
            lambda: self.settled >= count or self.run.is_final,
            within_seconds=within_seconds,
            what=f"{count} pages",
        )

    def until_moving(self, *, within_seconds: float) -> float:
        """Wait until the site is asked for another page, and return the seconds until then."""
        asked = len(self.site.hits)
        return until(
            lambda: len(self.site.hits) > asked or self.is_over,
            within_seconds=within_seconds,
            what="another page to be asked for",
        )

    def until_over(self, *, within_seconds: float) -> None:
        until(lambda: self.is_over, within_seconds=within_seconds, what=f"the end of {self.run}")

    def until_reported(self, *, within_seconds: float) -> None:
        """Wait until the statistics of the run that is over are written."""
        until(
            lambda: Run.objects.filter(pk=self.run.pk).exclude(report={}).exists(),
            within_seconds=within_seconds,
            what=f"the report of {self.run}",
        )

    def note_lost(self, pids: Collection[int] | None = None) -> int:
        """Count what is in flight with the processes `pids`, or with any; nothing of it may move now."""
        time.sleep(SETTLING_SECONDS)  # a database server ends the commit that it was sent
        self.site.catch_up()
        rows = Request.objects.filter(run=self.run, state__in=UNSETTLED)
        owners = dict(rows.values_list("url", "host__lease_owner"))
        asked = self.site.asked
        in_flight = [
            url
            for url, owner in owners.items()
            if asked[url] > self.lost[url] and (pids is None or _pid(owner) in pids)
        ]
        self.lost.update(in_flight)
        self.most_in_flight = max(self.most_in_flight, len(in_flight))
        return len(in_flight)

    def judged(self, *, processes: int) -> Judgement:
        """Assert what holds after every fault, and return the figures of a finished run."""
        assert_conserved(self.run)
        self.run.refresh_from_db()
        asked = self.site.asked
        found = self._assert_whole()
        assert asked.keys() == self.site.urls
        again = {url: count - 1 for url, count in asked.items() if count > 1}
        unexplained = {url: count for url, count in again.items() if count > self.lost[url]}
        assert not unexplained, f"asked for again though nothing of it was lost: {unexplained}"
        connections = self.run.settings["connections"] or 1
        bound = processes * (COMMIT_AT + self.site.graph.hosts * connections)
        assert self.most_in_flight <= bound
        assert self.run.started_at is not None
        assert self.run.finished_at is not None
        return Judgement(
            lost=len(self.site.urls - found),
            repeated=sum(again.values()),
            in_flight=self.lost.total(),
            most_in_flight=self.most_in_flight,
            seconds=(self.run.finished_at - self.run.created_at).total_seconds(),
        )

    def _assert_whole(self) -> set[str]:
        """Assert one final row, page and item for each page of the site; return the URLs that are done."""
        rows = list(Request.objects.filter(run=self.run).values_list("url", "state", "reason"))
        assert Counter(url for url, _state, _reason in rows) == Counter(self.site.urls)
        others = [row for row in rows if row[1] != RequestState.DONE]
        assert not others, f"not done: {others[:10]}"
        assert self.run.state == RunState.FINISHED, (self.run.state, self.run.reason)
        for rows_of in (Page.objects.filter, Item.objects.filter):
            kept = rows_of(target=self.run.target_id).values_list("url", flat=True)
            assert Counter(kept) == Counter(self.site.urls)
        reports = OutboxMessage.objects.filter(work=Work.REPORT_RUN.value, kwargs__run=self.run.pk)
        assert reports.count() == 1, "the report of a run is asked for once"
        assert list(Event.objects.filter(run=self.run.pk).values_list("kind", flat=True)) == ["run.finished"]
        return {url for url, _state, _reason in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of a run: pages lost, pages fetched again, and what was in flight at all kills together."""

    lost: int
    repeated: int
    in_flight: int
    most_in_flight: int
    seconds: float


def _pid(owner: str | None) -> int | None:
    """Return the process that a lease's owner names."""
    words = (owner or "").split("/")
    return int(words[1].partition(":")[0]) if len(words) > 1 else None
