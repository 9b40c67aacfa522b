"""Tells Django about the crawler."""

from __future__ import annotations

from django.apps import AppConfig


class CrawlerConfig(AppConfig):
    """The crawler's tables, tasks and commands."""

    name = "crawler"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crawler import checks, conf
        from scrapers import folder

        folder.install(conf.crawl().scrapers_folder)
        checks.tell_of_scrapers()
