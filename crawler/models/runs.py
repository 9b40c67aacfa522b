"""Executions of a target, with their frozen settings and their counters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from crawler.models.fields import EncryptedJSONField, OrderedJSONField
from crawler.models.held import UNPUBLISHED, VISIBLE, Publication

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class RunState(models.TextChoices):
    """The states of a run; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)
FINAL_RUN_STATES = (RunState.FINISHED, RunState.FAILED, RunState.CANCELLED)
TIME_LIMIT = "time_limit"
"""The reason of a run that ran out of its minutes, and of the requests that it left."""


# SQLite uses a partial index only when the query spells the index's own condition out.
_SPELLED_OUT = [RawSQL(f"'{publication.value}'", ()) for publication in UNPUBLISHED]  # noqa: S611 our own words


class RunTrigger(models.TextChoices):
    """Who started a run."""

    MANUAL = "manual"
    API = "api"
    SCHEDULE = "schedule"
    TERMINAL = "terminal"
    REFRESH = "refresh"


class RunQuerySet(models.QuerySet["Run"]):
    """Reusable filters and the compare-and-swap over runs."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> RunQuerySet:
        """Return the runs of the targets `user` may see."""
        from crawler.models.targets import Target

        return self.filter(target__in=Target.objects.visible_to(user))

    def without_secrets(self) -> RunQuerySet:
        """Return the runs without what lies encrypted: a lost key must not keep them from being read."""
        return self.defer("headers", "secrets")

    def with_plain_target(self) -> RunQuerySet:
        """Return the runs with their targets, both without what lies encrypted."""
        hidden = ("target__headers", "target__login", "target__proxies")
        return self.select_related("target").defer("headers", "secrets", *hidden)

    def whole(self) -> RunQuerySet:
        """Return the runs that crawl their target from its start, not those that refresh known pages."""
        return self.exclude(trigger=RunTrigger.REFRESH)

    def complete(self) -> RunQuerySet:
        """Return the runs that read all of their target, with at least one page, changed or not.

        One that failed, was cancelled or ran out of its minutes is not, nor is a refresh, nor one whose
        records are not published.
        """
        return self.whole().visible().filter(state=RunState.FINISHED).exclude(reason=TIME_LIMIT)

    def visible(self) -> RunQuerySet:
        """Return the runs whose records are items."""
        return self.filter(publication__in=VISIBLE)

    def unpublished(self) -> RunQuerySet:
        """Return the runs of which records are still apart, or will be."""
        return self.filter(publication__in=_SPELLED_OUT)

    def held(self) -> RunQuerySet:
        """Return the runs whose records wait for somebody to decide."""
        return self.unpublished().filter(publication=Publication.HELD)

    def active(self) -> RunQuerySet:
        """Return the runs that are not in a final state."""
        return self.exclude(state__in=FINAL_RUN_STATES)

    def move(self, before: tuple[RunState, ...], after: RunState, **changes: Any) -> bool:
        """Change the state of the one run selected, if it is still one of `before`; say whether it was."""
        return self.filter(state__in=before).update(state=after, **changes) == 1


class Run(models.Model):
    """One execution of a target, with a frozen copy of its settings.

    `discovered = queued + leased + done + failed + skipped + dead` holds in every committed
    state. The settled four and `discovered` are stored; what is leased is counted from the
    requests, and what is queued is the rest. `paused_at` is when it was paused last, and
    `paused_seconds` how long it had rested since it started when it went on last. `own_priority` is
    what people gave it, `priority` what its deadline makes of it; `deadline_met` is empty while that
    is open, and of a run that was cancelled in time. `sitemaps` counts the requests for sitemaps that
    are neither skipped nor elsewhere: they have no place in the page limit. `saw_all` says of a run that
    ended whether what it did not see is gone, and is empty of those that ended before that was asked;
    `awaits_comparison` until somebody has looked for what it did not see and told of its changes.
    Of its pages whose body changed, `pages_noise` changed only in what their target ignores.
    `publication` is what becomes of what it reads, `turn_at` when that or its
    comparison last had a turn.
    """

    target = models.ForeignKey("crawler.Target", on_delete=models.CASCADE, related_name="runs")
    schedule = models.ForeignKey(
        "crawler.Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    nominal_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    reason = models.CharField(max_length=300, blank=True, default="")
    trigger = models.CharField(max_length=10, choices=RunTrigger.choices, default=RunTrigger.MANUAL)
    priority = models.PositiveSmallIntegerField(default=5)
    own_priority = models.PositiveSmallIntegerField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    deadline_met = models.BooleanField(null=True, blank=True)
    settings = OrderedJSONField(default=dict)
    headers = EncryptedJSONField(default=dict, blank=True)
    secrets = EncryptedJSONField(default=dict, blank=True, null=True)
    awaits_login = models.BooleanField(default=False, db_default=False)
    report = models.JSONField(default=dict, blank=True)
    settled = models.BooleanField(default=False)
    saw_all = models.BooleanField(null=True, blank=True)
    saw_less_because = models.CharField(max_length=300, blank=True, default="", db_default="")
    awaits_comparison = models.BooleanField(default=False, db_default=False)
    publication = models.CharField(
        max_length=10,
        choices=Publication.choices,
        default=Publication.DIRECT,
        db_default=Publication.DIRECT.value,
    )
    turn_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.FloatField(default=0.0, db_default=0.0)

    discovered = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    dead = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    pages_unchanged = models.PositiveIntegerField(default=0)
    pages_noise = models.PositiveIntegerField(default=0, db_default=0)
    redirected = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0)
    stale = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(default=0)
    items_new = models.PositiveIntegerField(default=0)
    items_changed = models.PositiveIntegerField(default=0)
    items_removed = models.PositiveIntegerField(default=0, db_default=0)
    items_restored = models.PositiveIntegerField(default=0, db_default=0)
    problems = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    out_of_scope = models.PositiveIntegerField(default=0)
    over_budget = models.PositiveIntegerField(default=0)
    sitemaps = models.PositiveIntegerField(default=0, db_default=0)

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["target", "-id"], name="run_by_target"),
            models.Index(fields=["target", "state", "-id"], name="run_by_target_state"),
            models.Index(fields=["state"], name="run_unsettled", condition=Q(settled=False)),
            models.Index(fields=["id"], name="run_awaits_comparison", condition=Q(awaits_comparison=True)),
            models.Index(
                fields=["target", "id"],
                name="run_unpublished",
                condition=Q(publication__in=("waiting", "held", "publishing", "discarding")),
            ),
            models.Index(
                fields=["deadline_at"],
                name="run_deadline",
                condition=Q(settled=False, deadline_at__isnull=False),
            ),
            models.Index(
                fields=["deadline_met"], name="run_decided", condition=Q(deadline_met__isnull=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["schedule", "nominal_at"], name="run_once_per_nominal_time"),
        )

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def base_priority(self) -> int:
        """How urgent the run is by itself, whatever its deadline adds."""
        return self.priority if self.own_priority is None else self.own_priority

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_RUN_STATES

    def rested_until(self, now: datetime) -> timedelta:
        """Return how long the run, which is paused, will have rested when it goes on `now`."""
        resting = now - self.paused_at if self.paused_at and self.started_at else timedelta()
        return timedelta(seconds=self.paused_seconds) + resting

    @property
    def is_whole(self) -> bool:
        """Whether it crawls its target from the start, and does not only refresh known pages."""
        return self.trigger != RunTrigger.REFRESH

    @property
    def waiting(self) -> int:
        """How many requests have not reached a final state."""
        return self.discovered - self.done - self.failed - self.skipped - self.dead


def nothing_waits() -> Q:
    """Match runs all of whose requests reached a final state."""
    return Q(discovered=F("done") + F("failed") + F("skipped") + F("dead"))
