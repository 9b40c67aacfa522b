"""The three lanes, and the handful of interval entries that beat runs."""

from __future__ import annotations

from django.db import migrations

LANES = ("urgent", "default", "bulk")
ENTRIES = (
    ("tick", "schedules.tick", 5, "Starts the runs that are due."),
    (
        "reconcile",
        "crawl.reconcile",
        15,
        "Frees what vanished processes held, rings lanes that have work, ends finished runs.",
    ),
    ("deliver", "outbox.deliver", 5, "Sends the outbox messages that were not sent at once."),
    ("clean up", "retention.clean_up", 3600, "Removes what is past its keeping time, in small transactions."),
)


def forwards(apps, schema_editor):
    lane_state = apps.get_model("crawler", "LaneState")
    for name in LANES:
        lane_state.objects.get_or_create(name=name)
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    entry = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in ENTRIES:
        every, _ = interval.objects.get_or_create(every=seconds, period="seconds")
        queue = "jobs" if task == "retention.clean_up" else "control"
        values = {
            "task": task,
            "interval": every,
            "queue": queue,
            "expire_seconds": seconds,
            "description": description,
        }
        entry.objects.get_or_create(name=name, defaults=values)


def backwards(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(
        name__in=[e[0] for e in ENTRIES]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("crawler", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(forwards, backwards)]
