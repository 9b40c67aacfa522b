"""When the pages of one shape of URL are told to bring nothing new."""

from __future__ import annotations

import random

import pytest

from crawler.frontier.shapes import JUDGED_BYTES, MOST_KEPT, MOST_SHAPES, Shapes, shape_of

DAYS = "".join(f"<td>{day}</td>" for day in range(1, 32))
MENU = "".join(
    f"<li><a href='/shop/{word}'>Everything about {word} and more</a>" for word in "abcdefghijklmnop"
)


def calendar(month: int) -> bytes:
    links = f"<a href='/calendar/{month + 1}'>Next</a>"
    return f"<title>Month {month}</title>{MENU}<h1>Month {month}</h1>{links}{DAYS}".encode()


def product(number: int) -> bytes:
    chance = random.Random(number)
    name = " ".join(chance.choice(("lamp", "torch", "bulb", "shade", "cable")) for _ in range(4))
    picture = f"<img src='/img/{number}-front-large-a41c.jpg' alt='{name}'>"
    return f"<title>{name}</title>{MENU}{picture}{number} EUR".encode()


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://a.test/", "/*"),
        ("https://a.test/about", "/*"),
        ("https://a.test/calendar/2031/05", "/calendar/0/*"),
        ("https://a.test/calendar/2032/may/", "/calendar/0/*"),
        ("https://a.test/000/123.html", "/0/*.html"),
        ("https://a.test/list.php?sort=a&page=7&page=8", "/*.php?page&sort"),
        ("https://a.test/x?f12=1&f13=2", "/*?f0"),
    ],
)
def test_shape_is_what_urls_of_a_kind_have_in_common(url: str, shape: str) -> None:
    assert shape_of(url) == shape


def walked(shapes: Shapes, count: int, *, most_alike: int) -> int:
    """Return after how many months of a calendar without end the next one is refused."""
    for month in range(1, count + 1):
        shapes.note(f"https://a.test/calendar/{month}", calendar(month))
        if shapes.refusal(f"https://a.test/calendar/{month + 1}", most_alike=most_alike):
            return month
    return 0


def test_calendar_without_end_is_left_alone_a_little_after_the_bound() -> None:
    assert 200 <= walked(Shapes(), 500, most_alike=200) <= 202 + 16


def test_pages_with_something_new_go_on_for_ever() -> None:
    shapes = Shapes()
    for number in range(2_000):
        shapes.note(f"https://a.test/shop/{number}", product(number))

    assert not shapes.are_suspended(20)
    assert shapes.to_keep(leaving=True) is None


def test_some_empty_pages_among_others_are_no_trap() -> None:
    shapes = Shapes()
    for number in range(2_000):
        page = product(number) if number % 20 == 0 else b"<title>Sold</title>" + MENU.encode()
        shapes.note(f"https://a.test/shop/{number}", page)

    assert not shapes.are_suspended(200)


def test_short_pages_of_their_own_are_not_alike() -> None:
    shapes = Shapes()
    for number in range(1_000):
        shapes.note(f"https://a.test/page/{number}", f"<title>Page {number}</title><a>next</a>".encode())

    assert not shapes.are_suspended(10)


def test_only_the_shape_is_left_alone() -> None:
    shapes = Shapes()
    walked(shapes, 100, most_alike=20)

    said = shapes.refusal("https://a.test/calendar/99999", most_alike=20)
    assert said == "trap_alike: /calendar/*"
    assert shapes.refusal("https://a.test/shop/1", most_alike=20) is None
    assert shapes.refusal("https://a.test/calendar/99999", most_alike=None) is None


def test_next_holder_of_the_host_goes_on_counting() -> None:
    kept, months = "", 0
    for _slice in range(100):
        shapes = Shapes()
        if kept:
            shapes.recall(kept)
        for _page in range(10):
            months += 1
            shapes.note(f"https://a.test/calendar/{months}", calendar(months))
        kept = shapes.to_keep(leaving=True) or kept
        if shapes.are_suspended(200):
            break

    assert 200 <= months <= 300


def test_what_is_kept_is_told_in_steps_while_the_host_is_held() -> None:
    shapes, told = Shapes(), []
    for month in range(1, 101):
        shapes.note(f"https://a.test/calendar/{month}", calendar(month))
        told.append(shapes.to_keep(leaving=False))

    assert [said for said in told if said] == [f'{{"/calendar/*": {count}}}' for count in (25, 50, 75)]


def test_what_is_kept_and_held_has_bounds() -> None:
    shapes = Shapes()
    for folder in range(MOST_SHAPES + 100):
        name = "".join(chr(97 + int(digit)) for digit in str(folder))
        for month in range(1, 4):
            shapes.note(f"https://a.test/{name}/{month}", calendar(month))

    assert len(shapes._shapes) <= MOST_SHAPES + 1
    assert (shapes.to_keep(leaving=True) or "").count(":") == MOST_KEPT


def test_pages_too_large_to_be_judged_count_as_new() -> None:
    shapes = Shapes()
    for number in range(100):
        shapes.note(f"https://a.test/shop/{number}", b"x" * (JUDGED_BYTES + 1))

    assert not shapes.are_suspended(10)
