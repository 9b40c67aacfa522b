"""How the known pages of targets are refreshed that have a budget for it."""

from __future__ import annotations

from django.db import models


class RefreshPlan(models.Model):
    """One target's plan: at which value a page is asked again, and what may be spent.

    There is a row exactly when the target has a budget. What is said of the pages (`pages`, `fresh`,
    `kept`, `fastest`) is as of `planned_at`; an empty `planned_at` asks for a new plan. At `sitemaps_at` a
    refresh read the sitemaps again. Whoever
    starts a run or learns from one moves `credited_at` or `learnt_run` on as it read them.
    """

    target = models.OneToOneField(
        "crawler.Target", on_delete=models.CASCADE, related_name="refresh_plan", primary_key=True
    )
    planned_at = models.DateTimeField(null=True, blank=True)
    threshold_seconds = models.FloatField(null=True, blank=True)
    longest_seconds = models.FloatField(default=0.0)
    usual_rate = models.FloatField(default=0.0)
    pages = models.PositiveIntegerField(default=0)
    fresh = models.FloatField(null=True, blank=True)
    kept = models.FloatField(null=True, blank=True)
    fastest = models.JSONField(default=list, blank=True)
    credit = models.FloatField(default=0.0)
    credited_at = models.DateTimeField()
    sitemaps_at = models.DateTimeField(null=True, blank=True)
    learnt_run = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"refresh of target {self.pk}"
