"""A test fetch reads its page in a process that can be ended."""

from __future__ import annotations

import pytest

from crawler import trials
from crawler.http import Fetched, Headers
from crawler.trials import asking
from scrapers.reader import Problem

pytestmark = pytest.mark.usefixtures("forked_trials")

PAGE = '<title>Shop</title><h1>Kettle</h1><p>€ 5</p><a href="/next">next</a>' + "<b>x</b>" * 300


def page(body: bytes = PAGE.encode(), content_type: str = "text/html") -> Fetched:
    return Fetched(
        url="https://shop.test/",
        status=200,
        headers=Headers([("Content-Type", content_type)]),
        body=body,
        wire_bytes=len(body),
        elapsed_seconds=0.1,
    )


def fields(**declared: object) -> dict[str, object]:
    return {"name": "fields", "fields": declared}


def test_what_is_read_there_is_what_would_be_read_here() -> None:
    settings = fields(name="css:h1", price={"css": "p", "type": "price"}, size={"css": "i", "required": True})
    reading = trials.reading_of(settings | {"row": "css:body"}, page())
    assert reading.items == ()
    assert reading.problems == (
        Problem(code="missing_required", message="row 1: required field size is missing", field="size"),
    )
    assert [link.url for link in reading.links] == ["https://shop.test/next"]
    assert reading.facts.title == "Shop"
    (item,) = trials.reading_of(fields(name="css:h1", price={"css": "p", "type": "price"}), page()).items
    assert item.data == {"name": "Kettle", "price": 5.0}


def test_selector_that_only_this_page_makes_endless_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = "//h1[.='Kettle'][count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0]"
    assert trials.problems_of(fields(a={"xpath": guarded})) == ()
    monkeypatch.setattr(asking, "READ_CPU_SECONDS", 0.2)
    with pytest.raises(trials.TookTooLong):
        trials.reading_of(fields(a={"xpath": guarded}), page())


def test_expression_that_only_this_page_makes_a_bomb_gives_a_problem_and_no_more() -> None:
    guarded = "bomb && (" + "|".join(["[@,@][]"] * 100) + ")"
    assert trials.problems_of(fields(a={"jmespath": guarded})) == ()
    reading = trials.reading_of(fields(a={"jmespath": guarded}), page(b'{"bomb": 1}', "application/json"))
    assert reading.items == ()
    assert reading.problems[0].message == "field a: the expression makes too much of this page"


def stored(*bodies: str) -> list[trials.StoredPage]:
    headers = {"content-type": "text/html"}
    return [
        trials.StoredPage(f"https://shop.test/{number}", headers, body.encode())
        for number, body in enumerate(bodies)
    ]


def test_links_of_stored_pages_are_told_once_and_in_their_order() -> None:
    pages = stored('<a href="/a">x</a><a href="/b">x</a>', "none", '<a href="/b">x</a><a href="/c">x</a>')
    told = trials.links_of(pages, cpu_seconds=5, wait_seconds=60)
    assert told == [["https://shop.test/a", "https://shop.test/b"], [], ["https://shop.test/c"]]


def test_pages_before_one_that_takes_too_long_are_told() -> None:
    long = "".join(f"<a href=/../{number}>x</a>" for number in range(150_000))  # 1.5 s
    told = trials.links_of(stored('<a href="/a">x</a>', long, "x"), cpu_seconds=0.2, wait_seconds=60)
    assert told == [["https://shop.test/a"]]


def test_page_whose_links_are_far_longer_than_itself_tells_none_of_them() -> None:
    base = f'<base href="/{"x" * 2_000}/">'
    swollen = base + "".join(f"<a href={number}>" for number in range(20_000))
    told = trials.links_of(
        stored('<a href="/a">x</a>', swollen, '<a href="/c">x</a>'), cpu_seconds=60, wait_seconds=600
    )
    assert told == [["https://shop.test/a"], [], ["https://shop.test/c"]]
