"""The Celery application: Django's settings with the prefix CELERY_."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")

app = Celery("trawl")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crawler"])
