"""Replays complete records on the stored pages behind them: what comes of them is what a crawl made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from crawler import trials
from crawler.models import (
    Item,
    Page,
    Replay,
    ReplayState,
    Request,
    Run,
    Snapshot,
)
from crawler.policy.replays import Totals
from crawler.services import replays
from crawler.services.replays import joining
from demo import catalogue
from scrapers import folder
from tests.crawling import a_run, again, finished
from tests.shop import ShopServer
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.trials import StoredPage
    from scrapers.links import Carried

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

EPOCH = 4
HOUR = timedelta(hours=1)
FIELDS: dict[str, Any] = {
    "name": {"css": "a", "required": True},
    "link": {"css": "a", "type": "url"},
    "text": {"css": "#text", "follow": "link"},
}
LISTED: dict[str, Any] = {"scraper": "fields", "row": "li", "fields": FIELDS}
DEEP: dict[str, Any] = FIELDS | {
    "maker": {"css": "a.maker", "type": "url", "follow": "link"},
    "country": {"css": "a.country", "type": "url", "follow": "maker"},
    "town": {"css": "#text", "follow": "maker"},
    "anthem": {"css": "#text", "follow": "country"},
}
RING = """
from scrapers.links import Follow

class Ring:
    name = "ring"
    title = "Ring"
    description = "Pages that lead to each other without end."
    callbacks = ("on", "broken")

    def matches(self, url):
        return url.endswith("/")

    def parse(self, page):
        for link in page.css("li a"):
            url = page.absolute(link.attributes["href"])
            yield Follow(url=url, callback=link.attributes.get("class") or "on", data={"name": link.text()})

    def on(self, page, data):
        data["text"] = page.css("#text")[0].text()
        for link in page.css("a.maker"):
            yield Follow(url=page.absolute(link.attributes["href"]), callback="on", data=data)
            return
        yield data

    def broken(self, page, data):
        raise ValueError("not today")
"""


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "ring.py").write_text(RING)
    before = folder.installed().path
    folder.install(str(tmp_path))
    yield
    folder.install(str(before or ""))


def rows(*links: tuple[str, str], beside: str = "") -> str:
    return "<!doctype html>" + "".join(f'<li><a href="{to}">{name}</a></li>' for name, to in links) + beside


def text(said: str, beside: str = "") -> str:
    return f"<!doctype html><p id=text>{said}</p>{beside}"


def maker(to: str) -> str:
    return f"<a class=maker href={to}>Maker</a>"


def serve(site: HostileSite) -> None:
    """Serve lists whose records go on to pages that are there, moved, gone, shared, and lead in a circle."""
    links = [
        ("One", "/one"),
        ("Old", "/older"),
        ("Away", "/away"),
        ("Gone", "/gone"),
        ("Far", "http://far.test/"),
    ]
    links += [(f"Row {number}", "/shared") for number in range(5)]
    site.serve("/", rows(*links, beside="<a href=/late>late</a>"))
    site.serve("/late", rows(("Late", "/one"), ("Self", "/late"), beside="<p id=text>itself</p>"))
    site.serve("/one", text("first", maker("/maker")))
    site.serve("/maker", text("Ulm", "<a class=country href=/country>Country</a>" + maker("/one")))
    site.serve("/country", text("la la"))
    site.serve("/shared", text("shared", maker("/gone")))
    for path, to in (("/older", "/old"), ("/old", "/new"), ("/away", "http://far.test/")):
        site.serve(path, "", status=302, headers=[("Location", to)])
    site.serve("/new", text("moved"))


def tried(run: Run, person: User, pages: int | None = None, **data: Any) -> Replay:
    return done(replays.start(target=run.target, by=person, data=data, pages=pages, now=timezone.now()))


def stored(trial: Replay, person: User) -> Replay:
    return done(replays.store(replay=trial, by=person, now=timezone.now()))


def rewritten(run: Run, person: User) -> Replay:
    """Return a replay that has read and stored what a run fetched, with the target's settings."""
    with transaction.atomic():
        replay = replays.store_run(target=run.target, run=run.pk, by=person, now=timezone.now())
    return done(replay)


