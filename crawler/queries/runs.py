"""Runs for display: lists, counts by state, progress, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.db.models.expressions import RawSQL

from crawler.models import FINAL_RUN_STATES, OutsideLink, Request, RequestState, Run, RunState
from crawler.queries import rates
from crawler.queries.paging import Listing, listing, parted, read

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from crawler.models import Target

# SQLite uses a partial index only when the query spells the index's own condition out. The number alone
# is spelled out, so that the column is that of the table asked for, in subqueries as well.
LEASED = Q(state=RawSQL("1", ()))
MOST_REASONS_READ = 5_000
LOST_STATES = (RequestState.FAILED, RequestState.SKIPPED, RequestState.DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of a run's requests are in each state; they add up to `discovered`."""

    discovered: int
    queued: int
    leased: int
    done: int
    failed: int
    skipped: int
    dead: int

    @property
    def settled(self) -> int:
        return self.done + self.failed + self.skipped + self.dead

    @property
    def tried(self) -> int:
        """How many were fetched, with whatever success; the other settled ones were skipped."""
        return self.done + self.failed + self.dead

    def by_state(self) -> tuple[tuple[str, int], ...]:
        """Return each state's name in lower case with its count, in the order of a request's life."""
        return tuple((state.label, getattr(self, state.label)) for state in RequestState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. `pages_per_minute` and `left` are None while they are not known.

    `left` is what those take that are known by now: it is the least while the run `may_grow`.
    """

    run: Run
    counts: Counts
    pages_per_minute: float | None
    left: timedelta | None
    took: timedelta | None

    @property
    def may_grow(self) -> bool:
        """Whether pages may lead to more: those of a refresh do not, and the page limit ends it."""
        most = self.run.settings.get("max_pages")
        return self.run.is_whole and (most is None or self.counts.discovered < most)

    @property
    def percent(self) -> int:
        """Return how far the run is, or how far it had come when it ended early.

        A run under way has the settled share of what was discovered so far, and never all of it. Of one
        that was cancelled or failed everything is settled, too: what it did is what it tried.
        """
        if self.run.state == RunState.FINISHED:
            return 100
        if self.run.is_final:
            return 100 * self.counts.tried // max(1, self.counts.discovered)
        return min(99, 100 * self.counts.settled // max(1, self.counts.discovered))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why requests of a run failed or were skipped, and how many."""

    state: str
    reason: str
    count: int


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    target: Target | int | None = None,
    state: str = "",
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Run]:
    """Return a page of the runs `user` may see, newest first. Raises BadCursor."""
    found = Run.objects.visible_to(user).select_related("target").defer("report")
    if target is not None:
        found = found.filter(target=target)
    if state == "active":
        found = found.active()
    elif state == "held":
        found = found.held()
    elif state in RunState.values:
        found = found.filter(state=state)
    return listing(found, order=("-id",), cursor=cursor, size=size)


def latest(target: Target, *, limit: int = 10) -> tuple[Run, ...]:
    """Return the newest whole runs of `target`, newest first."""
    return tuple(Run.objects.whole().filter(target=target).defer("report").order_by("-id")[:limit])


def counts(run: Run) -> Counts:
    """Return how many of `run`'s requests are in each state."""
    leased = min(0 if run.state in FINAL_RUN_STATES else _leased(run), run.waiting)
    return Counts(
        discovered=run.discovered,
        queued=run.waiting - leased,
        leased=leased,
        done=run.done,
        failed=run.failed,
        skipped=run.skipped,
        dead=run.dead,
    )


def _leased(run: Run) -> int:
    """Count what is leased of `run`: that is what slices hold in hand."""
    return Request.objects.filter(run=run, state=RequestState.LEASED).count()


def progress(run: Run, now: datetime) -> Progress:
    """Return how far `run` is."""
    counted, speed = counts(run), rates.current(run, now)
    left = None
    if run.state == RunState.RUNNING and speed:
        left = timedelta(minutes=(counted.queued + counted.leased) / speed)
    took = (run.finished_at or now) - run.started_at if run.started_at else None
    return Progress(run=run, counts=counted, pages_per_minute=speed, left=left, took=took)


def troubles(run: Run, *, limit: int = 20) -> tuple[Request, ...]:
    """Return the requests of `run` that failed or died last."""
    found = Request.objects.filter(run=run)
    many = ((RequestState.FAILED, run.failed), (RequestState.DEAD, run.dead))
    states = [state for state, count in many if count]
    if not states:
        return ()
    return tuple(parted("state", states)(found, order=("-id",), many=limit, after=None).rows)


def reasons(run: Run, *, limit: int = 12) -> tuple[Reason, ...]:
    """Return why requests failed, died or were skipped, most frequent first.

    Of each state the latest requests are counted, so that many skips do not hide a failure.
    """
    found = [
        Reason(state=state.label, reason=reason or "unknown", count=many)
        for state in LOST_STATES
        if getattr(run, state.label)
        for reason, many in reasons_of(run, state)[:limit]
    ]
    return tuple(sorted(found, key=lambda reason: (-reason.count, reason.reason))[:limit])


def reasons_of(run: Run, state: RequestState) -> QuerySet[Request, tuple[str, int]]:
    """Return the reasons of the latest requests of `run` in `state` with their counts, the largest first."""
    last = Request.objects.filter(run=run, state=state).order_by("-id").values("pk")
    of_those = Request.objects.filter(pk__in=last[:MOST_REASONS_READ]).values_list("reason")
    return of_those.annotate(many=Count("pk")).order_by("-many", "reason")


def requests(
    run: Run, *, state: RequestState | None = None, cursor: str | None = None, size: int = 100
) -> Listing[Request]:
    """Return a page of the requests of `run`, oldest first. Raises BadCursor."""
    found, reader = Request.objects.filter(run=run), parted("state", RequestState)
    if state is not None:
        found, reader = found.filter(state=state), read
    return listing(found, order=("id",), reader=reader, cursor=cursor, size=size)


def outside(run: Run, *, cursor: str | None = None, size: int = 100) -> Listing[OutsideLink]:
    """Return a page of the samples of links `run` did not follow, as they were met. Raises BadCursor."""
    return listing(OutsideLink.objects.filter(run=run), order=("id",), cursor=cursor, size=size)
