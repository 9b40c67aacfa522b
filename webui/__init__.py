"""Trawl's web application: it asks."""

from webui.celery import app as celery_app

__all__ = ["celery_app"]
