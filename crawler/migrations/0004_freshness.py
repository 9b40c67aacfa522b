"""How old data may be, how targets stand, and the beat entry that judges them."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

ENTRIES = (("watch", "freshness.watch", 15, "Notices data that became older than it may be."),)


def forwards(apps, schema_editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    entry = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in ENTRIES:
        every, _ = interval.objects.get_or_create(every=seconds, period="seconds")
        values = {
            "task": task,
            "interval": every,
            "queue": "control",
            "expire_seconds": seconds,
            "description": description,
        }
        entry.objects.get_or_create(name=name, defaults=values)


def backwards(apps, schema_editor):
    names = [entry[0] for entry in ENTRIES]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [("crawler", "0003_events")]
    operations = [
        migrations.AddField(
            model_name="target",
            name="max_age_seconds",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="FreshnessWatch",
            fields=[
                (
                    "target",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="freshness",
                        serialize=False,
                        to="crawler.target",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("awaited", "awaited"),
                            ("fresh", "fresh"),
                            ("late", "late"),
                            ("recovered", "recovered"),
                        ],
                        default="awaited",
                        max_length=10,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("armed_at", models.DateTimeField()),
                ("check_at", models.DateTimeField(blank=True, db_index=True, null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["target", "state", "-id"], name="run_by_target_state"),
        ),
        migrations.RunPython(forwards, backwards),
    ]
