"""The door for WSGI servers."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from webui.celery import app, wait_briefly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")

wait_briefly(app)
application = get_wsgi_application()
