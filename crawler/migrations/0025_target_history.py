import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import crawler.models.fields


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("crawler", "0024_logins"),
    ]

    operations = [
        migrations.CreateModel(
            name="TargetChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(blank=True, default="", max_length=150)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "registered"),
                            ("changed", "changed"),
                            ("restored", "restored"),
                            ("deleted", "deleted"),
                        ],
                        max_length=10,
                    ),
                ),
                ("changes", crawler.models.fields.OrderedJSONField(blank=True, default=dict)),
                ("restores", models.BigIntegerField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="history",
                        to="crawler.target",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["target", "-id"], name="change_by_target")],
            },
        ),
    ]
