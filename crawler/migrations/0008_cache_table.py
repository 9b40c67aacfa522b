"""The cache's table, for installations without Redis."""

from __future__ import annotations

from django.core.management import call_command
from django.db import migrations

TABLE = "trawl_cache"


def forwards(apps, schema_editor):
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


def backwards(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE IF EXISTS {TABLE}")


class Migration(migrations.Migration):
    dependencies = [("crawler", "0007_problem_samples")]
    operations = [migrations.RunPython(forwards, backwards)]
