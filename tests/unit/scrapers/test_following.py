"""What is said of pages that complete records, and what is made of them, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scrapers import reader, registry
from scrapers.fields import InvalidFields, parse
from scrapers.fields.published import json_schema
from scrapers.links import Carried, Follow, Link
from scrapers.page import Page, Scraped
from scrapers.registry import BySite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON
    from scrapers.reader import Reading
    from scrapers.registry import Yielded

URL = "https://shop.test/list"
LINK: dict[str, Any] = {"css": "a", "type": "url"}


def mistakes(fields: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFields) as raised:
        parse(fields=fields)
    return list(raised.value.problems)


def page(body: str, url: str = URL) -> Page:
    return Page(url=url, body=body.encode(), headers={"content-type": "text/html"})


@pytest.mark.parametrize(
    ("follow", "said"),
    [
        ("nothing", "'nothing' is no field of the record that can be used"),
        ("name", "name must be one link: give it the type url, without many"),
        ("many", "many must be one link: give it the type url, without many"),
        ("text", "text must be one link: give it the type url, without many"),
        ("self", "goes in a circle: follow a field that is on a page before"),
        ("two", "goes in a circle: follow a field that is on a page before"),
        (3, "must be the name of a field of type url"),
        ("", "must be the name of a field of type url"),
    ],
)
def test_mistake_is_told_with_its_place(follow: object, said: str) -> None:
    fields = {
        "name": "css:h1",
        "link": LINK,
        "many": LINK | {"many": True},
        "self": LINK | {"follow": follow},
        "two": LINK | {"follow": "self"},
        "text": {"css": "p", "follow": "link"},
    }
    assert ("fields.self.follow", said) in mistakes(fields)


def test_only_fields_of_the_record_itself_follow() -> None:
    nested = {"link": LINK, "group": {"fields": {"text": {"css": "p", "follow": "link"}}}}
    said = "is for fields of the record itself; give it to the outermost one"
    assert mistakes(nested) == [("fields.group.fields.text.follow", said)]


def test_no_more_than_three_pages_complete_a_record() -> None:
    links = {f"link{n}": LINK for n in range(4)}
    fields = links | {f"text{n}": {"css": "p", "follow": f"link{n}"} for n in range(4)}
    assert [path for path, _said in mistakes(fields)] == ["fields"]
    del fields["text3"]
    assert parse(fields=fields).links == ("link0", "link1", "link2")


def test_links_are_followed_after_the_page_they_are_on() -> None:
    fields = {
        "last": {"css": "p", "follow": "second"},
        "second": LINK | {"follow": "first"},
        "first": LINK,
    }
    assert parse(fields=fields).links == ("first", "second")


def test_published_schema_has_it_for_the_outermost_fields_only() -> None:
    defined = json_schema()["$defs"]
    known = [
        "follow" in defined[f"fields{level}"]["additionalProperties"]["anyOf"][1]["properties"]
        for level in range(1, 6)
    ]
    assert known == [True, False, False, False, False]


def declared(fields: dict[str, Any], row: str = "li") -> Any:
    return registry.compile(name="fields", row=row, fields=fields)


def resumed(scraper: Any, body: str, carried: Carried) -> Reading:
    return reader.resume(page(body, carried.url), scraper, [carried], again=True)


def test_record_goes_on_with_what_its_list_says() -> None:
    scraper = declared({"name": "css:a, b", "link": LINK, "text": {"css": "p", "follow": "link"}})

    reading = reader.read(page('<li><a href="/1#x">One</a></li><li><b>None</b></li>'), scraper)

    link = "https://shop.test/1"
    data: dict[str, JSON] = {"name": "One", "link": f"{link}#x"}
    assert reading.follows == (Carried(url=link, callback="link", data=data),)
    assert [item.data for item in reading.items] == [{"name": "None"}]
    whole = resumed(scraper, "<p>Text", reading.follows[0])
    assert [list(item.data) for item in whole.completed[0]] == [["name", "link", "text"]]
    assert (whole.items, whole.links, whole.problems) == ((), (), ())


def test_required_field_of_a_further_page_decides_whether_a_record_is_given_out() -> None:
    fields: dict[str, Any] = {
        "name": "css:a, b",
        "link": LINK,
        "text": {"css": "p", "follow": "link", "required": True},
        "rest": {"css": "b", "follow": "link", "default": "none"},
    }
    scraper = declared(fields)

    reading = reader.read(page('<li><a href="/1">One</a></li><li><b>None</b></li>'), scraper)

    assert [record.partial for record in reading.follows] == [False]
    assert not reading.items
    assert [(problem.code, problem.field) for problem in reading.problems] == [("missing_required", "text")]
    lacking = resumed(scraper, "<b>rest", reading.follows[0])
    assert (lacking.completed, [problem.field for problem in lacking.problems]) == (((),), ["text"])
    whole = resumed(scraper, "<p>Text", reading.follows[0])
    assert whole.completed[0][0].data["rest"] == "none"


def test_group_without_a_selector_is_read_from_the_further_page() -> None:
    group = {"fields": {"text": "css:p", "bold": "css:b"}, "follow": "link"}
    scraper = declared({"link": LINK, "detail": group})
    reading = reader.read(page('<li><a href="/1">One</a></li>'), scraper)

    whole = resumed(scraper, "<p>Text<b>!</b>", reading.follows[0])

    assert whole.completed[0][0].data["detail"] == {"text": "Text!", "bold": "!"}


def test_page_that_is_no_text_lacks_the_fields() -> None:
    scraper = declared({"link": LINK, "text": {"css": "p", "follow": "link"}})
    carried = Carried(url=f"{URL}.png", callback="link", data={"link": f"{URL}.png"})
    picture = Page(url=carried.url, body=b"\x89PNG\r\n\x1a\n\x00", headers={"content-type": "image/png"})

    reading = reader.resume(picture, scraper, [carried])

    assert [item.data for item in reading.completed[0]] == [carried.data]


def test_page_that_says_nofollow_sends_no_record_on() -> None:
    scraper = declared({"name": "css:a", "link": LINK, "text": {"css": "p", "follow": "link"}})
    body = '<meta name=robots content=nofollow><li><a href="/1">One</a></li>'

    (record,) = reader.read(page(body), scraper).follows

    assert record.refusal == reader.NOFOLLOW


class Site:
    """Follows as its test says."""

    name = "site_of_a_test"
    title = description = ""
    callbacks = ("detail", "listed")

    def __init__(self, *follows: Yielded) -> None:
        self._follows = follows

    def matches(self, _url: str) -> bool:
        return True

    def parse(self, _page: Page) -> Iterator[Yielded]:
        yield from self._follows

    def detail(self, page: Page, data: dict[str, JSON]) -> Iterator[Yielded]:
        yield {**data, "at": page.url}
        yield Follow(url=URL, callback="detail", data=data)

    def listed(self, _page: Page, data: dict[str, JSON]) -> list[Yielded]:
        data["n"] = cast("JSON", object())
        raise ValueError("no")


def by_site(*follows: Yielded) -> BySite:
    return BySite(name="site_of_a_test", sites=(Site(*follows),))


def test_callback_goes_on_one_page_further() -> None:
    scraper = by_site(Follow(url=URL, callback="detail", data={"n": 1}))
    (first,) = reader.read(page(""), scraper).follows
    assert (first.callback, first.level) == ("site_of_a_test.detail", 1)

    reading = resumed(scraper, "", first)

    assert [item.data for item in reading.completed[0]] == [{"n": 1, "at": URL}]
    assert [record.level for record in reading.follows] == [2]


def test_page_after_the_tenth_is_refused() -> None:
    last = Carried(url=URL, callback="site_of_a_test.detail", data={}, level=reader.MAX_LEVELS)
    (record,) = resumed(by_site(), "", last).follows
    assert record.refusal == "a record is completed on 10 pages at most"


def test_record_that_carries_too_much_is_refused_with_the_limit() -> None:
    large: JSON = "x" * reader.MAX_CARRIED_BYTES
    (record,) = reader.read(page(""), by_site(Follow(url=URL, callback="detail", data={"n": large}))).follows
    assert record.refusal.endswith("and 65,536 are what a record may carry")
    assert record.data == {"n": large}


def test_record_with_more_than_an_item_may_have_is_a_problem() -> None:
    large: JSON = "x" * reader.MAX_ITEM_BYTES
    reading = reader.read(page(""), by_site(Follow(url=URL, callback="detail", data={"n": large})))
    assert (reading.follows, [problem.code for problem in reading.problems]) == ((), ["item_too_large"])


def test_follows_count_among_the_items_of_a_page() -> None:
    many = [Follow(url=URL, callback="detail", data={"n": n}) for n in range(reader.MAX_ITEMS + 5)]
    reading = reader.read(page(""), by_site(*many))
    assert len(reading.follows) == reader.MAX_ITEMS
    assert [problem.code for problem in reading.problems] == ["too_many_items"]


def test_callback_that_is_not_named_is_a_problem() -> None:
    reading = reader.read(page(""), by_site(Follow(url=URL, callback="matches", data={})))
    assert "'matches' is not among the callbacks of site_of_a_test" in reading.problems[0].message


@pytest.mark.parametrize(
    ("yielded", "said"),
    [
        (Link(url=cast("str", None)), "the URL of a Link is text, not NoneType"),
        (
            Follow(url=cast("str", None), callback="detail", data={}),
            "the URL of a Follow is text, not NoneType",
        ),
        (Follow(url=URL, callback="detail", data=cast("Any", [1])), "an item is a dict, not list"),
        (Scraped(data=cast("Any", [1])), "an item is a dict, not list"),
    ],
)
def test_what_leads_nowhere_or_is_no_record_costs_its_page_and_nothing_else(
    yielded: Yielded, said: str
) -> None:
    reading = reader.read(page(""), by_site(yielded))
    assert (reading.items, reading.links, reading.follows) == ((), (), ())
    assert said in reading.problems[0].message


@pytest.mark.parametrize("callback", ["site_of_a_test.listed", "site_of_a_test.gone", "gone.detail", ""])
def test_record_whose_callback_raises_or_is_gone_is_given_out_as_it_is(callback: str) -> None:
    carried = Carried(url=URL, callback=callback, data={"n": 1})
    reading = resumed(by_site(), "", carried)
    assert [problem.code for problem in reading.problems] == ["scraper_raised"]
    assert [(record.data, bool(record.refusal)) for record in reading.follows] == [({"n": 1}, True)]


@given(
    names=some.lists(some.sampled_from("abcdef"), min_size=1, max_size=6, unique=True),
    follows=some.lists(some.one_of(some.none(), some.sampled_from("abcdef")), min_size=6, max_size=6),
    has=some.sets(some.sampled_from("abcdef")),
)
def test_whatever_follows_what_a_record_ends_after_its_pages(
    names: list[str], follows: list[str | None], has: set[str]
) -> None:
    """Declarations of chance: refused, or each record comes out once, by no page twice, in order."""
    fields: dict[str, Any] = {}
    for name, follow in zip(names, follows, strict=False):
        fields[name] = {"css": f"a.{name}", "type": "url"} | ({"follow": follow} if follow else {})
    try:
        scraper: Any = declared(fields, row="")
    except registry.InvalidScraper:
        return
    body = "".join(f'<a class={name} href="/{name}">x</a>' for name in sorted(has))
    reading = reader.read(page(body), scraper)
    found, seen = [item.data for item in reading.items], []
    waiting = list(reading.follows)
    while waiting:
        record = waiting.pop()
        seen.append(record.url)
        reading = resumed(scraper, body, record)
        found += [item.data for item in reading.completed[0]]
        waiting += reading.follows
    assert len(seen) == len(set(seen)) <= 3
    firsts = {name for name in names if "follow" not in fields[name]} & has
    assert len(found) == (1 if firsts else 0)
    assert all(list(data) == [name for name in names if name in data] for data in found)
