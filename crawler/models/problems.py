"""What the pages of a run did not give, by kind, with samples."""

from __future__ import annotations

from django.db import models


class ProblemKind(models.Model):
    """How many problems of one code and field a run had, on how many pages; `field` may be empty.

    The counts of all kinds add up to `Run.problems`.
    """

    run = models.ForeignKey(
        "crawler.Run", on_delete=models.CASCADE, related_name="problem_kinds", db_index=False
    )
    code = models.CharField(max_length=60)
    field = models.CharField(max_length=200, blank=True, default="")
    count = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "code", "field"], name="problem_kind_once"),)

    def __str__(self) -> str:
        return f"{self.code} {self.field}".strip()


class ProblemSample(models.Model):
    """One page with a problem of a kind: the first hundred of each, numbered from 1."""

    run = models.ForeignKey(
        "crawler.Run", on_delete=models.CASCADE, related_name="problem_samples", db_index=False
    )
    code = models.CharField(max_length=60)
    field = models.CharField(max_length=200, blank=True, default="")
    number = models.PositiveSmallIntegerField()
    url = models.TextField()
    message = models.CharField(max_length=600)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "code", "field", "number"], name="problem_sample_once"),
        )

    def __str__(self) -> str:
        return self.message
