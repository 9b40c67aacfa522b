"""Records that are completed on further pages: one item of both, whatever happens between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import CarriedRecord, Item, ItemVersion, ProblemSample, Request, RunState
from crawler.queries import behind, dry_runs
from crawler.services import reports
from demo import catalogue
from scrapers import registry
from scrapers.links import Follow
from tests.crawling import a_run, again, finished
from tests.law import assert_conserved
from tests.shop import ShopServer
from tests.site.pages import HTML
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.models import Run
    from scrapers.page import JSON, Page
    from scrapers.registry import Yielded
    from tests.site.reply import Reply
    from tests.site.server import Received

pytestmark = pytest.mark.django_db(transaction=True)
EPOCH = 4
FIELDS: dict[str, Any] = {
    "name": {"css": "a", "required": True},
    "link": {"css": "a", "type": "url"},
    "text": {"css": "#text", "follow": "link"},
}
LISTED: dict[str, Any] = {"scraper": "fields", "row": "li", "fields": FIELDS}


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


def rows(*links: tuple[str, str], beside: str = "") -> str:
    return "<!doctype html>" + "".join(f'<li><a href="{to}">{name}</a></li>' for name, to in links) + beside


def text(said: str, beside: str = "") -> str:
    return f"<!doctype html><p id=text>{said}</p>{beside}"


def items() -> dict[str, Any]:
    return {item.data["name"]: item.data.get("text") for item in Item.objects.all()}


def problems(run: Run) -> list[tuple[str, str]]:
    """Return code and message of each problem, without the URL, sorted."""
    samples = ProblemSample.objects.filter(run=run)
    return sorted((sample.code, sample.message.partition(": ")[2]) for sample in samples)


def move(site: HostileSite, path: str, to: str) -> None:
    site.serve(path, "", status=302, headers=[("Location", to)])


async def _welcomes_who_was_checked(_site: HostileSite, request: Received, reply: Reply) -> None:
    if request.header("Cookie"):
        await reply.send(200, text("welcome").encode(), [HTML])
    else:
        await reply.send(302, headers=[("Location", "/check"), ("Set-Cookie", "seen=1; Path=/")])


def test_each_product_of_the_shop_is_one_item_of_both_pages() -> None:
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

    sold = [one for one in catalogue.products(epoch=EPOCH) if one.category == "kitchen"]
    said = {item.key: (item.data["name"], item.data["price"]) for item in Item.objects.all()}
    assert said == {one.sku: (one.name, float(one.price)) for one in sold}
    assert (run.state, run.problems, run.items) == (RunState.FINISHED, 0, len(sold))
    assert len(shop.asked) == len(set(shop.asked))
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)


def test_page_that_was_read_before_its_record_came_is_not_asked_for_again(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one"), ("Two", "/two")))
    site.serve("/one", text("first", beside="<a href='/late'>more</a>"))
    site.serve("/two", text("second"))
    site.serve("/late", rows(("Again one", "/one"), ("Again two", "/two")))

    run = finished(a_run(site.url("/"), key=["name"], **LISTED))

    assert items() == {"One": "first", "Two": "second", "Again one": "first", "Again two": "second"}
    assert [len(site.asked(path)) for path in ("/one", "/two", "/late")] == [1, 1, 1]
    assert (run.pages, run.done, run.problems) == (4, 4, 0)
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)


def test_record_whose_page_is_not_there_is_stored_without_it(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one"), ("Gone", "/gone"), ("Far", "http://elsewhere.test/far")))
    site.serve("/one", text("first"))

    run = finished(a_run(site.url("/"), key=["name"], **LISTED))

    assert items() == {"One": "first", "Gone": None, "Far": None}
    assert problems(run) == [
        ("record_incomplete", "its page lies outside of the start URLs' hosts"),
        ("record_incomplete", "its page was not had (status-404)"),
    ]
    assert run.problems == 2
    assert_conserved(run)


def test_record_that_needs_its_page_is_not_stored_without_it(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one"), ("Gone", "/gone"), ("Empty", "/empty")))
    site.serve("/one", text("first"))
    site.serve("/empty", "<!doctype html><p>nothing")
    fields = FIELDS | {"text": FIELDS["text"] | {"required": True}}

    run = finished(a_run(site.url("/"), key=["name"], **LISTED | {"fields": fields}))
    reports.report(run=run)

    assert items() == {"One": "first"}
    assert [code for code, _message in problems(run)] == ["missing_required", "record_not_completed"]
    run.refresh_from_db()
    assert not run.saw_all


def test_item_keeps_what_its_page_said_when_that_cannot_be_had(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one")))
    site.serve("/one", text("first"))
    first = finished(a_run(site.url("/"), key=["name"], **LISTED))
    site.serve("/", rows(("One", "/elsewhere")))

    run = finished(again(first))

    item = Item.objects.get()
    assert item.data == {"name": "One", "link": site.url("/elsewhere"), "text": "first"}
    assert (item.version, run.items, run.items_changed) == (2, 1, 1)


def test_page_limit_leaves_a_record_incomplete(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one"), ("Two", "/two")))
    site.serve("/one", text("first"))

    run = finished(a_run(site.url("/"), key=["name"], max_pages=2, **LISTED))
    assert items() == {"One": "first"}
    reports.report(run=run)

    assert items() == {"One": "first", "Two": None}
    assert [message[:25] for _code, message in problems(run)] == ["its page is not asked for"]


def test_record_goes_where_its_page_was_moved(site: HostileSite) -> None:
    site.serve(
        "/", rows(("One", "/old"), ("Two", "/older"), ("Three", "/away"), beside="<a href='/late'>x</a>")
    )
    site.serve("/late", rows(("Four", "/older")))
    move(site, "/older", "/old")
    move(site, "/old", "/new")
    move(site, "/away", "http://elsewhere.test/")
    site.serve("/new", text("moved"))

    run = finished(a_run(site.url("/"), key=["name"], **LISTED))

    assert items() == {"One": "moved", "Two": "moved", "Three": None, "Four": "moved"}
    assert problems(run) == [("record_incomplete", "its page is elsewhere, where the run does not go")]
    assert len(site.asked("/new")) == 1
    assert_conserved(run)


def test_record_goes_with_a_page_that_sends_a_cookie_along_and_comes_back(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one"), beside="<a href='/late'>x</a>"))
    site.serve("/late", rows(("Late", "/one")))
    site.answer("/one", _welcomes_who_was_checked)
    move(site, "/check", "/one")

    run = finished(a_run(site.url("/"), key=["name"], cookies=True, **LISTED))

    assert items() == {"One": "welcome", "Late": "welcome"}
    assert (run.problems, [len(site.asked(path)) for path in ("/one", "/check", "/late")]) == (0, [2, 1, 1])
    (page,) = behind.pages(run.target_id, [(run.pk, site.url("/one"))], since=None).values()
    assert page.page is not None
    assert_conserved(run)


def test_pages_of_records_may_be_moved_whatever_the_depth(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/old")))
    move(site, "/old", "/new")
    site.serve("/new", text("moved"))

    run = finished(a_run(site.url("/"), max_depth=0, key=["name"], **LISTED))

    assert items() == {"One": "moved"}
    same = dry_runs.compare(run, run.settings, seconds=1.0, monotonic=lambda: 0.0)
    assert (same.kept, same.dropped.count) == (3, 0)


def test_record_without_key_fields_is_the_same_item_when_its_page_that_was_moved_is_gone(
    site: HostileSite,
) -> None:
    site.serve("/", rows(("One", "/old")))
    move(site, "/old", "/new")
    site.serve("/new", text("moved"))
    first = finished(a_run(site.url("/"), **LISTED))
    site.serve("/new", "", status=404)

    finished(again(first))

    assert [(item.key, item.data["text"]) for item in Item.objects.all()] == [(site.url("/new"), "moved")]


def test_unchanged_list_still_sends_its_records_on(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one")))
    site.serve("/one", text("first"))
    first = finished(a_run(site.url("/"), key=["name"], **LISTED))
    site.serve("/one", text("second"))

    run = finished(again(first))

    assert run.pages_unchanged == 1
    assert items() == {"One": "second"}
    assert ItemVersion.objects.count() == 1


def test_record_is_completed_on_three_pages(site: HostileSite) -> None:
    fields = FIELDS | {
        "maker": {"css": "a.maker", "type": "url", "follow": "link"},
        "country": {"css": "a.country", "type": "url", "follow": "maker"},
        "town": {"css": "#text", "follow": "maker"},
        "anthem": {"css": "#text", "follow": "country", "required": True},
    }
    site.serve("/", rows(("One", "/one")))
    site.serve("/one", text("first", "<a class=maker href=/maker>Maker</a>"))
    site.serve("/maker", text("Ulm", "<a class=country href=/country>Country</a>"))
    site.serve("/country", text("la la"))

    run = finished(a_run(site.url("/"), max_depth=0, **LISTED | {"fields": fields}))

    said = Item.objects.get()
    assert list(said.data) == list(fields)
    assert (said.data["text"], said.data["town"], said.data["anthem"]) == ("first", "Ulm", "la la")
    assert said.key == site.url("/country")
    assert (run.problems, run.pages) == (0, 4)


def test_records_of_many_rows_for_one_page_all_come_out(site: HostileSite) -> None:
    names = [f"Row {number}" for number in range(250)]
    site.serve("/", rows(*((name, "/one") for name in names)))
    site.serve("/one", text("first"))

    run = finished(a_run(site.url("/"), key=["name"], **LISTED))

    assert items() == dict.fromkeys(names, "first")
    assert len(site.asked("/one")) == 1
    assert run.done == run.pages == 2
    assert_conserved(run)


def test_what_a_run_leaves_over_is_given_out_when_it_has_ended(site: HostileSite) -> None:
    site.serve("/", rows(("One", "/one")))
    run = a_run(site.url("/"), key=["name"], **LISTED)
    run = finished(run)
    start = Request.objects.get(run=run, url=site.url("/"))
    CarriedRecord.objects.create(
        run=run, request=start.pk, digest=b"1", url=site.url("/x"), callback="link",
        data=b'{"name": "Left"}', partial=True, level=1,
    )  # fmt: skip

    for _ in range(2):
        reports.report(run=run)

    assert items() == {"One": None, "Left": None}
    assert not CarriedRecord.objects.exists()
    assert (run.items, run.problems) == (2, 2)
    assert_conserved(run)


class Makers:
    """A Python scraper that follows: rows to makers, and these to each other without end."""

    name = "makers"
    title = "Makers"
    description = "What makers say."
    callbacks = ("maker", "broken")

    def matches(self, url: str) -> bool:
        return url.endswith("/")

    def parse(self, page: Page) -> Iterator[Yielded]:
        for link in page.css("li a"):
            url = page.absolute(link.attributes["href"] or "") or ""
            yield Follow(
                url=url, callback=link.attributes.get("class") or "maker", data={"name": link.text()}
            )

    def maker(self, page: Page, data: dict[str, JSON]) -> Iterator[Yielded]:
        data["text"] = page.css("#text")[0].text()
        for link in page.css("a.on"):
            yield Follow(url=page.absolute(link.attributes["href"] or "") or "", callback="maker", data=data)
            return
        yield data

    def broken(self, _page: Page, _data: dict[str, JSON]) -> Iterator[Yielded]:
        raise ValueError("not today")


@pytest.fixture
def makers() -> Iterator[None]:
    registry.add((Makers(),))
    yield
    registry.add(())


@pytest.mark.usefixtures("makers")
def test_python_scraper_carries_data_to_its_callbacks(site: HostileSite) -> None:
    broken = '<li><a class="broken" href="/one">Broken</a></li><li><a class="lost" href="/one">Lost</a></li>'
    site.serve("/", rows(("One", "/one"), ("Ring", "/a"), beside=broken))
    site.serve("/one", text("first"))
    site.serve("/a", text("A", "<a class=on href=/b>on</a>"))
    site.serve("/b", text("B", "<a class=on href=/a>on</a>"))

    run = finished(a_run(site.url("/"), scraper="makers", key=["name"]))

    assert items() == {"One": "first", "Ring": "B", "Broken": None}
    assert [(code, message) for code, message in problems(run) if code.startswith("record")] == [
        ("record_incomplete", "a record is completed on 10 pages at most"),
        ("record_incomplete", "its scraper raised an exception on this page"),
    ]
    assert [len(site.asked(path)) for path in ("/one", "/a", "/b")] == [1, 1, 1]
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)
