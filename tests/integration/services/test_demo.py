"""The demo shop's target: made once, kept as a person changed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from crawler.models import Item, Run, RunState, Schedule, Target
from crawler.policy.identity import digest
from crawler.services import demo, targets

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
    targets.update(target=target, data={"schedule": None}, now=NOW)
    demo.register(owner=owner, url="http://127.0.0.1:8002/", now=NOW)

    target.refresh_from_db()
    assert not Schedule.objects.exists()
    assert (target.start_urls, target.delay_seconds) == (["http://127.0.0.1:8002/"], 9)


def test_items_of_a_target_without_a_key_get_theirs_and_stay_single(owner: User) -> None:
    target = demo.register(owner=owner, url=URL, now=NOW)
    Target.objects.filter(pk=target.pk).update(key=[])
    for port, ago in ((8001, 2), (8002, 1)):
        for sku in ("BOA-001", "BOA-002"):
            an_item(target, f"http://127.0.0.1:{port}/product/{sku}", sku, seen=NOW - timedelta(days=ago))

    target = demo.register(owner=owner, url=URL, now=NOW)

    items = Item.objects.order_by("key").values_list("key", "key_hash", "url")
    assert target.key == ["sku"]
    assert [(key, bytes(hashed), url) for key, hashed, url in items] == [
        (sku, digest(sku.encode()), f"http://127.0.0.1:8002/product/{sku}") for sku in ("BOA-001", "BOA-002")
    ]


def an_item(target: Target, url: str, sku: str, *, seen: datetime) -> None:
    Item.objects.create(
        target=target,
        key=url,
        key_hash=digest(url.encode()),
        url=url,
        run=1,
        data={"sku": sku},
        content_hash=b"same",
        first_seen=seen,
        last_seen=seen,
        changed_at=seen,
    )


def test_run_of_the_address_before_is_ended(owner: User) -> None:
    target = demo.register(owner=owner, url=URL, now=NOW)
    before = demo.crawl(target, now=NOW)
    target = demo.register(owner=owner, url="http://127.0.0.1:8002/", now=NOW)

    assert before is not None
    before.refresh_from_db()
    after = demo.crawl(target, now=NOW)
    assert before.state == RunState.CANCELLED
    assert after is not None
    assert after.settings["start_urls"] == ["http://127.0.0.1:8002/"]


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
