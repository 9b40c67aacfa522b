"""A shared target is worked on by others, who never get its secrets by that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from crawler.models import Target
from crawler.services import previews, targets
from tests.people import operator, viewer

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ELSEWHERE = ["https://shop.test/", "https://eve.test/"]


@pytest.fixture
def target() -> Target:
    data = {
        "name": "Shop",
        "start_urls": ["https://shop.test/"],
        "headers": {"X-Api-Key": "hush", "Accept-Language": "en"},
        "shared": True,
    }
    return targets.create(owner=operator("ada"), data=data, now=NOW)


@pytest.fixture
def eve() -> User:
    return operator("eve")


def refused(target: Target, by: User, **data: Any) -> list[str]:
    try:
        targets.update(target=target, data=data, by=by, now=NOW)
    except targets.InvalidTarget as error:
        return [problem.field for problem in error.problems]
    return []


def test_all_see_a_shared_target_and_only_its_owner_and_administrators_another(
    target: Target, eve: User
) -> None:
    others = [eve, viewer("vera")]
    assert [Target.objects.visible_to(user).count() for user in others] == [1, 1]
    targets.update(target=target, data={"shared": False}, now=NOW)
    assert [Target.objects.visible_to(user).count() for user in others] == [0, 0]
    assert Target.objects.visible_to(User.objects.create_superuser("root")).count() == 1


def test_only_owner_and_administrators_say_whether_it_is_shared(target: Target, eve: User) -> None:
    assert refused(target, eve, shared=False) == ["shared"]
    assert refused(target, eve, shared=True, max_pages=5) == []
    assert refused(target, User.objects.create_superuser("root"), shared=False) == []


@pytest.mark.parametrize("headers", [..., {"X-Api-Key": "(hidden)"}, {"x-api-key": "(hidden)"}])
def test_secret_headers_are_sent_to_no_new_site_by_others(target: Target, eve: User, headers: Any) -> None:
    data = {"start_urls": ELSEWHERE} | ({} if headers is ... else {"headers": headers})

    (field,) = refused(target, eve, **data)

    assert field.lower() == "headers.x-api-key"
    with pytest.raises(targets.InvalidTarget, match=r"would now be sent to https://eve\.test"):
        previews.start(user=eve, data=data, existing=target, now=NOW)


def test_typed_anew_removed_or_on_the_same_site_they_are_no_matter(target: Target, eve: User) -> None:
    assert refused(target, eve, start_urls=["https://shop.test/sale/"]) == []
    assert refused(target, eve, start_urls=ELSEWHERE, headers={"X-Api-Key": "eve's own"}) == []
    assert refused(target, eve, start_urls=["https://other.test/"], headers={}) == []


def test_owner_and_administrators_send_them_where_they_like(target: Target) -> None:
    assert target.owner is not None
    assert refused(target, target.owner, start_urls=ELSEWHERE) == []
    assert refused(target, User.objects.create_superuser("root"), start_urls=["https://c.test/"]) == []
