"""When the database could not be written, and why."""

from __future__ import annotations

from django.db import models


class OutageKind(models.TextChoices):
    """Why nothing can be stored; the labels are what people are told."""

    DISK_FULL = "disk_full", "the database's disk is full"
    READ_ONLY = "read_only", "the database is read-only"
    DISK_FAILS = "disk_fails", "the database's disk refuses to be written"
    AWAY = "away", "the database does not answer"


class Outage(models.Model):
    """One outage as one process saw it; `ended_at` is empty while it is not known to be over.

    Several processes write about the same outage, each its own row: what is shown are the times
    that the rows cover together.
    """

    kind = models.CharField(max_length=20, choices=OutageKind.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["ended_at"], name="outage_ended"),)

    def __str__(self) -> str:
        return f"{self.kind} from {self.began_at}"


class WriteProbe(models.Model):
    """What is written only to see whether anything can be: one small row, and sometimes a large one."""

    name = models.CharField(max_length=10, primary_key=True)
    written_at = models.DateTimeField()
    filler = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return self.name