def done(replay: Replay) -> Replay:
    replays.advance(replay=replay.pk, now=timezone.now(), budget_seconds=600)
    replay.refresh_from_db()
    return replay


def counts(replay: Replay) -> dict[str, int]:
    return {change: count for change, count in Totals.of_json(replay.totals).records.items() if count}


def problems(replay: Replay) -> dict[str, int]:
    return {code: count for code, _field, count, _message in Totals.of_json(replay.totals).problems}


def items() -> dict[str, dict[str, Any]]:
    return {item.key: item.data for item in Item.objects.all()}


def by_name(field: str) -> dict[str, Any]:
    return {item.data["name"]: item.data.get(field) for item in Item.objects.all()}


def test_kitchen_is_read_as_it_was_crawled_and_an_edit_changes_what_it_is_about(person: User) -> None:
    fields = FIELDS | {
        "price": {"css": ".price", "type": "price"},
        "sku": {"css": ".sku", "transform": [{"replace": ["^Article ", ""]}], "follow": "link"},
    }
    settings: dict[str, Any] = {
        "scraper": "fields",
        "row": ".card",
        "fields": fields,
        "options": {"next": "a[rel=next]"},
    }
    with ShopServer(epoch=EPOCH) as shop:
        run = finished(a_run(f"{shop.origin}/category/kitchen/", max_depth=0, key=["sku"], **settings))
        asked, sold = (
            len(shop.asked),
            sum(one.category == "kitchen" for one in catalogue.products(epoch=EPOCH)),
        )
        same = tried(run, person)
        edited = tried(run, person, fields=fields | {"title": {"css": "h1", "follow": "link"}})
        lists = tried(run, person, pages=1)
        assert len(shop.asked) == asked

    assert (counts(same), problems(same)) == ({"same": sold}, {})
    assert (counts(edited), problems(edited)) == ({"changed": sold}, {})
    assert {tuple(one["fields"]) for one in edited.samples} == {("title",)}
    assert [(one.name, one.before, one.after) for one in Totals.of_json(edited.totals).coverage()][-1] == (
        "title", 0.0, 1.0,
    )  # fmt: skip
    assert 0 < counts(lists)["same"] < sold
    stored(edited, person)
    assert {item.version for item in Item.objects.all()} == {2}
    assert {item.data["title"] == item.data["name"] for item in Item.objects.all()} == {True}


def test_whatever_became_of_a_record_in_a_run_a_replay_makes_of_it_too(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    run = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED | {"fields": DEEP}))
    crawled, sent = items(), len(hostile_site.requests)
    replay = rewritten(run, person)

    assert counts(replay) == {"same": 12}
    assert items() == crawled
    assert {item.version for item in Item.objects.all()} == {1}
    assert len(hostile_site.requests) == sent
    # Away, Gone and Far lack their first page, and what is shared its second.
    assert problems(replay) == {"record_incomplete": 3 + 5}


