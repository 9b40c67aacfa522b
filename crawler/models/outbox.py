"""Messages that must not be lost: written with the change they tell of, sent afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class OutboxMessage(models.Model):
    """One piece of background work to be sent; `published_at` is empty until the broker took it."""

    work = models.CharField(max_length=60)
    kwargs = models.JSONField(default=dict)
    task_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["id"], name="outbox_unpublished", condition=Q(published_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.work
