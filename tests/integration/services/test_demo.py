"""The demo shop's target: made once, kept as a person changed it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from crawler.models import Run, RunState, Schedule, Target
from crawler.services import demo

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8001/"


@pytest.fixture
def owner() -> User:
    return User.objects.create_superuser("ada")


def test_shop_is_registered_once_with_a_schedule(owner: User) -> None:
    first = demo.register(owner=owner, url=URL, now=NOW)
    second = demo.register(owner=owner, url=URL, now=NOW)

    assert first.pk == second.pk
    assert Schedule.objects.get().every_seconds == 30


def test_new_address_is_noted_and_everything_else_stays(owner: User) -> None:
    target = demo.register(owner=owner, url=URL, now=NOW)
    Target.objects.filter(pk=target.pk).update(delay_seconds=9)
    demo.register(owner=owner, url="http://127.0.0.1:8002/", now=NOW)

    target.refresh_from_db()
    assert (target.start_urls, target.delay_seconds) == (["http://127.0.0.1:8002/"], 9)


def test_run_is_started_unless_one_is_under_way(owner: User) -> None:
    target = demo.register(owner=owner, url=URL, now=NOW)

    assert demo.crawl(target, now=NOW) is not None
    assert demo.crawl(target, now=NOW) is None
    Run.objects.update(state=RunState.FINISHED)
    assert demo.crawl(target, now=NOW) is not None


def test_shop_that_was_switched_off_is_left_alone(owner: User) -> None:
    target = demo.register(owner=owner, url=URL, now=NOW)
    target.enabled = False

    assert demo.crawl(target, now=NOW) is None


def test_command_registers_for_the_first_administrator(owner: User) -> None:
    call_command("demo_target", url=URL)

    assert Run.objects.get().target.owner == owner


def test_command_wants_somebody_to_register_for() -> None:
    with pytest.raises(CommandError, match="there is no user 'nobody'"):
        call_command("demo_target", url=URL, user="nobody")
