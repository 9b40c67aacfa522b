"""Stored pages that are read again, with other settings of a scraper, without asking any site."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from crawler.models.fields import OrderedJSONField


class ReplayState(models.TextChoices):
    """How far a replay is; the last three are final."""

    QUEUED = "queued", "waiting"
    RUNNING = "running", "reading"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


FINAL_REPLAY_STATES = (ReplayState.DONE, ReplayState.FAILED, ReplayState.CANCELLED)


class Replay(models.Model):
    """One reading of stored pages of a target with `settings`; `before` are those it is compared with.

    It reads the pages up to the id `until`, or the `chosen` ones, or with `of_run` those that this run or
    a later one fetched; those up to `after` are read. With
    `stores` the records become new versions of the items, and otherwise nothing but this row changes.
    One that was begun `after_refresh`, a run, stores records of several pages alone, where they say no less
    than what is there. `totals` and `samples` are what it has found (`policy/replays.py`). `beat_at` is when
    it last went on; `claimed_at` is set while somebody does a step, and moves with each commit of it.
    With `earlier` it then reads the kept versions of these pages, those up to the id `until_version`, page by
    page: it is behind the version `after_version` of `after_page`, and `earlier_totals` are what it has found
    there. With `stores` these fill in what the items lacked then.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="replays", db_index=False
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=10, choices=ReplayState.choices, default=ReplayState.QUEUED)
    reason = models.CharField(max_length=600, blank=True, default="")
    settings = OrderedJSONField(default=dict)
    before = OrderedJSONField(default=dict)
    stores = models.BooleanField(default=False)
    chosen = models.JSONField(null=True, blank=True)
    of_run = models.BigIntegerField(null=True, blank=True)
    after_refresh = models.BigIntegerField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    until = models.BigIntegerField(default=0)
    after = models.BigIntegerField(default=0)
    totals = models.JSONField(default=dict, blank=True)
    samples = OrderedJSONField(default=list, blank=True)
    earlier = models.BooleanField(default=False, db_default=False)
    earlier_total = models.PositiveIntegerField(default=0, db_default=0)
    until_version = models.BigIntegerField(default=0, db_default=0)
    after_page = models.BigIntegerField(default=0, db_default=0)
    after_version = models.BigIntegerField(default=0, db_default=0)
    earlier_totals = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["target", "-id"], name="replay_by_target"),
            models.Index(
                fields=["beat_at"],
                name="replay_under_way",
                condition=models.Q(state__in=("queued", "running")),
            ),
        )

    def __str__(self) -> str:
        return f"replay {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in FINAL_REPLAY_STATES
