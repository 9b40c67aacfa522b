"""When a target's runs start by themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


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

    `next_run_at` is the nominal time of the next run; only `services/schedules` moves it.
    """

    target = models.OneToOneField("crawler.Target", on_delete=models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=200, blank=True, default="")
    every_seconds = models.PositiveIntegerField(null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    misfire = models.CharField(max_length=10, choices=MisfirePolicy.choices, default=MisfirePolicy.RUN_ONCE)
    overlap = models.CharField(max_length=10, choices=OverlapPolicy.choices, default=OverlapPolicy.SKIP)
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_skip_reason = models.CharField(max_length=200, blank=True, default="")

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
