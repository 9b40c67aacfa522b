"""The conservation law, and what else holds for a run after every commit and every fault."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, Q

from crawler.models import (
    Backlog,
    BacklogKind,
    Host,
    Item,
    Page,
    ProblemKind,
    Request,
    RequestKind,
    RequestState,
    Run,
    Sighting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

STORED = ("done", "failed", "skipped", "dead")


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Have everything read within see the same commits, and lock nothing.

    The law holds after every commit; two statements outside a transaction may see two of them.
    """
    if connection.in_atomic_block:
        yield
        return
    isolation = "" if connection.vendor == "sqlite" else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{isolation}")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def assert_conserved(run: Run | int) -> None:
    """Assert that every request of `run` is in one place, and that everything counted is there."""
    with one_snapshot():
        _assert_counted(run)
        _assert_due()


def assert_hosts_are_due() -> None:
    """Assert that nothing queued is forgotten, and that nothing is leased which nobody holds."""
    with one_snapshot():
        _assert_due()


def _assert_counted(run: Run | int) -> None:
    row = Run.objects.without_secrets().get(pk=run if isinstance(run, int) else run.pk)
    states = Counter(Request.objects.filter(run=row).values_list("state", flat=True))
    counts = {RequestState(state).label: count for state, count in states.items()}
    assert row.discovered == sum(states.values()), f"discovered {row.discovered}, there are {counts}"
    assert {name: getattr(row, name) for name in STORED} == {name: counts.get(name, 0) for name in STORED}
    assert row.waiting == counts.get("queued", 0) + counts.get("leased", 0)
    redirected = Request.objects.filter(run=row, state=RequestState.DONE, reason="redirected").count()
    sitemaps = Request.objects.filter(run=row).exclude(kind=RequestKind.PAGE)
    read = sitemaps.filter(state=RequestState.DONE).exclude(reason="redirected").count()
    assert (row.redirected, row.pages) == (redirected, row.done - redirected - read)
    gone = sitemaps.filter(Q(state=RequestState.SKIPPED) | Q(reason="redirected"))
    assert row.sitemaps == sitemaps.count() - gone.count()
    assert row.problems == sum(ProblemKind.objects.filter(run=row).values_list("count", flat=True))
    assert row.items == Sighting.objects.filter(run=row).count()
    if row.is_final and row.settled:
        assert row.waiting == 0
    _assert_unique(row)


def _assert_unique(run: Run) -> None:
    for rows in (
        Request.objects.filter(run=run).values("key"),
        Page.objects.filter(target=run.target_id).values("key"),
        Item.objects.filter(target=run.target_id).values("key_hash"),
    ):
        assert not rows.annotate(n=Count("id")).filter(n__gt=1).exists()


def _assert_due() -> None:
    queued = Request.objects.filter(state=RequestState.QUEUED)
    open_backlogs = Backlog.objects.filter(open=True, kind=BacklogKind.HTTP)
    forgotten = open_backlogs.filter(due_at=None, pk__in=queued.values("backlog_id"))
    assert not forgotten.exists(), "an open backlog has queued requests and no due time"
    hosts = Host.objects.filter(lease_owner="", due_at=None)
    waiting = open_backlogs.filter(pk__in=queued.values("backlog_id")).values("host_id")
    assert not hosts.filter(pk__in=waiting).exists(), "a host has queued requests and no due time"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM crawler_request r JOIN crawler_host h ON h.id = r.host_id "
            "WHERE r.state = 1 AND h.lease_owner = ''"
        )
        assert cursor.fetchone() == (0,), "a request is leased on a host that nobody holds"
