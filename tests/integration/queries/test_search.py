"""Searches by the index find what reading every row would, at every moment, on both databases."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from crawler.models import Item, Page, Run, SearchMarks, SearchSegment, Sighting, Target
from crawler.policy import signatures
from crawler.queries import items, pages, search, shares
from crawler.services import searching
from crawler.stores import search as stored
from crawler.stores import sql
from tests.integration.queries.walks import walked

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER = NOW + searching.KEPT + timedelta(seconds=1)
SYLLABLES = ("ket", "tle", "cop", "per", "é", "É", "ß", "мос", "Ква", "42", "%", "_", '"', "\\", "[", "*")
SEEDS = range(4)


@pytest.fixture(autouse=True)
def by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows there are, lists use the index, and read it in many steps."""
    monkeypatch.setattr(shares, "MOST_READ", 0)
    monkeypatch.setattr(search, "FIRST_ROWS", 8)
    monkeypatch.setattr(search, "MOST_ROWS", 16)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def targets(owner: User) -> list[Target]:
    other = User.objects.create_user("other")
    return [
        Target.objects.create(owner=whose, name=name, start_urls=[])
        for whose, name in ((owner, "Kontor"), (owner, "Lager"), (other, "Elsewhere"))
    ]


@pytest.fixture
def administrator() -> User:
    return User.objects.create_superuser("root")


def word(chance: random.Random) -> str:
    made = "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(1, 3)))
    return chance.choice((made, made.upper(), made.lower()))


def make_item(target: Target, number: int, data: object, url: str = "") -> Item:
    """Make an item as a crawl stores it: no letter of its data is escaped that needs not be."""
    made = Item.objects.create(
        target=target,
        key_hash=f"{number:016}".encode(),
        key=str(number),
        url=url or f"https://shop.test/{number}",
        run=1,
        data={},
        content_hash=b"h" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )
    says(made, data)
    return made


def says(item: Item, data: object) -> None:
    text = json.dumps(data, ensure_ascii=False)
    sql.execute(f"UPDATE crawler_item SET data = {sql.json_mark()} WHERE id = %s", [text, item.pk])


def make_page(target: Target, number: int, title: str) -> Page:
    return Page.objects.create(
        target=target,
        key=f"{number:016}".encode(),
        url=f"https://shop.test/{number}",
        run=1,
        status=200,
        title=title,
        body_hash=b"b" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )


def index() -> int:
    return searching.index(now=NOW, fewest=1)


