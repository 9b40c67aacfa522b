"""Lists that an index of their own gives: all rows once, in their order, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Backlog, Host, Item, Page, Request, RequestState, Run, Target
from crawler.queries import items, pages, runs, shares
from tests.integration.queries.walks import walked

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CHANGED = (3, 1, 2, 1, 0)
"""How many hours ago each of five rows changed, in the order of their ids."""


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def target(owner: User) -> Target:
    return Target.objects.create(owner=owner, name="Kontor", start_urls=[])


@pytest.fixture
def foreign() -> Target:
    return Target.objects.create(owner=User.objects.create_user("other"), name="Elsewhere", start_urls=[])


@pytest.fixture(params=["few", "many"])
def amount(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether a person's targets count as those that have few rows."""
    monkeypatch.setattr(shares, "MOST_FEW", 1_000 if request.param == "few" else 0)
    return str(request.param)


def make_items(target: Target) -> list[Item]:
    return [
        Item.objects.create(
            target=target,
            key_hash=f"{number:016}".encode(),
            key=str(number),
            url=f"https://shop.test/{number}",
            run=1,
            data={"name": f"Kettle {number}"},
            content_hash=b"h" * 16,
            first_seen=NOW,
            last_seen=NOW,
            changed_at=NOW - timedelta(hours=hours),
        )
        for number, hours in enumerate(CHANGED)
    ]


def make_pages(target: Target, *statuses: int) -> list[Page]:
    return [
        Page.objects.create(
            target=target,
            key=f"{number:016}".encode(),
            url=f"https://shop.test/{number}",
            run=1,
            status=status,
            body_hash=b"b" * 16,
            first_seen=NOW,
            last_seen=NOW,
            changed_at=NOW - timedelta(hours=CHANGED[number % len(CHANGED)]),
        )
        for number, status in enumerate(statuses)
    ]


def test_items_that_changed_since_come_in_the_order_of_their_changes(
    amount: str, owner: User, target: Target, foreign: Target
) -> None:
    made = make_items(target)
    make_items(foreign)
    asked = items.Filters(changed_since=NOW - timedelta(hours=2))

    oldest = walked(lambda cursor: items.listed(owner, asked, cursor=cursor, size=2))
    newest = walked(lambda cursor: items.page(owner, asked, cursor=cursor, size=2))

    assert oldest == [made[2], made[1], made[3], made[4]]
    assert [line.item for line in newest] == oldest[::-1]


def test_pages_that_changed_since_come_in_the_order_of_their_changes(
    amount: str, owner: User, target: Target, foreign: Target
) -> None:
    made = make_pages(target, *[200] * 5)
    make_pages(foreign, *[200] * 5)
    since = NOW - timedelta(hours=2)

    found = walked(lambda cursor: pages.page(owner, changed_since=since, cursor=cursor, size=1))

    assert found == [made[2], made[1], made[3], made[4]]


@pytest.mark.parametrize("status", [200, 404])
def test_pages_with_a_status_are_those_of_ones_own_targets(
    amount: str, owner: User, target: Target, foreign: Target, status: int
) -> None:
    made = make_pages(target, 404, 200, 500, 404, 200)
    make_pages(foreign, 404, 200)

    found = walked(lambda cursor: pages.page(owner, status=status, cursor=cursor, size=1))

    assert found == [page for page in made if page.status == status]


def test_requests_of_all_states_come_in_one_order(target: Target) -> None:
    run, other = (Run.objects.create(target=target) for _ in range(2))
    host = Host.objects.create(origin="https://shop.test")
    backlogs = {owner.pk: Backlog.objects.create(run=owner, host=host) for owner in (run, other)}
    made = [
        Request.objects.create(
            run=owner,
            host=host,
            backlog=backlogs[owner.pk],
            key=f"{number:016}".encode(),
            url=f"https://shop.test/{number}",
            state=state,
        )
        for number, state in enumerate(RequestState.values[::-1] * 2)
        for owner in (run, other)
    ]
    mine = [request for request in made if request.run_id == run.pk]

    for size in (1, 5, 100):
        assert walked(lambda cursor: runs.requests(run, cursor=cursor, size=size)) == mine  # noqa: B023
    middle = runs.requests(run, size=4).next
    back = runs.requests(run, size=4, cursor=runs.requests(run, size=4, cursor=middle).previous)
    assert list(back.rows) == mine[:4]
    for state in RequestState:
        found = walked(lambda cursor: runs.requests(run, state=state, cursor=cursor, size=1))  # noqa: B023
        assert found == [request for request in mine if request.state == state]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
@pytest.mark.parametrize(
    ("read", "index"),
    [
        (lambda user: items.listed(user, items.Filters(changed_since=NOW)), "item_by_change"),
        (lambda user: pages.page(user, changed_since=NOW), "page_by_change"),
        (lambda user: pages.page(user, status=404), "page_by_status"),
    ],
    ids=["items since", "pages since", "pages with a status"],
)
def test_lists_are_read_in_the_order_of_their_index(
    monkeypatch: pytest.MonkeyPatch, owner: User, read: Callable[[User], Any], index: str
) -> None:
    monkeypatch.setattr(shares, "MOST_FEW", -1)

    with CaptureQueriesContext(connection) as queries:
        read(owner)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[-1]['sql']}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert index in plan
    assert "TEMP B-TREE" not in plan
