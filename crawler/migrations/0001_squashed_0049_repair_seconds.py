"""All tables as migrations 0001 to 0049 leave them, in one step, for a database that has none of them.

One that has some of those goes on with the rest of them. Remove them, and `replaces`, when no installation
is that old any more.
"""

import crawler.models.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

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
    ("watch", "freshness.watch", 15, "Notices data that became older than it may be."),
    ("refresh", "refresh.tick", 60, "Asks known pages again, on targets with a budget for it."),
    ("webhooks", "webhooks.send", 5, "Sends events to the webhooks that are registered for them."),
    ("index", "search.index", 60, "Adds what changed to the index of searches."),
    (
        "changes",
        "items.compare",
        15,
        "Numbers changes of items, and looks for those that ended runs did not see.",
    ),
    (
        "noise",
        "pages.judge",
        15,
        "Judges whether pages changed in what counts, or in what their targets ignore.",
    ),
)
LONG = frozenset(
    {
        "retention.clean_up",
        "refresh.tick",
        "webhooks.send",
        "search.index",
        "items.compare",
        "pages.judge",
    }
)
CACHE_TABLE = "trawl_cache"


def make_rows(apps, schema_editor):
    lane_state = apps.get_model("crawler", "LaneState")
    for name in LANES:
        lane_state.objects.get_or_create(name=name)
    apps.get_model("crawler", "Changefeed").objects.get_or_create(pk=1)
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    entry = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, description in ENTRIES:
        every, _ = interval.objects.get_or_create(every=seconds, period="seconds")
        values = {
            "task": task,
            "interval": every,
            "queue": "jobs" if task in LONG else "control",
            "expire_seconds": seconds,
            "description": description,
        }
        entry.objects.get_or_create(name=name, defaults=values)


def remove_entries(apps, schema_editor):
    names = [entry[0] for entry in ENTRIES]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


def make_cache_table(apps, schema_editor):
    call_command("createcachetable", CACHE_TABLE, database=schema_editor.connection.alias, verbosity=0)