def found(user: User, **asked: Any) -> list[Item]:
    return list(items.listed(user, items.Filters(**asked)).rows)


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Chances of which some have so many targets that rows are told by ids, or too many rows for that."""
    if request.param % 2:
        monkeypatch.setattr(search, "MOST_TARGETS", 0)
    if request.param > 1:
        monkeypatch.setattr(shares, "MOST_FEW", 7)
        monkeypatch.setattr(search, "MOST_AT_ONCE", 7)
        monkeypatch.setattr(shares, "MOST_SORTED", 10 * (request.param % 2))
    return int(request.param)


def test_items_found_are_those_that_reading_all_of_them_finds(
    seed: int, owner: User, administrator: User, targets: list[Target]
) -> None:
    chance = random.Random(seed)
    run = Run.objects.create(target=targets[0])
    made = []
    for number in range(60):
        of = chance.choice(targets)
        item = make_item(of, number, {"name": word(chance), "about": [word(chance) for _ in range(3)]})
        made.append(item)
        if of == targets[0] and number % 2:
            Sighting.objects.create(run=run, item=item, version=1)
    index()
    for item in chance.sample(made, 15):  # as commits change them
        says(item, {"name": word(chance)})
        Item.objects.filter(pk=item.pk).update(
            version=2, searchable=None, url=f"https://new.test/{word(chance)}"
        )
    Item.objects.filter(pk__in=[item.pk for item in chance.sample(made, 5)]).delete()
    if seed % 2:
        index()
    for number in range(60, 70):
        make_item(chance.choice(targets), number, {"name": word(chance)})

    for _ in range(12):
        q = " ".join(word(chance) for _ in range(chance.choice((1, 1, 2))))
        user, target = chance.choice((owner, administrator)), chance.choice((None, None, targets[0].pk))
        asked = items.Filters(q=q, target=target, run=chance.choice((None, None, run.pk)))
        plain = list(items.search(user, asked).order_by("id"))
        size = chance.choice((1, 3, 100))
        assert walked(lambda at: items.listed(user, asked, cursor=at, size=size)) == plain  # noqa: B023
        newest = walked(lambda at: items.page(user, asked, cursor=at, size=size))  # noqa: B023
        assert [line.item for line in newest] == plain[::-1]


def test_pages_found_are_those_that_reading_all_of_them_finds(
    seed: int, owner: User, targets: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    for number in range(40):
        make_page(chance.choice(targets), number, word(chance))
    index()
    make_page(targets[0], 40, "Copper kettle")

    for _ in range(12):
        q = word(chance)
        indexed = walked(lambda at: pages.page(owner, q=q, cursor=at, size=3))  # noqa: B023
        with monkeypatch.context() as plainly:
            plainly.setattr(shares, "MOST_READ", 1_000)
            assert indexed == walked(lambda at: pages.page(owner, q=q, cursor=at, size=3))  # noqa: B023


@pytest.mark.parametrize(
    ("q", "found_in"),
    [
        ("KETTLE", True),
        ("ettl", True),
        ("CAFÉ", None),
        ("Café", True),
        ("москВА", None),
        ("copper kettle", True),
        ("copper pot", False),
        ("100%", True),
        ("1_0", False),
        ("[x]*", True),
        ('5"', True),
    ],
)
def test_words_are_parts_of_words_of_either_case(
    owner: User,
    targets: list[Target],
    q: str,
    found_in: bool | None,
) -> None:
    if found_in is None:  # PostgreSQL takes the letters for the same that its locale does
        found_in = connection.vendor == "sqlite" or sql.select("SELECT upper('é') = 'É'") == [(True,)]
    made = make_item(targets[0], 1, {"name": 'Copper kettle 5", [x]*', "about": "Café Москва, 100% new"})

    for _ in range(2):
        assert found(owner, q=q) == ([made] if found_in else [])
        index()


def test_only_rows_that_may_hold_the_words_are_read(
    owner: User, targets: list[Target], django_assert_num_queries: Any
) -> None:
    for number in range(40):
        make_item(targets[0], number, {"name": "Copper kettle"})
    index()

    with django_assert_num_queries(4):  # how many rows, whose, the marks, those that are not indexed
        assert found(owner, q="saucepan") == []


def test_of_many_targets_only_rows_of_ones_own_are_read(
    owner: User, targets: list[Target], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(search, "MOST_TARGETS", 1)
    *_, foreign = targets
    for number in range(40):
        make_item(foreign if number < 36 else targets[0], number, {"name": f"{number} Copper kettle"})
    index()

    with django_assert_num_queries(6):  # as above, one's own ids, and one look at rows
        assert [item.key for item in found(owner, q="kettle")] == ["36", "37", "38", "39"]


@pytest.mark.parametrize("q", ["x", "XY", "x y"])
def test_words_that_are_too_short_for_the_index_are_looked_for_in_some_rows_at_once(
    owner: User, targets: list[Target], monkeypatch: pytest.MonkeyPatch, q: str
) -> None:
    monkeypatch.setattr(search, "MOST_AT_ONCE", 10)
    made = [
        make_item(targets[0], number, {"name": "xy" if number in {3, 27, 28, 29} else "kettle"})
        for number in range(35)
    ]
    index()
    wanted = [made[number] for number in (3, 27, 28, 29)]
    asked = items.Filters(q=q)

    forwards = [items.listed(owner, asked, size=2)]
    while forwards[-1].next is not None:
        forwards.append(items.listed(owner, asked, size=2, cursor=forwards[-1].next))
    backwards = [forwards[-1]]
    while backwards[-1].previous is not None:
        backwards.append(items.listed(owner, asked, size=2, cursor=backwards[-1].previous))

    assert [list(page.rows) for page in forwards] == [wanted[:1], [], wanted[1:3], wanted[3:]]
    assert [page.cut for page in forwards] == [True, True, False, False]
    assert [row for page in backwards[::-1] for row in page.rows] == wanted
    newest = walked(lambda at: items.page(owner, asked, cursor=at, size=1))
    assert [line.item for line in newest] == wanted[::-1]


def test_nothing_is_indexed_while_few_rows_wait(targets: list[Target]) -> None:
    make_item(targets[0], 1, {"name": "Copper kettle"})

    assert searching.index(now=NOW, fewest=2) == 0
    assert not Item.objects.filter(searchable=True).exists()
    assert searching.index(now=NOW, fewest=1) == 1
    assert Item.objects.get().searchable is True


@pytest.mark.parametrize("change", [{"version": 2}, {"url": "https://shop.test/moved"}])
def test_a_row_that_changes_while_it_is_indexed_waits_for_the_next_time(
    owner: User, targets: list[Target], change: dict[str, Any]
) -> None:
    made = make_item(targets[0], 1, {"name": "Copper kettle"})
    source, *_ = stored.SOURCES
    rows = {row.id: row for row in stored.read(source, [made.pk])}
    says(made, {"name": "Saucepan"})
    Item.objects.filter(pk=made.pk).update(**change)

    assert stored.write(source, signatures.segment_of(made.pk), {}, rows=rows, now=NOW)

    assert Item.objects.get().searchable is None
    assert found(owner, q="saucepan") == [made]


def test_of_two_that_index_at_once_only_one_writes(
    owner: User, targets: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_item(targets[0], 1, {"name": "Copper kettle"})
    source, *_ = stored.SOURCES
    rows = {row.id: row for row in stored.read(source, [made.pk])}
    marks_of = stored.marks_of
    segment = signatures.segment_of(made.pk)
    stored.write(source, segment, {1: 1}, rows={}, now=NOW)

    def overtaken(of: stored.Source, number: int) -> dict[int, int]:
        known = marks_of(of, number)
        SearchSegment.objects.update(changes=7)
        return known

    monkeypatch.setattr(stored, "marks_of", overtaken)

    assert not stored.write(source, segment, {2: 1}, rows=rows, now=NOW)
    assert not SearchMarks.objects.filter(place=2).exists()
    assert Item.objects.get().searchable is None


def marks_for(*rows: Item) -> dict[int, dict[int, int]]:
    """Return the marks of each segment that has some of these rows and no others."""
    source, *_ = stored.SOURCES
    marked = signatures.Marked()
    for row in stored.read(source, [item.pk for item in rows]):
        marked.add(row.id, row.target, row.text)
    return {segment: marked.of(segment) for segment in marked.segments()}


def marks_kept() -> dict[int, dict[int, int]]:
    source, *_ = stored.SOURCES
    numbers = SearchSegment.objects.filter(kind=source.kind).values_list("number", flat=True)
    return {number: stored.marks_of(source, number) for number in numbers}


def clock() -> Callable[[], float]:
    """Return a clock that is a second later each time that somebody looks at it."""
    return map(float, count()).__next__


def test_what_takes_longer_than_there_is_time_for_is_indexed_in_parts(
    owner: User, targets: list[Target]
) -> None:
    made = [make_item(targets[0], number, {"name": "Copper kettle"}) for number in range(40)]
    added = []
    while Item.objects.filter(searchable__isnull=True).exists():
        added.append(searching.index(now=NOW, fewest=1, budget_seconds=15, monotonic=clock()))
        assert found(owner, q="kettle") == made

    assert len(added) > 1
    assert (sum(added), 0 in added) == (40, False)
    assert marks_kept() == marks_for(*made)


def test_segment_that_takes_too_long_to_build_anew_is_left_for_another_time(
    owner: User, targets: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "REBUILD_SECONDS", 1)
    source, *_ = stored.SOURCES
    made = [make_item(targets[0], number, {"name": "Copper kettle"}) for number in range(40)]
    index()
    before = marks_kept()
    Item.objects.filter(pk=made[0].pk).delete()

    while searching.rebuild(source, now=LATER, monotonic=clock()) is not None:
        pass

    assert marks_kept() == before
    assert set(SearchSegment.objects.values_list("built_at", flat=True)) == {LATER}
    assert found(owner, q="kettle") == made[1:]


def rebuild_all(now: datetime) -> None:
    source, *_ = stored.SOURCES
    while searching.rebuild(source, now=now) is not None:
        pass


def test_what_is_gone_leaves_the_index_when_its_segment_is_built_again(
    owner: User, targets: list[Target]
) -> None:
    kept = make_item(targets[0], 1, {"name": "kettle"})
    gone = make_item(targets[0], 2, {"name": "saucepan"})
    index()
    both = marks_for(kept, gone)
    Item.objects.filter(pk=gone.pk).delete()

    rebuild_all(NOW)
    assert marks_kept() == both

    rebuild_all(LATER)
    assert marks_kept() == marks_for(kept)
    assert found(owner, q="kettle") == [kept]

    Item.objects.all().delete()
    rebuild_all(LATER + searching.KEPT + timedelta(seconds=1))
    assert marks_kept() == {}
    assert not SearchMarks.objects.exists()


def test_a_segment_with_many_changes_is_built_again(
    targets: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_CHANGES", 2)
    made = make_item(targets[0], 1, {"name": "kettle"})
    for version in (2, 3):
        index()
        Item.objects.filter(pk=made.pk).update(version=version, searchable=None)
    assert SearchSegment.objects.get().changes == 2

    index()

    assert SearchSegment.objects.get().changes == 1