def test_records_without_key_fields_have_the_keys_that_a_run_gave_them(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    links = [
        ("One", "/one"),
        ("Old", "/older"),
        ("Away", "/away"),
        ("Gone", "/gone"),
        ("Far", "http://far.test/"),
    ]
    hostile_site.serve("/", rows(*links))
    run = finished(a_run(hostile_site.url("/"), **LISTED))

    assert counts(tried(run, person)) == {"same": 5}


@pytest.mark.usefixtures("ring")
def test_python_scraper_that_follows_in_a_circle_is_read_as_it_was_crawled(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    broken = '<li><a class=broken href="/one">Broken</a></li>'
    hostile_site.serve("/", rows(("One", "/one"), ("Old", "/older"), beside=broken))
    run = finished(a_run(hostile_site.url("/"), scraper="ring", key=["name"]))
    crawled = items()
    trial = rewritten(run, person)

    assert {name: data.get("text") for name, data in crawled.items()} == {
        "One": "Ulm", "Old": "moved", "Broken": None,
    }  # fmt: skip
    assert counts(trial) == {"same": 3}
    assert problems(trial) == {"record_incomplete": 2, "scraper_raised": 1}


def test_edit_of_a_page_behind_is_stored_though_items_were_seen_after_their_pages(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    run = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED))
    before = {item.key: (item.last_seen, item.data.get("text")) for item in Item.objects.all()}
    trial = tried(run, person, fields=FIELDS | {"more": {"css": "#text", "follow": "link"}})
    stored(trial, person)

    told = by_name("more")
    assert told == {name: said for name, (_seen, said) in before.items()}
    assert {item.key: item.last_seen for item in Item.objects.all()} == {
        name: seen for name, (seen, _said) in before.items()
    }


def test_page_that_is_not_stored_is_named_and_its_item_keeps_what_it_said(
    hostile_site: HostileSite, person: User
) -> None:
    hostile_site.serve("/", rows(("One", "/one"), ("Two", "/two"), ("Three", "/three")))
    for name in ("one", "two", "three"):
        hostile_site.serve(f"/{name}", text(name))
    run = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED))
    Page.objects.filter(url__endswith="/one").delete()
    two = Page.objects.get(url__endswith="/two")
    Snapshot.objects.filter(hash=two.body_hash).delete()
    trial = tried(run, person, fields=FIELDS | {"label": {"css": "a"}})
    told = dict.fromkeys(message for *_others, message in Totals.of_json(trial.totals).problems)

    assert list(told) == [f"{hostile_site.url('/one')}: its page is not stored"]
    assert problems(trial) == {"record_incomplete": 2}
    assert counts(trial) == {"changed": 3}
    stored(trial, person)
    assert by_name("text") == {"One": "one", "Two": "two", "Three": "three"}
    assert by_name("label") == {"One": "One", "Two": "Two", "Three": "Three"}


def test_record_that_needs_a_page_that_is_not_stored_is_told_of_and_left_alone(
    hostile_site: HostileSite, person: User
) -> None:
    hostile_site.serve("/", rows(("One", "/one")))
    hostile_site.serve("/one", text("first"))
    run = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED))
    Page.objects.filter(url__endswith="/one").delete()
    needed = FIELDS | {"text": FIELDS["text"] | {"required": True}}
    trial = stored(tried(run, person, fields=needed), person)

    assert problems(trial) == {"record_not_completed": 1}
    assert by_name("text") == {"One": "first"}


def test_records_that_were_read_alone_before_are_compared_with_what_they_become(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    alone = {name: said for name, said in FIELDS.items() if "follow" not in said}
    run = finished(a_run(hostile_site.url("/"), **LISTED | {"fields": alone, "key": ["name"]}))
    trial = tried(run, person, fields=FIELDS)
    sample = next(one for one in trial.samples if one["key"] == "One")

    assert counts(trial) == {"changed": 9, "same": 3}
    assert (sample["url"], sample["after"]["text"]) == (hostile_site.url("/one"), "first")


def test_page_behind_is_that_of_the_run_whose_pages_are_read(hostile_site: HostileSite, person: User) -> None:
    hostile_site.serve("/", rows(("One", "/one"), ("Two", "/two")))
    hostile_site.serve("/one", text("first"))
    hostile_site.serve("/two", text("second"))
    first = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED))
    hostile_site.serve("/two", "", status=404)
    hostile_site.serve("/one", text("third"))
    run = finished(again(first))
    Item.objects.all().delete()
    rewritten(run, person)

    assert by_name("text") == {"One": "third", "Two": None}