def drop_cache_table(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE IF EXISTS {CACHE_TABLE}")


class CreateTogether(Operation):
    """Creates tables that are known at once.

    Django makes the classes of all models that hang together anew for each table that is created, which
    takes far longer than to create it. Here it makes them once, with all of the tables.
    """

    def __init__(self, tables):
        self.tables = tables

    def deconstruct(self):
        return self.__class__.__qualname__, [self.tables], {}

    def describe(self):
        return f"Create {len(self.tables)} tables"

    def state_forwards(self, app_label, state):
        vars(state).pop("apps", None)  # they are made of what the state knows then, when they are asked for
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for table in reversed(self.tables):
            table.database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    replaces = [
        ("crawler", "0001_initial"),
        ("crawler", "0002_lanes_and_beat_entries"),
        ("crawler", "0003_events"),
        ("crawler", "0004_freshness"),
        ("crawler", "0005_outages"),
        ("crawler", "0006_schedule_windows"),
        ("crawler", "0007_problem_samples"),
        ("crawler", "0008_cache_table"),
        ("crawler", "0009_spare_links"),
        ("crawler", "0010_host_rises"),
        ("crawler", "0011_robots_cause"),
        ("crawler", "0012_paused_time"),
        ("crawler", "0013_refresh"),
        ("crawler", "0014_backlog_waiting"),
        ("crawler", "0015_deadlines"),
        ("crawler", "0016_traps"),
        ("crawler", "0017_cookies"),
        ("crawler", "0018_page_hints"),
        ("crawler", "0019_webhooks"),
        ("crawler", "0020_request_hops"),
        ("crawler", "0021_adaptive_pace"),
        ("crawler", "0022_shared_targets"),
        ("crawler", "0023_deleted_webhooks"),
        ("crawler", "0024_logins"),
        ("crawler", "0025_target_history"),
        ("crawler", "0026_sitemaps"),
        ("crawler", "0027_http2"),
        ("crawler", "0028_proxies"),
        ("crawler", "0029_logged_in_at"),
        ("crawler", "0030_request_leads_to"),
        ("crawler", "0031_list_indexes"),
        ("crawler", "0032_search"),
        ("crawler", "0033_replay"),
        ("crawler", "0034_changefeed"),
        ("crawler", "0035_quality"),
        ("crawler", "0036_page_versions"),
        ("crawler", "0037_hold"),
        ("crawler", "0038_noise"),
        ("crawler", "0039_carried_records"),
        ("crawler", "0040_repair"),
        ("crawler", "0041_fingerprints"),
        ("crawler", "0042_sweeps"),
        ("crawler", "0043_turns"),
        ("crawler", "0044_losses"),
        ("crawler", "0045_repair_looks"),
        ("crawler", "0046_after_refresh"),
        ("crawler", "0047_replay_claims"),
        ("crawler", "0048_judging"),
        ("crawler", "0049_repair_seconds"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="Target",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="targets",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=200)),
                        ("start_urls", models.JSONField(default=list)),
                        (
                            "scope",
                            models.CharField(
                                choices=[
                                    ("page", "Only the start URLs"),
                                    ("prefix", "Everything below the start URLs' folders"),
                                    ("host", "The start URLs' hosts"),
                                    ("domain", "The start URLs' domains, with all their subdomains"),
                                ],
                                default="host",
                                max_length=10,
                            ),
                        ),
                        (
                            "sitemaps",
                            models.JSONField(
                                blank=True, db_default=models.Value([], models.JSONField()), default=list
                            ),
                        ),
                        ("robots_sitemaps", models.BooleanField(db_default=False, default=False)),
                        (
                            "sitemaps_since",
                            models.CharField(blank=True, db_default="", default="", max_length=40),
                        ),
                        ("include", models.JSONField(blank=True, default=list)),
                        ("exclude", models.JSONField(blank=True, default=list)),
                        ("max_depth", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("max_pages", models.PositiveIntegerField(blank=True, default=10000, null=True)),
                        ("max_minutes", models.PositiveIntegerField(blank=True, null=True)),
                        ("traps", models.JSONField(blank=True, null=True)),
                        (
                            "priority",
                            models.PositiveSmallIntegerField(
                                default=5,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(9),
                                ],
                            ),
                        ),
                        ("delay_seconds", models.FloatField(blank=True, null=True)),
                        ("connections", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("http2", models.BooleanField(db_default=False, default=False)),
                        ("adapt_pace", models.BooleanField(db_default=True, default=True)),
                        ("obey_robots", models.BooleanField(default=True)),
                        ("deadline", models.JSONField(blank=True, null=True)),
                        ("max_age_seconds", models.PositiveIntegerField(blank=True, null=True)),
                        ("refresh_per_day", models.PositiveIntegerField(blank=True, null=True)),
                        ("removed_after", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("cookies", models.BooleanField(db_default=False, default=False)),
                        (
                            "proxies",
                            crawler.models.fields.EncryptedJSONField(blank=True, default=list, null=True),
                        ),
                        (
                            "login",
                            crawler.models.fields.EncryptedJSONField(blank=True, default=dict, null=True),
                        ),
                        ("headers", crawler.models.fields.EncryptedJSONField(blank=True, default=dict)),
                        ("user_agent", models.CharField(blank=True, default="", max_length=400)),
                        ("scraper", models.CharField(default="auto", max_length=100)),
                        ("options", crawler.models.fields.OrderedJSONField(blank=True, default=dict)),
                        ("fields", crawler.models.fields.OrderedJSONField(blank=True, default=dict)),
                        ("row", models.CharField(blank=True, default="", max_length=1000)),
                        ("key", models.JSONField(blank=True, default=list)),
                        (
                            "quality",
                            crawler.models.fields.OrderedJSONField(
                                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
                            ),
                        ),
                        ("keep", models.JSONField(blank=True, null=True)),
                        (
                            "noise",
                            models.JSONField(
                                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
                            ),
                        ),
                        ("tags", models.JSONField(blank=True, default=list)),
                        ("enabled", models.BooleanField(default=True)),
                        ("shared", models.BooleanField(db_default=False, default=False)),
                        ("hidden", models.BooleanField(default=False)),
                        ("versions_removed", models.PositiveBigIntegerField(db_default=0, default=0)),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "permissions": (
                            ("crawl_faster", "Can crawl faster than the default pace, or without robots.txt"),
                        ),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("deleted_at__isnull", False)),
                                fields=["deleted_at"],
                                name="target_deleted",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("priority__gte", 0), ("priority__lte", 9)),
                                name="target_priority_0_to_9",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Schedule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="schedule",
                                to="crawler.target",
                            ),
                        ),
                        ("cron", models.CharField(blank=True, default="", max_length=200)),
                        ("every_seconds", models.PositiveIntegerField(blank=True, null=True)),
                        ("timezone", models.CharField(default="UTC", max_length=64)),
                        (
                            "misfire",
                            models.CharField(
                                choices=[
                                    ("run_once", "Run once, as soon as possible"),
                                    ("skip", "Skip them"),
                                ],
                                default="run_once",
                                max_length=10,
                            ),
                        ),
                        (
                            "overlap",
                            models.CharField(
                                choices=[
                                    ("skip", "Skip the new one"),
                                    ("queue", "Start the new one when the old one ends"),
                                    ("allow", "Run both"),
                                ],
                                default="skip",
                                max_length=10,
                            ),
                        ),
                        ("jitter_seconds", models.PositiveIntegerField(db_default=0, default=0)),
                        (
                            "windows",
                            models.JSONField(
                                blank=True, db_default=models.Value([], models.JSONField()), default=list
                            ),
                        ),
                        ("spread", models.BooleanField(blank=True, null=True)),
                        ("shift_minutes", models.PositiveSmallIntegerField(db_default=0, default=0)),
                        ("phase_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_at", models.DateTimeField(blank=True, null=True)),
                        ("resumed_at", models.DateTimeField(blank=True, null=True)),
                        ("next_run_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                        ("due_at", models.DateTimeField(blank=True, null=True)),
                        ("last_run_at", models.DateTimeField(blank=True, null=True)),
                        ("last_skip_reason", models.CharField(blank=True, default="", max_length=200)),
                        (
                            "feasibility",
                            models.JSONField(
                                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("cron", ""), ("every_seconds__isnull", False)),
                                    models.Q(
                                        models.Q(("cron", ""), _negated=True), ("every_seconds__isnull", True)
                                    ),
                                    _connector="OR",
                                ),
                                name="schedule_cron_or_interval",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Run",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="runs",
                                to="crawler.target",
                            ),
                        ),
                        (
                            "schedule",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="runs",
                                to="crawler.schedule",
                            ),
                        ),
                        ("nominal_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Queued"),
                                    ("running", "Running"),
                                    ("paused", "Paused"),
                                    ("finished", "Finished"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "trigger",
                            models.CharField(
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
                        ("priority", models.PositiveSmallIntegerField(default=5)),
                        ("own_priority", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("deadline_at", models.DateTimeField(blank=True, null=True)),
                        ("deadline_met", models.BooleanField(blank=True, null=True)),
                        ("settings", crawler.models.fields.OrderedJSONField(default=dict)),
                        ("headers", crawler.models.fields.EncryptedJSONField(blank=True, default=dict)),
                        (
                            "secrets",
                            crawler.models.fields.EncryptedJSONField(blank=True, default=dict, null=True),
                        ),
                        ("awaits_login", models.BooleanField(db_default=False, default=False)),
                        ("report", models.JSONField(blank=True, default=dict)),
                        ("settled", models.BooleanField(default=False)),
                        ("saw_all", models.BooleanField(blank=True, null=True)),
                        (
                            "saw_less_because",
                            models.CharField(blank=True, db_default="", default="", max_length=300),
                        ),
                        ("awaits_comparison", models.BooleanField(db_default=False, default=False)),
                        (
                            "publication",
                            models.CharField(
                                choices=[
                                    ("direct", "at once"),
                                    ("waiting", "when the run is compared"),
                                    ("held", "held"),
                                    ("publishing", "being published"),
                                    ("published", "published"),
                                    ("discarding", "being discarded"),
                                    ("discarded", "discarded"),
                                ],
                                db_default="direct",
                                default="direct",
                                max_length=10,
                            ),
                        ),
                        ("turn_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_seconds", models.FloatField(db_default=0.0, default=0.0)),
                        ("discovered", models.PositiveIntegerField(default=0)),
                        ("done", models.PositiveIntegerField(default=0)),
                        ("failed", models.PositiveIntegerField(default=0)),
                        ("skipped", models.PositiveIntegerField(default=0)),
                        ("dead", models.PositiveIntegerField(default=0)),
                        ("pages", models.PositiveIntegerField(default=0)),
                        ("pages_unchanged", models.PositiveIntegerField(default=0)),
                        ("pages_noise", models.PositiveIntegerField(db_default=0, default=0)),
                        ("redirected", models.PositiveIntegerField(default=0)),
                        ("retries", models.PositiveIntegerField(default=0)),
                        ("stale", models.PositiveIntegerField(default=0)),
                        ("items", models.PositiveIntegerField(default=0)),
                        ("items_new", models.PositiveIntegerField(default=0)),
                        ("items_changed", models.PositiveIntegerField(default=0)),
                        ("items_removed", models.PositiveIntegerField(db_default=0, default=0)),
                        ("items_restored", models.PositiveIntegerField(db_default=0, default=0)),
                        ("problems", models.PositiveIntegerField(default=0)),
                        ("bytes", models.PositiveBigIntegerField(default=0)),
                        ("out_of_scope", models.PositiveIntegerField(default=0)),
                        ("over_budget", models.PositiveIntegerField(default=0)),
                        ("sitemaps", models.PositiveIntegerField(db_default=0, default=0)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "-id"], name="run_by_target"),
                            models.Index(
                                condition=models.Q(("settled", False)), fields=["state"], name="run_unsettled"
                            ),
                            models.Index(fields=["target", "state", "-id"], name="run_by_target_state"),
                            models.Index(
                                condition=models.Q(("deadline_at__isnull", False), ("settled", False)),
                                fields=["deadline_at"],
                                name="run_deadline",
                            ),
                            models.Index(
                                condition=models.Q(("deadline_met__isnull", False)),
                                fields=["deadline_met"],
                                name="run_decided",
                            ),
                            models.Index(
                                condition=models.Q(("awaits_comparison", True)),
                                fields=["id"],
                                name="run_awaits_comparison",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("publication__in", ("waiting", "held", "publishing", "discarding"))
                                ),
                                fields=["target", "id"],
                                name="run_unpublished",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("schedule", "nominal_at"), name="run_once_per_nominal_time"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Host",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("origin", models.CharField(max_length=300, unique=True)),
                        ("due_at", models.DateTimeField(blank=True, null=True)),
                        ("top_priority", models.SmallIntegerField(default=0)),
                        ("rises_at", models.DateTimeField(blank=True, null=True)),
                        ("lease_owner", models.CharField(blank=True, default="", max_length=200)),
                        ("lease_epoch", models.BigIntegerField(default=0)),
                        ("wanted_at", models.DateTimeField(blank=True, null=True)),
                        ("turns", models.BigIntegerField(default=0)),
                        ("delay_seconds", models.FloatField(blank=True, null=True)),
                        (
                            "delay_reason",
                            models.CharField(blank=True, db_default="", default="", max_length=10),
                        ),
                        ("crawl_delay_seconds", models.FloatField(blank=True, null=True)),
                        ("latency_seconds", models.FloatField(blank=True, null=True)),
                        ("next_at", models.DateTimeField(blank=True, null=True)),
                        ("last_at", models.DateTimeField(blank=True, null=True)),
                        ("last_status", models.CharField(blank=True, default="", max_length=60)),
                        ("failures", models.PositiveIntegerField(default=0)),
                        ("unavailable_since", models.DateTimeField(blank=True, null=True)),
                        ("circuit_openings", models.PositiveSmallIntegerField(default=0)),
                        ("hold_reason", models.CharField(blank=True, default="", max_length=60)),
                        ("http1_until", models.DateTimeField(blank=True, null=True)),
                        ("robots_state", models.CharField(blank=True, default="", max_length=20)),
                        ("robots_body", models.BinaryField(blank=True, default=b"")),
                        ("robots_fetched_at", models.DateTimeField(blank=True, null=True)),
                        ("robots_until", models.DateTimeField(blank=True, null=True)),
                        ("robots_failures", models.PositiveSmallIntegerField(default=0)),
                        ("robots_failed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "robots_reason",
                            models.CharField(blank=True, db_default="", default="", max_length=60),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("due_at__isnull", False), ("lease_owner", "")),
                                fields=["top_priority", "due_at"],
                                name="host_free_due",
                            ),
                            models.Index(
                                condition=models.Q(("lease_owner", ""), _negated=True),
                                fields=["lease_owner"],
                                name="host_leased",
                            ),
                            models.Index(
                                condition=models.Q(("wanted_at__isnull", False)),
                                fields=["wanted_at"],
                                name="host_wanted",
                            ),
                            models.Index(
                                condition=models.Q(("lease_owner", ""), ("rises_at__isnull", False)),
                                fields=["rises_at"],
                                name="host_rises",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Backlog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="backlogs",
                                to="crawler.run",
                            ),
                        ),
                        (
                            "host",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="backlogs",
                                to="crawler.host",
                            ),
                        ),
                        (
                            "kind",
                            models.SmallIntegerField(
                                choices=[(0, "http"), (1, "browser"), (2, "terminal")], default=0
                            ),
                        ),
                        ("priority", models.PositiveSmallIntegerField(default=5)),
                        ("open", models.BooleanField(default=True)),
                        ("due_at", models.DateTimeField(blank=True, null=True)),
                        ("turn", models.BigIntegerField(default=0)),
                        ("shapes", models.TextField(blank=True, db_default="", default="")),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("due_at__isnull", False), ("open", True)),
                                fields=["host", "priority"],
                                name="backlog_due",
                            ),
                            models.Index(
                                condition=models.Q(("due_at__isnull", False)),
                                fields=["run", "due_at", "id"],
                                name="backlog_waiting",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "host", "kind"), name="backlog_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CarriedRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="carried_records",
                                to="crawler.run",
                            ),
                        ),
                        ("request", models.BigIntegerField()),
                        ("digest", models.BinaryField(max_length=16)),
                        ("url", models.TextField()),
                        ("callback", models.TextField()),
                        ("data", models.BinaryField()),
                        ("partial", models.BooleanField()),
                        ("level", models.PositiveSmallIntegerField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("run", "request", "digest"), name="carried_record_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Changefeed",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("last", models.BigIntegerField(default=0)),
                        ("forgotten", models.BigIntegerField(default=0)),
                    ],
                ),
                migrations.CreateModel(
                    name="Cookie",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="cookies",
                                to="crawler.run",
                            ),
                        ),
                        ("key", models.BinaryField(max_length=16)),
                        ("secret", models.TextField()),
                        ("changed_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["run", "changed_at"], name="cookie_changed")],
                        "constraints": [models.UniqueConstraint(fields=("run", "key"), name="cookie_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Webhook",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="webhooks",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=200)),
                        (
                            "target",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="webhooks",
                                to="crawler.target",
                            ),
                        ),
                        ("kinds", models.JSONField(blank=True, default=list)),
                        ("url", crawler.models.fields.EncryptedJSONField()),
                        ("origin", models.CharField(max_length=300)),
                        ("secret", crawler.models.fields.EncryptedJSONField()),
                        ("enabled", models.BooleanField(default=True)),
                        ("disabled_reason", models.CharField(blank=True, default="", max_length=40)),
                        ("failing_since", models.DateTimeField(blank=True, null=True)),
                        ("failed_tries", models.PositiveIntegerField(default=0)),
                        ("delivered_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="Delivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "webhook",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="crawler.webhook",
                            ),
                        ),
                        ("event", models.BigIntegerField(blank=True, null=True)),
                        ("message_id", models.CharField(max_length=40)),
                        ("kind", models.CharField(max_length=40)),
                        ("payload", models.TextField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting"),
                                    ("delivered", "delivered"),
                                    ("failed", "failed"),
                                ],
                                default="waiting",
                                max_length=10,
                            ),
                        ),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("next_try_at", models.DateTimeField(blank=True, null=True)),
                        ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("reason", models.CharField(blank=True, default="", max_length=60)),
                        ("log", models.JSONField(blank=True, default=list)),
                        ("created_at", models.DateTimeField(db_index=True)),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "verbose_name_plural": "deliveries",
                        "indexes": [
                            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
                            models.Index(
                                condition=models.Q(("state", "waiting")),
                                fields=["next_try_at"],
                                name="delivery_waiting",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("webhook", "event"), name="delivery_once_per_event"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("run.finished", "run finished"),
                                    ("run.failed", "run failed"),
                                    ("run.cancelled", "run cancelled"),
                                    ("deadline.met", "deadline met"),
                                    ("deadline.missed", "deadline missed"),
                                    ("items.changed", "items changed"),
                                    ("freshness.late", "data late"),
                                    ("freshness.recovered", "data fresh again"),
                                    ("data.breach", "rule broken"),
                                    ("data.drift", "data looks otherwise"),
                                    ("run.held", "run held"),
                                    ("run.accepted", "held run accepted"),
                                    ("run.discarded", "held run discarded"),
                                ],
                                max_length=40,
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="crawler.target",
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="crawler.run",
                            ),
                        ),
                        ("created_at", models.DateTimeField(db_index=True)),
                        ("data", crawler.models.fields.OrderedJSONField(blank=True, default=dict)),
                        ("announced", models.BooleanField(db_default=False, default=False)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "-id"], name="event_by_target"),
                            models.Index(
                                condition=models.Q(("announced", False)),
                                fields=["id"],
                                name="event_unannounced",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("kind__in", ("run.finished", "run.failed", "run.cancelled"))
                                ),
                                fields=("run",),
                                name="event_run_ends_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind__in", ("deadline.met", "deadline.missed"))),
                                fields=("run",),
                                name="event_deadline_once",
                            ),
                        ],
                    },
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
                migrations.CreateModel(
                    name="Heartbeat",
                    fields=[
                        ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                        ("kind", models.CharField(max_length=40)),
                        ("node", models.CharField(max_length=100)),
                        ("pid", models.PositiveIntegerField()),
                        ("started_at", models.DateTimeField()),
                        ("seen_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="HeldItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("run", models.BigIntegerField()),
                        ("key_hash", models.BinaryField(max_length=16)),
                        ("key", models.TextField()),
                        ("url", models.TextField()),
                        ("data", crawler.models.fields.OrderedJSONField()),
                        ("content_hash", models.BinaryField(max_length=16)),
                        ("seen_at", models.DateTimeField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "key_hash"), name="held_item_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Item",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="crawler.target",
                            ),
                        ),
                        ("key_hash", models.BinaryField(max_length=16)),
                        ("key", models.TextField()),
                        ("url", models.TextField()),
                        ("run", models.BigIntegerField()),
                        ("version", models.PositiveIntegerField(default=1)),
                        ("data", crawler.models.fields.OrderedJSONField()),
                        ("content_hash", models.BinaryField(max_length=16)),
                        ("first_seen", models.DateTimeField()),
                        ("last_seen", models.DateTimeField()),
                        ("changed_at", models.DateTimeField()),
                        ("removed_at", models.DateTimeField(null=True)),
                        ("searchable", models.BooleanField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "id"], name="item_by_target"),
                            models.Index(fields=["changed_at", "id"], name="item_by_change"),
                            models.Index(
                                condition=models.Q(("searchable__isnull", True)),
                                fields=["id"],
                                name="item_unsearchable",
                            ),
                            models.Index(
                                condition=models.Q(("removed_at__isnull", False)),
                                fields=["target", "id"],
                                name="item_removed",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("target", "key_hash"), name="item_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ItemChange",
                    fields=[
                        ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                        (
                            "target",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="item_changes",
                                to="crawler.target",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="changes",
                                to="crawler.item",
                            ),
                        ),
                        ("version", models.PositiveIntegerField()),
                        (
                            "kind",
                            models.SmallIntegerField(
                                choices=[(1, "new"), (2, "changed"), (3, "removed"), (4, "restored")]
                            ),
                        ),
                        ("run", models.BigIntegerField(null=True)),
                        ("by_name", models.CharField(db_default="", default="", max_length=150)),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "number"], name="item_change_by_target"),
                            models.Index(fields=["item", "number"], name="item_change_by_item"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ItemVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="crawler.item",
                            ),
                        ),
                        ("version", models.PositiveIntegerField()),
                        ("run", models.BigIntegerField()),
                        ("url", models.TextField()),
                        ("data", crawler.models.fields.OrderedJSONField()),
                        ("content_hash", models.BinaryField(max_length=16)),
                        ("valid_from", models.DateTimeField()),
                        ("valid_to", models.DateTimeField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("item", "version"), name="item_version_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LaneState",
                    fields=[
                        ("name", models.CharField(max_length=10, primary_key=True, serialize=False)),
                        ("rung_at", models.DateTimeField(blank=True, null=True)),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="Losses",
                    fields=[
                        (
                            "target",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="losses",
                                serialize=False,
                                to="crawler.target",
                            ),
                        ),
                        ("fields", models.JSONField(blank=True, default=dict)),
                        ("accepted", models.JSONField(blank=True, default=dict)),
                    ],
                    options={
                        "verbose_name_plural": "losses",
                    },
                ),
                migrations.CreateModel(
                    name="Outage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("disk_full", "the database's disk is full"),
                                    ("read_only", "the database is read-only"),
                                    ("disk_fails", "the database's disk refuses to be written"),
                                    ("away", "the database does not answer"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("began_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["ended_at"], name="outage_ended")],
                    },
                ),
                migrations.CreateModel(
                    name="OutboxMessage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("work", models.CharField(max_length=60)),
                        ("kwargs", models.JSONField(default=dict)),
                        ("task_id", models.CharField(blank=True, default="", max_length=64)),
                        ("created_at", models.DateTimeField()),
                        ("published_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("published_at__isnull", True)),
                                fields=["id"],
                                name="outbox_unpublished",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutsideLink",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="outside_links",
                                to="crawler.run",
                            ),
                        ),
                        ("reason", models.CharField(max_length=60)),
                        ("url", models.TextField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Page",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="pages",
                                to="crawler.target",
                            ),
                        ),
                        ("key", models.BinaryField(max_length=16)),
                        ("url", models.TextField()),
                        ("run", models.BigIntegerField()),
                        ("status", models.PositiveSmallIntegerField()),
                        ("content_type", models.CharField(blank=True, default="", max_length=200)),
                        ("title", models.CharField(blank=True, default="", max_length=500)),
                        ("etag", models.CharField(blank=True, default="", max_length=500)),
                        ("last_modified", models.CharField(blank=True, default="", max_length=100)),
                        ("body_hash", models.BinaryField(max_length=16)),
                        ("size", models.PositiveIntegerField(default=0)),
                        ("noindex", models.BooleanField(default=False)),
                        ("canonical", models.TextField(blank=True, db_default="", default="")),
                        ("hints", models.TextField(blank=True, db_default="", default="")),
                        ("first_seen", models.DateTimeField()),
                        ("last_seen", models.DateTimeField()),
                        ("changed_at", models.DateTimeField()),
                        ("body_at", models.DateTimeField(blank=True, null=True)),
                        ("visits", models.FloatField(db_default=0.0, default=0.0)),
                        ("changes", models.FloatField(db_default=0.0, default=0.0)),
                        ("unchanged_seconds", models.FloatField(db_default=0.0, default=0.0)),
                        ("changed_seconds", models.FloatField(db_default=0.0, default=0.0)),
                        ("changed_squares", models.FloatField(db_default=0.0, default=0.0)),
                        ("refresh_at", models.DateTimeField(blank=True, null=True)),
                        ("lastmod", models.DateTimeField(blank=True, null=True)),
                        ("refresh_failures", models.PositiveSmallIntegerField(db_default=0, default=0)),
                        ("searchable", models.BooleanField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "id"], name="page_by_target"),
                            models.Index(fields=["body_hash"], name="page_by_body"),
                            models.Index(
                                condition=models.Q(("refresh_at__isnull", False)),
                                fields=["target", "refresh_at"],
                                name="page_to_refresh",
                            ),
                            models.Index(fields=["changed_at", "id"], name="page_by_change"),
                            models.Index(
                                condition=models.Q(("status", 200), _negated=True),
                                fields=["status", "id"],
                                name="page_by_status",
                            ),
                            models.Index(
                                condition=models.Q(("searchable__isnull", True)),
                                fields=["id"],
                                name="page_unsearchable",
                            ),
                        ],
                        "constraints": [models.UniqueConstraint(fields=("target", "key"), name="page_once")],
                    },
                ),
                migrations.CreateModel(
                    name="PageFingerprint",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("body_hash", models.BinaryField(max_length=16, unique=True)),
                        ("simhash", models.BigIntegerField()),
                        ("words", models.PositiveIntegerField()),
                    ],
                ),
                migrations.CreateModel(
                    name="PageVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="page_versions",
                                to="crawler.target",
                            ),
                        ),
                        (
                            "page",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="crawler.page",
                            ),
                        ),
                        ("run", models.BigIntegerField()),
                        ("ended_by", models.BigIntegerField()),
                        ("status", models.PositiveSmallIntegerField()),
                        ("content_type", models.CharField(blank=True, max_length=200)),
                        ("body_hash", models.BinaryField(max_length=16)),
                        ("size", models.PositiveIntegerField()),
                        ("stored_size", models.PositiveIntegerField()),
                        ("began_at", models.DateTimeField()),
                        ("seen_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField()),
                        ("awaits_judgement", models.BooleanField(db_default=False, default=False)),
                        ("noise", models.CharField(blank=True, db_default="", default="", max_length=60)),
                        ("counted_at", models.DateTimeField(blank=True, null=True)),
                        ("visits", models.FloatField(db_default=0.0, default=0.0)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "page", "id"], name="version_by_page"),
                            models.Index(fields=["target", "ended_at", "id"], name="version_by_end"),
                            models.Index(fields=["body_hash"], name="version_by_body"),
                            models.Index(
                                condition=models.Q(("awaits_judgement", True)),
                                fields=["target", "id"],
                                name="version_awaits_judgement",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProblemKind",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="problem_kinds",
                                to="crawler.run",
                            ),
                        ),
                        ("code", models.CharField(max_length=60)),
                        ("field", models.CharField(blank=True, default="", max_length=200)),
                        ("count", models.PositiveIntegerField(default=0)),
                        ("pages", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "code", "field"), name="problem_kind_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProblemSample",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="problem_samples",
                                to="crawler.run",
                            ),
                        ),
                        ("code", models.CharField(max_length=60)),
                        ("field", models.CharField(blank=True, default="", max_length=200)),
                        ("number", models.PositiveSmallIntegerField()),
                        ("url", models.TextField()),
                        ("message", models.CharField(max_length=600)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("run", "code", "field", "number"), name="problem_sample_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProxyHealth",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="proxy_health",
                                to="crawler.target",
                            ),
                        ),
                        ("key", models.BinaryField(max_length=16)),
                        ("failures", models.PositiveIntegerField(default=0)),
                        ("error", models.CharField(blank=True, default="", max_length=200)),
                        ("rests_until", models.DateTimeField(blank=True, null=True)),
                        ("changed_at", models.DateTimeField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("target", "key"), name="proxy_health_once")
                        ],
                    },
                ),
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
                        ("sitemaps_at", models.DateTimeField(blank=True, null=True)),
                        ("learnt_run", models.BigIntegerField(default=0)),
                    ],
                ),
                migrations.CreateModel(
                    name="RepairLook",
                    fields=[
                        (
                            "run",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="repair_look",
                                serialize=False,
                                to="crawler.run",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "looking"),
                                    ("trying", "trying on all pages"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                ],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, default="", max_length=600)),
                        ("settings", crawler.models.fields.OrderedJSONField(default=dict)),
                        ("found", crawler.models.fields.OrderedJSONField(default=dict)),
                        ("counts", models.JSONField(blank=True, default=dict)),
                        ("total", models.PositiveIntegerField(default=0)),
                        ("seen", models.PositiveIntegerField(default=0)),
                        ("tried", models.PositiveIntegerField(default=0)),
                        ("left_out", models.PositiveIntegerField(default=0)),
                        ("until", models.BigIntegerField(default=0)),
                        ("after", models.BigIntegerField(default=0)),
                        ("seconds", models.FloatField(db_default=0.0, default=0.0)),
                        ("beat_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Replay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="replays",
                                to="crawler.target",
                            ),
                        ),
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
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "reading"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("cancelled", "cancelled"),
                                ],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, default="", max_length=600)),
                        ("settings", crawler.models.fields.OrderedJSONField(default=dict)),
                        ("before", crawler.models.fields.OrderedJSONField(default=dict)),
                        ("stores", models.BooleanField(default=False)),
                        ("chosen", models.JSONField(blank=True, null=True)),
                        ("of_run", models.BigIntegerField(blank=True, null=True)),
                        ("after_refresh", models.BigIntegerField(blank=True, null=True)),
                        ("total", models.PositiveIntegerField(default=0)),
                        ("until", models.BigIntegerField(default=0)),
                        ("after", models.BigIntegerField(default=0)),
                        ("totals", models.JSONField(blank=True, default=dict)),
                        ("samples", crawler.models.fields.OrderedJSONField(blank=True, default=list)),
                        ("created_at", models.DateTimeField()),
                        ("beat_at", models.DateTimeField()),
                        ("claimed_at", models.DateTimeField(blank=True, null=True)),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["target", "-id"], name="replay_by_target"),
                            models.Index(
                                condition=models.Q(("state__in", ("queued", "running"))),
                                fields=["beat_at"],
                                name="replay_under_way",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Request",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="requests",
                                to="crawler.run",
                            ),
                        ),
                        (
                            "host",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                to="crawler.host",
                            ),
                        ),
                        (
                            "backlog",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                to="crawler.backlog",
                            ),
                        ),
                        ("key", models.BinaryField(max_length=16)),
                        ("path_key", models.BigIntegerField(blank=True, null=True)),
                        ("url", models.TextField()),
                        (
                            "kind",
                            models.SmallIntegerField(
                                choices=[(0, "page"), (1, "sitemap"), (2, "robots.txt")],
                                db_default=0,
                                default=0,
                            ),
                        ),
                        ("depth", models.PositiveSmallIntegerField(default=0)),
                        (
                            "state",
                            models.SmallIntegerField(
                                choices=[
                                    (0, "queued"),
                                    (1, "leased"),
                                    (2, "done"),
                                    (3, "failed"),
                                    (4, "skipped"),
                                    (5, "dead"),
                                ],
                                default=0,
                            ),
                        ),
                        ("not_before", models.DateTimeField(blank=True, null=True)),
                        ("epoch", models.BigIntegerField(default=0)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("losses", models.PositiveSmallIntegerField(default=0)),
                        ("reason", models.CharField(blank=True, default="", max_length=300)),
                        ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                        ("parent", models.BigIntegerField(blank=True, null=True)),
                        ("via", models.TextField(blank=True, default="")),
                        ("leads_to", models.TextField(blank=True, null=True)),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("not_before__isnull", True), ("state", 0)),
                                fields=["backlog", "id"],
                                name="request_due",
                            ),
                            models.Index(
                                condition=models.Q(("not_before__isnull", False), ("state", 0)),
                                fields=["backlog", "not_before"],
                                name="request_delayed",
                            ),
                            models.Index(
                                condition=models.Q(("state", 1)), fields=["host"], name="request_leased"
                            ),
                            models.Index(
                                condition=models.Q(("path_key__isnull", False)),
                                fields=["run", "path_key"],
                                name="request_variants",
                            ),
                            models.Index(
                                condition=models.Q(("via", ""), _negated=True),
                                fields=["parent"],
                                name="request_hops",
                            ),
                            models.Index(
                                condition=models.Q(("kind__gte", 1)),
                                fields=["run", "id"],
                                name="request_sitemap",
                            ),
                            models.Index(fields=["run", "state", "id"], name="request_by_state"),
                        ],
                        "constraints": [models.UniqueConstraint(fields=("run", "key"), name="request_once")],
                    },
                ),
                migrations.CreateModel(
                    name="RunLogin",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="login",
                                to="crawler.run",
                            ),
                        ),
                        ("number", models.PositiveIntegerField(default=0)),
                        ("working", models.BooleanField(default=False)),
                        ("asked_at", models.DateTimeField()),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("streak", models.PositiveSmallIntegerField(default=0)),
                        ("pages", models.PositiveIntegerField(default=0)),
                        ("logged_in_at", models.DateTimeField(blank=True, null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="SearchMarks",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.SmallIntegerField(choices=[(0, "items"), (1, "pages")])),
                        ("place", models.IntegerField()),
                        ("segment", models.BigIntegerField()),
                        ("marks", models.BinaryField()),
                    ],
                    options={
                        "verbose_name_plural": "search marks",
                        "indexes": [models.Index(fields=["kind", "segment"], name="search_marks_by_segment")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("kind", "place", "segment"), name="search_marks_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchSegment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.SmallIntegerField(choices=[(0, "items"), (1, "pages")])),
                        ("number", models.BigIntegerField()),
                        ("changes", models.PositiveIntegerField(default=0)),
                        ("built_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["built_at"], name="search_segment_by_age")],
                        "constraints": [
                            models.UniqueConstraint(fields=("kind", "number"), name="search_segment_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Sighting",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sightings",
                                to="crawler.run",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sightings",
                                to="crawler.item",
                            ),
                        ),
                        ("version", models.PositiveIntegerField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "item"), name="sighting_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SitemapReading",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sitemap_readings",
                                to="crawler.run",
                            ),
                        ),
                        ("request", models.BigIntegerField()),
                        ("url", models.TextField()),
                        (
                            "kind",
                            models.SmallIntegerField(
                                choices=[(0, "page"), (1, "sitemap"), (2, "robots.txt")]
                            ),
                        ),
                        ("entries", models.PositiveIntegerField()),
                        ("taken", models.PositiveIntegerField()),
                        ("sitemaps", models.PositiveIntegerField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "request"), name="sitemap_reading_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SkippedRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "target",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="skips",
                                to="crawler.target",
                            ),
                        ),
                        ("nominal_at", models.DateTimeField()),
                        ("last_nominal_at", models.DateTimeField()),
                        ("times", models.PositiveIntegerField(default=1)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("overlap", "a run was under way"),
                                    ("misfire", "nothing was running"),
                                    ("paused", "the schedule was paused"),
                                    ("disabled", "the target was switched off"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("reason", models.CharField(max_length=200)),
                        ("run", models.BigIntegerField(blank=True, null=True)),
                        ("noted_at", models.DateTimeField(db_index=True)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["target", "-id"], name="skip_by_target")],
                    },
                ),
                migrations.CreateModel(
                    name="Slice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("owner", models.CharField(max_length=200, unique=True)),
                        ("lane", models.CharField(max_length=10)),
                        ("node", models.CharField(max_length=100)),
                        ("run", models.BigIntegerField(blank=True, null=True)),
                        ("started_at", models.DateTimeField()),
                        ("renewed_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Snapshot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("hash", models.BinaryField(max_length=16, unique=True)),
                        ("body", models.BinaryField()),
                        ("size", models.PositiveIntegerField()),
                        ("created_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="SpareLink",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="spare_links",
                                to="crawler.run",
                            ),
                        ),
                        ("key", models.BinaryField(max_length=16)),
                        ("url", models.TextField()),
                        ("depth", models.PositiveSmallIntegerField(default=0)),
                        ("parent", models.BigIntegerField(blank=True, null=True)),
                        ("via", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "indexes": [models.Index(fields=["run", "id"], name="spare_link_by_run")],
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "key"), name="spare_link_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Sweep",
                    fields=[
                        ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("place", models.JSONField(default=dict)),
                        ("at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="TargetChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                        ("at", models.DateTimeField()),
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
                    ],
                    options={
                        "indexes": [models.Index(fields=["target", "-id"], name="change_by_target")],
                    },
                ),
                migrations.CreateModel(
                    name="UnnumberedChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("target", models.BigIntegerField()),
                        ("item", models.BigIntegerField()),
                        ("version", models.PositiveIntegerField()),
                        (
                            "kind",
                            models.SmallIntegerField(
                                choices=[(1, "new"), (2, "changed"), (3, "removed"), (4, "restored")]
                            ),
                        ),
                        ("run", models.BigIntegerField(null=True)),
                        ("by_name", models.CharField(db_default="", default="", max_length=150)),
                        ("at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="WriteProbe",
                    fields=[
                        ("name", models.CharField(max_length=10, primary_key=True, serialize=False)),
                        ("written_at", models.DateTimeField()),
                        ("filler", models.BinaryField(default=b"")),
                    ],
                ),
            ]
        ),
        migrations.RunPython(make_rows, remove_entries),
        migrations.RunPython(make_cache_table, drop_cache_table),
    ]
