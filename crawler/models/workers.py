"""Which processes are alive."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """A Celery worker or beat, and when it last said that it is there."""

    name = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=40)
    node = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
