"""What happened that somebody may want to be told of: how runs ended, deadlines, freshness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from crawler.models.fields import OrderedJSONField

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class EventKind(models.TextChoices):
    """What kinds of events there are; the part before the dot is what they are about."""

    RUN_FINISHED = "run.finished", "run finished"
    RUN_FAILED = "run.failed", "run failed"
    RUN_CANCELLED = "run.cancelled", "run cancelled"
    DEADLINE_MET = "deadline.met", "deadline met"
    DEADLINE_MISSED = "deadline.missed", "deadline missed"
    ITEMS_CHANGED = "items.changed", "items changed"
    FRESHNESS_LATE = "freshness.late", "data late"
    FRESHNESS_RECOVERED = "freshness.recovered", "data fresh again"
    DATA_BREACH = "data.breach", "rule broken"
    DATA_DRIFT = "data.drift", "data looks otherwise"
    RUN_HELD = "run.held", "run held"
    RUN_ACCEPTED = "run.accepted", "held run accepted"
    RUN_DISCARDED = "run.discarded", "held run discarded"


RUN_ENDS = (EventKind.RUN_FINISHED, EventKind.RUN_FAILED, EventKind.RUN_CANCELLED)
DEADLINES = (EventKind.DEADLINE_MET, EventKind.DEADLINE_MISSED)


class EventQuerySet(models.QuerySet["Event"]):
    """Reusable filters over events."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> EventQuerySet:
        """Return the events of the targets `user` may see."""
        from crawler.models.targets import Target

        return self.filter(target__in=Target.objects.visible_to(user))


class Event(models.Model):
    """One thing that happened to a target or a run, written with the change it tells of.

    A run ends once and meets or misses its deadline once: the database refuses a second event.
    `announced` once its messages to webhooks are written.
    """

    kind = models.CharField(max_length=40, choices=EventKind.choices)
    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="events", db_index=False
    )
    run = models.ForeignKey(
        "crawler.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    created_at = models.DateTimeField(db_index=True)
    data = OrderedJSONField(default=dict, blank=True)
    announced = models.BooleanField(default=False, db_default=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["target", "-id"], name="event_by_target"),
            models.Index(fields=["id"], name="event_unannounced", condition=Q(announced=False)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["run"], name="event_run_ends_once", condition=Q(kind__in=RUN_ENDS)
            ),
            models.UniqueConstraint(
                fields=["run"], name="event_deadline_once", condition=Q(kind__in=DEADLINES)
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of target {self.target_id}"
