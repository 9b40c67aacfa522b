"""The permission to crawl faster than the default pace."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crawler", "0002_lanes_and_beat_entries")]
    operations = [
        migrations.AlterModelOptions(
            name="target",
            options={
                "permissions": (("crawl_faster", "Can crawl faster than the default pace, or without robots.txt"),)
            },
        ),
    ]