def test_where_a_page_was_moved_is_known_by_a_run_before_that_followed_links(
    hostile_site: HostileSite, person: User
) -> None:
    serve(hostile_site)
    run = finished(a_run(hostile_site.url("/"), key=["name"], **LISTED))
    Page.objects.filter(url=hostile_site.url("/")).update(run=run.pk + 1)

    assert problems(tried(run, person)) == {"record_incomplete": 3}
    Request.objects.filter(run=run).delete()
    trial = tried(run, person)
    assert (counts(trial), problems(trial)) == (
        {"same": 12},
        {"record_incomplete": 4},
    )  # Old keeps what it says


@pytest.fixture
def shared(hostile_site: HostileSite) -> Run:
    """A crawl of two lists of four records each, that all lead to one page and a page of their own."""
    fields = FIELDS | {"maker": DEEP["maker"], "town": DEEP["town"]}
    for name in ("/", "/late"):
        links = [(f"{name}{number}", f"{name}x{number}") for number in range(4)]
        hostile_site.serve(name, rows(*links, beside="<a href=/late>late</a>"))
        for _name, path in links:
            hostile_site.serve(path, text(path, maker("/maker")))
    hostile_site.serve("/maker", text("Ulm"))
    return finished(a_run(hostile_site.url("/"), key=["name"], **LISTED | {"fields": fields}))


def test_page_behind_many_records_is_read_once(
    shared: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[tuple[str, int]]] = []
    read = trials.completed_of

    def noted(settings: Any, pages: Sequence[tuple[StoredPage, Sequence[Carried]]], **more: Any) -> Any:
        asked.append([(page.url.rpartition("/")[2], len(carried)) for page, carried in pages])
        return read(settings, pages, **more)

    monkeypatch.setattr(trials, "completed_of", noted)
    monkeypatch.setattr(joining, "TOGETHER_SECONDS", 600.0)
    assert counts(tried(shared, person)) == {"same": 8}
    assert [len(pages) for pages in asked] == [8, 1]
    assert asked[1] == [("maker", 8)]


def test_what_is_too_much_for_some_pages_is_done_page_by_page(
    shared: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    join = joining.join

    def noted(starts: Sequence[Any], **more: Any) -> list[joining.Joined]:
        sizes.append(len(starts))
        return join(starts, **more)

    monkeypatch.setattr(joining, "join", noted)
    monkeypatch.setattr(joining, "TOGETHER_SECONDS", 0.0)
    assert counts(tried(shared, person)) == {"same": 8}
    assert sizes == sorted(sizes, reverse=True)  # once is enough to see what is too much
    assert sizes[-1] == 1
    monkeypatch.setattr(joining, "MOST_BYTES", 100)
    trial = tried(shared, person)
    assert (counts(trial), problems(trial)) == ({}, {"item_too_large": 2})


def test_page_whose_records_take_too_long_has_the_rest_of_them_incomplete(
    shared: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "TOGETHER_SECONDS", 0.0)
    monkeypatch.setattr(joining, "ALONE_SECONDS", 0.0)
    trial = tried(shared, person)
    assert (counts(trial), problems(trial)) == ({"same": 8}, {"record_incomplete": 8})


def test_no_more_records_of_a_page_are_completed_than_may_be(
    shared: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_OF_A_PAGE", 6)
    trial = tried(shared, person)
    assert (counts(trial), problems(trial)) == ({"same": 8}, {"record_incomplete": 4})


def test_replay_goes_on_within_what_was_read_and_counts_nothing_twice(
    shared: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.services.replays.advancing.COMMIT_RECORDS", 4)
    replay = replays.start(target=shared.target, by=person, data={}, pages=None, now=timezone.now())
    steps = 0
    while replays.step(replay=replay.pk, now=timezone.now(), is_up=lambda: True):
        steps += 1
    replay.refresh_from_db()

    assert (replay.state, counts(replay)) == (ReplayState.DONE, {"same": 8})
    assert steps > 1
