"""Histories of items are filled in from earlier versions of pages, which replays read."""

import crawler.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crawler", "0049_repair_seconds"),
    ]

    operations = [
        migrations.AddField(
            model_name="replay",
            name="after_page",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="replay",
            name="after_version",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="replay",
            name="earlier",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="replay",
            name="earlier_total",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="replay",
            name="earlier_totals",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="replay",
            name="until_version",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="ItemFilling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("data", crawler.models.fields.OrderedJSONField()),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fillings",
                        to="crawler.item",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "version", "since"), name="item_filling_once")
                ],
            },
        ),
    ]
