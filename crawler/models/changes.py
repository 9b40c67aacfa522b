"""What was changed of each target, when, by whom, and from what to what."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from crawler.models.fields import OrderedJSONField


class ChangeKind(models.TextChoices):
    """What became of a target."""

    CREATED = "created", "registered"
    CHANGED = "changed", "changed"
    RESTORED = "restored", "restored"
    DELETED = "deleted", "deleted"


class TargetChange(models.Model):
    """One change of a target or its schedule: for each key what it was and what it became.

    Secret values are never in it: they read as hidden on both sides. `by_name` outlives the person;
    it is empty for what the machine's owner did in the terminal. `restores` is the change whose
    state was brought back.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="history", db_index=False
    )
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_name = models.CharField(max_length=150, blank=True, default="")
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    changes = OrderedJSONField(default=dict, blank=True)
    restores = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["target", "-id"], name="change_by_target"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
