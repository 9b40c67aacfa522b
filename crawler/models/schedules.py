"""When a target's runs start by themselves, and which of their times had no run."""

from __future__ import annotations

from django.db import models
from django.db.models import JSONField, Q, Value

from crawler.frontier import windows
from crawler.frontier.crons import shifted
from crawler.frontier.timetable import Timetable


class MisfirePolicy(models.TextChoices):
    """What happens to times that passed while nothing was running."""

    RUN_ONCE = "run_once", "Run once, as soon as possible"
    SKIP = "skip", "Skip them"


class OverlapPolicy(models.TextChoices):
    """What happens when a run is due and the one before it is still going."""

    SKIP = "skip", "Skip the new one"
    QUEUE = "queue", "Start the new one when the old one ends"
    ALLOW = "allow", "Run both"


class Schedule(models.Model):
    """A target's schedule: a cron expression or an interval, in a time zone.

    `next_run_at` is the nominal time of the next run, and `due_at` when it starts: later by its
    jitter. Only `services/schedules` moves them. An interval counts from `phase_at`. `spread` is
    empty where the person left it to the kind of schedule; `shift_minutes` is what spreading chose.
    """

    target = models.OneToOneField("crawler.Target", on_delete=models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=200, blank=True, default="")
    every_seconds = models.PositiveIntegerField(null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    misfire = models.CharField(max_length=10, choices=MisfirePolicy.choices, default=MisfirePolicy.RUN_ONCE)
    overlap = models.CharField(max_length=10, choices=OverlapPolicy.choices, default=OverlapPolicy.SKIP)
    jitter_seconds = models.PositiveIntegerField(default=0, db_default=0)
    windows = models.JSONField(default=list, blank=True, db_default=Value([], JSONField()))
    spread = models.BooleanField(null=True, blank=True)
    shift_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)
    phase_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    due_at = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_skip_reason = models.CharField(max_length=200, blank=True, default="")
    feasibility = models.JSONField(default=dict, blank=True, db_default=Value({}, JSONField()))

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=(Q(cron="") & Q(every_seconds__isnull=False))
                | (~Q(cron="") & Q(every_seconds__isnull=True)),
                name="schedule_cron_or_interval",
            ),
        )

    def __str__(self) -> str:
        return self.cron or f"every {self.every_seconds} s"

    @property
    def moved_cron(self) -> str:
        """Return the cron expression that the times follow, by as much later as spreading chose."""
        return shifted(self.cron, self.shift_minutes) if self.cron else ""

    @property
    def timetable(self) -> Timetable:
        """Return when runs are due; an interval without a phase of its own counts from the next time."""
        return Timetable(
            cron=self.cron,
            every_seconds=self.every_seconds,
            timezone=self.timezone,
            phase=(self.phase_at or self.next_run_at) if self.every_seconds else None,
            shift_minutes=self.shift_minutes,
            windows=windows.read(self.windows, timezone=self.timezone),
            jitter_seconds=self.jitter_seconds,
            seed=self.target_id,
        )


class SkipKind(models.TextChoices):
    """Why a nominal time had no run of its own."""

    OVERLAP = "overlap", "a run was under way"
    MISFIRE = "misfire", "nothing was running"
    PAUSED = "paused", "the schedule was paused"
    DISABLED = "disabled", "the target was switched off"


class SkippedRun(models.Model):
    """Nominal times of a target's schedule that had no run, from the first to the last of a stretch.

    `run` is the one that was in the way, or that stands for these times.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="skips", db_index=False
    )
    nominal_at = models.DateTimeField()
    last_nominal_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=SkipKind.choices)
    reason = models.CharField(max_length=200)
    run = models.BigIntegerField(null=True, blank=True)
    noted_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = (models.Index(fields=["target", "-id"], name="skip_by_target"),)

    def __str__(self) -> str:
        return self.reason
