"""How much of their items' fields the runs of targets have lost that read only a part."""

from __future__ import annotations

from django.db import models


class Losses(models.Model):
    """What a target's partial runs have lost since a whole run said what is usual; no row is nothing.

    `fields` has for each field its `score` (`policy/quality/partial.py`) and the run `since` which it is
    above nothing. `accepted` has the figures of fields that a person took for usual meanwhile, null where
    no record had the field. It is locked after runs and before the target's events.
    """

    target = models.OneToOneField(
        "crawler.Target", on_delete=models.CASCADE, related_name="losses", primary_key=True
    )
    fields = models.JSONField(default=dict, blank=True)
    accepted = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "losses"

    def __str__(self) -> str:
        return f"losses of target {self.pk}"
