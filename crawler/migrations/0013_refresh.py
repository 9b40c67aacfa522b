"""Budgets for refreshing known pages, what their visits saw, and the beat entry that spends them."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

ENTRIES = (("refresh", "refresh.tick", 60, "Asks known pages again, on targets with a budget for it."),)


def forwards(apps, schema_editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    entry = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in ENTRIES:
        every, _ = interval.objects.get_or_create(every=seconds, period="seconds")
        values = {
            "task": task,
            "interval": every,
            "queue": "jobs",
            "expire_seconds": seconds,
            "description": description,
        }
        entry.objects.get_or_create(name=name, defaults=values)


def backwards(apps, schema_editor):
    names = [entry[0] for entry in ENTRIES]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("crawler", "0012_paused_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefreshPlan",
            fields=[
                (
                    "target",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="refresh_plan",
                        serialize=False,
                        to="crawler.target",
                    ),
                ),
                ("planned_at", models.DateTimeField(blank=True, null=True)),
                ("threshold_seconds", models.FloatField(blank=True, null=True)),
                ("longest_seconds", models.FloatField(default=0.0)),
                ("usual_rate", models.FloatField(default=0.0)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("fresh", models.FloatField(blank=True, null=True)),
                ("kept", models.FloatField(blank=True, null=True)),
                ("fastest", models.JSONField(blank=True, default=list)),
                ("credit", models.FloatField(default=0.0)),
                ("credited_at", models.DateTimeField()),
                ("learnt_run", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="page",
            name="changed_seconds",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name="page",
            name="changed_squares",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name="page",
            name="changes",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name="page",
            name="refresh_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="page",
            name="refresh_failures",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="page",
            name="unchanged_seconds",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name="page",
            name="visits",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
        migrations.AddField(
            model_name="target",
            name="refresh_per_day",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="run",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("manual", "Manual"),
                    ("api", "Api"),
                    ("schedule", "Schedule"),
                    ("terminal", "Terminal"),
                    ("refresh", "Refresh"),
                ],
                default="manual",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="page",
            index=models.Index(
                condition=models.Q(("refresh_at__isnull", False)),
                fields=["target", "refresh_at"],
                name="page_to_refresh",
            ),
        ),
        migrations.RunPython(forwards, backwards),
    ]
