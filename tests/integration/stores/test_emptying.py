"""What migrations put into the tables is there before each test, whatever the one before did."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django_celery_beat.models import PeriodicTask

from crawler.models import LaneState, Target
from tests.emptying import LARGE_BYTES, Rows

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_come_back_as_they_were_and_others_go() -> None:
    before = Rows.kept()
    assert {"crawler_lanestate", "django_celery_beat_periodictask"} <= {
        insert.split('"')[1] for insert in before.inserts
    }
    LaneState.objects.all().delete()
    PeriodicTask.objects.update(description="o'clock; 100 %", kwargs='{"at": "ä"}')
    Permission.objects.first().delete()  # type: ignore[union-attr]
    User.objects.create(username="ada").user_permissions.set(Permission.objects.all())

    before.give_back()

    assert Rows.kept() == before


def test_large_tables_are_as_small_as_before() -> None:
    before = Rows.kept()
    Target.objects.bulk_create(
        Target(name="x", start_urls=["http://site.test/" + "x" * 1_000]) for _ in range(LARGE_BYTES // 1_000)
    )

    before.give_back()

    assert Rows.kept() == before
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_size('crawler_target')")
            assert cursor.fetchone() == (0,)


def test_what_is_kept_holds_any_text_and_number() -> None:
    Target.objects.create(
        name="100 % o'clock; \\ ä 🐢", start_urls=["http://a.test/?q='%s'"], delay_seconds=0.1
    )
    kept = Rows.kept()
    Target.objects.update(name="other", delay_seconds=2)

    kept.give_back()

    assert Target.objects.values_list("name", "start_urls", "delay_seconds").get() == (
        "100 % o'clock; \\ ä 🐢",
        ["http://a.test/?q='%s'"],
        0.1,
    )
