"""What is looked for, and found, to repair a run that is held."""

from __future__ import annotations

from django.db import models

from crawler.models.fields import OrderedJSONField


class LookState(models.TextChoices):
    """How far it is; the last two are final."""

    QUEUED = "queued", "looking"
    TRYING = "trying", "trying on all pages"
    DONE = "done", "done"
    FAILED = "failed", "failed"


class RepairLook(models.Model):
    """Selectors that were found for a held run, and what they give on its pages.

    They were looked for with `settings`, the row and fields of the target. `found` is what was found in some
    of the pages (`services/mending.py`). Then they are tried on the pages of the target's items, of which
    those from `after` up to `until` are left, `total` in all: `counts` are what each proposal of each field
    gives on them (`scrapers/suggesting/trying.py`), of `tried` pages; `left_out` are those that took too
    long. That took `seconds` so far. `beat_at` is when it last went on.
    """

    run = models.OneToOneField(
        "crawler.Run", on_delete=models.CASCADE, related_name="repair_look", primary_key=True
    )
    state = models.CharField(max_length=10, choices=LookState.choices, default=LookState.QUEUED)
    reason = models.CharField(max_length=600, blank=True, default="")
    settings = OrderedJSONField(default=dict)
    found = OrderedJSONField(default=dict)
    counts = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    tried = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    until = models.BigIntegerField(default=0)
    after = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0, db_default=0.0)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"repair of run {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in (LookState.DONE, LookState.FAILED)

    @property
    def is_cut(self) -> bool:
        """Whether it ended before all items were behind, as what is tried is bounded."""
        return self.state == LookState.DONE and self.seen < self.total

    @property
    def percent(self) -> int:
        """How many of the items, in hundredths, are behind."""
        if self.state == LookState.DONE:
            return 100
        return min(99, 100 * self.seen // self.total) if self.total else 0
