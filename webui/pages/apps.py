"""Tells Django about the pages, for their template tags."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The web pages."""

    name = "webui.pages"
    label = "pages"
