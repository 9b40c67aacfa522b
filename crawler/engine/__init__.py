"""The loop that crawls; no Django, no Celery, no Redis."""
