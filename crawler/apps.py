"""Tells Django about the crawler."""

from __future__ import annotations

from django.apps import AppConfig


class CrawlerConfig(AppConfig):
    """The crawler's tables, tasks and commands."""

    name = "crawler"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crawler import checks  # noqa: F401 - registers them
