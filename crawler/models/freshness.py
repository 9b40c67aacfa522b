"""How the targets stand whose data may not be older than somebody said."""

from __future__ import annotations

from django.db import models

from crawler.policy.freshness import Freshness


class FreshnessWatch(models.Model):
    """How one target's data stands since when; there is a row exactly when the target has a greatest age.

    `armed_at` is when the promise began to count. `check_at` is when the row is to be judged again:
    in the past while the data is late, empty while the target is disabled.
    """

    target = models.OneToOneField(
        "crawler.Target", on_delete=models.CASCADE, related_name="freshness", primary_key=True
    )
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in Freshness],
        default=Freshness.AWAITED.value,
    )
    since = models.DateTimeField()
    armed_at = models.DateTimeField()
    check_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"target {self.pk} is {self.state}"
