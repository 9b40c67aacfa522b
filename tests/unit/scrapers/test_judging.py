"""Whether what changed of a page counts: noise never does, and what the page says always does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scrapers.comparing import Noise, lines, only_noise
from scrapers.page import Page

WORDS = ("kettle", "enamel", "two", "litres", "blue", "Käse", "lid", "handle", "for", "ever")
NOISE = Noise(dates=True, counters=True, css=(".ad", "#now"), patterns=(r"session=\w+", "∞+"))
DATES = ("2026-03-02", "2 March 2026 10:30 pm", "5 minutes ago", "vor 3 Tagen", "3/4/2026")
COUNTERS = ("1,024 views", "Comments (12)", "3k likes")
PARTS = ('<b class="ad">buy <i>this</i></b>', '<span id="now">noon, 12 past</span>')
PATTERNS = ("session=ab12", "∞∞∞")
MARKUP = ("<!-- 1 -->", "<script>token = 1</script>", "<svg><text>x</text></svg>", "<span></span>")
ANY = st.sampled_from([*DATES, *COUNTERS, *PARTS, *PATTERNS, *MARKUP])

paragraphs = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), min_size=1, max_size=6)


def a_page(markup: str, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(url="http://a.test/", body=markup.encode(), headers={"content-type": content_type})


def spelled(paragraphs: list[list[str]]) -> Page:
    return a_page("<main>" + "".join(f"<p>{' '.join(words)}</p>" for words in paragraphs) + "</main>")


@given(said=paragraphs, data=st.data())
def test_adding_noise_anywhere_never_makes_a_page_changed(said: list[list[str]], data: st.DataObject) -> None:
    noisy = [list(words) for words in said]
    for noise in data.draw(st.lists(ANY, min_size=1, max_size=5)):
        place = data.draw(st.integers(0, len(noisy)))
        if place == len(noisy) or data.draw(st.booleans()):
            noisy.insert(place, [noise])
        else:
            noisy[place].insert(data.draw(st.integers(0, len(noisy[place]))), noise)
    assume(not any(map(has_neighbours, noisy)))
    for before, after in ((said, noisy), (noisy, said), (noisy, noisy)):
        assert only_noise(spelled(before), spelled(after), NOISE)


def has_neighbours(words: list[str]) -> bool:
    """Say whether two dates or counters stand side by side: their numbers may join."""
    unseen = {*MARKUP, *PARTS}
    seen = [word not in WORDS for word in words if word not in unseen]
    return any(one and other for one, other in pairwise(seen))


@given(said=paragraphs, data=st.data())
def test_removing_a_word_always_does(said: list[list[str]], data: st.DataObject) -> None:
    noise = data.draw(ANY)
    line = data.draw(st.integers(0, len(said) - 1))
    word = data.draw(st.integers(0, len(said[line]) - 1))
    less = [list(words) for words in said]
    del less[line][word]
    assert only_noise(spelled(said), spelled([*less, [noise]]), NOISE) is None
    assert only_noise(spelled([[noise], *less]), spelled(said), NOISE) is None


def linking(said: list[list[str]], addresses: list[str]) -> Page:
    """Return a page whose paragraphs are links in turn, and pictures."""
    parts = [
        f'<p>{" ".join(words)} <img src="{address}">' if number % 2 else f'<a href="{address}">{words[0]}</a>'
        for number, (words, address) in enumerate(zip(said, addresses, strict=True))
    ]
    return a_page(f"<main>{''.join(parts)}</main>")


@given(said=paragraphs, data=st.data())
def test_another_address_of_a_link_or_picture_counts_unless_it_is_ignored(
    said: list[list[str]], data: st.DataObject
) -> None:
    before = [data.draw(st.sampled_from(["/a", "b?session=1", "//c.test/2026-03-02"])) for _ in said]
    place = data.draw(st.integers(0, len(said) - 1))
    after = [*before[:place], before[place] + "&more", *before[place + 1 :]]
    noisy = [address.replace("session=1", "session=2").replace("03-02", "04-01") for address in before]
    pages = [linking(said, addresses) for addresses in (before, after, noisy)]
    assert only_noise(pages[0], pages[1], NOISE) is None
    assert only_noise(pages[0], pages[1], replace(NOISE, links=True)) == ("links",)
    assert only_noise(pages[0], pages[2], NOISE), "patterns and dates are looked for in addresses, too"


def test_addresses_that_lead_nowhere_else_or_stand_around_the_text_do_not_count() -> None:
    before, after = (
        a_page(f'<nav><a href="/{n}">x</a></nav><p>Kettle <a href="#{n}">top</a><a href="data:,{n}">y</a>')
        for n in (1, 2)
    )
    assert only_noise(before, after, NOISE) == ("markup",)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("<p>x<p>12 views", "<p>x<p>13 views", ("counters",)),
        ("<p>x today", "<p>x yesterday", ("dates",)),
        ("<p>x today", "<p>x<p>session=2", ("dates", "patterns")),
        ("<p>x<p class=ad>this", "<p>x<p class=ad>that", ("css",)),
        ("<p>x<p class=ad>this<p>1 view", "<p>x<p class=ad>that<p>2 views", ("counters", "css")),
        ("<p>x<script>1</script>", "<p>x<script>2</script>", ("markup",)),
        ("<p>x<nav>12</nav>", "<p>x<nav>13</nav>", ("markup",)),
        ("<p>x 5 views", "<p>x 5 views", ("markup",)),
        ("<p>x<img src=/?session=1>", "<p>x<img src=/?session=2>", ("patterns",)),
    ],
)
def test_kinds_of_noise_are_named(before: str, after: str, kinds: tuple[str, ...]) -> None:
    assert only_noise(a_page(before), a_page(after), NOISE) == kinds


def test_where_several_kinds_hide_the_same_all_are_named() -> None:
    noise = Noise(counters=True, patterns=(r"\d+ views",))
    assert only_noise(a_page("<p>x<p>12 views"), a_page("<p>x<p>13 views"), noise) == ("counters", "patterns")


@pytest.mark.parametrize("text", ["", "<p>12 views", "<p class=ad>x"])
def test_pages_without_text_that_counts_have_changed(text: str) -> None:
    assert only_noise(a_page(text), a_page(text), NOISE) is None


def test_what_is_no_text_has_changed() -> None:
    assert only_noise(a_page("x", "image/png"), a_page("x", "image/png"), NOISE) is None


def test_pages_with_more_than_is_read_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_LINES", 3)
    short, long = a_page("<p>1<p>2<p>3"), a_page("<p>1<p>2<p>3<p>4")
    assert only_noise(short, short, NOISE)
    assert only_noise(long, long, NOISE) is None
    monkeypatch.setattr(lines, "MOST_CHARACTERS", 10)
    for content_type in ("text/plain", "application/json"):
        short, long = a_page("[1]", content_type), a_page('["0123456789"]', content_type)
        assert only_noise(short, short, NOISE)
        assert only_noise(long, long, NOISE) is None


def test_noise_in_a_long_line_moves_no_other_words() -> None:
    words = " ".join(["word"] * 2_000)
    assert only_noise(a_page(f"<p>9 views {words}"), a_page(f"<p>1,024 views {words}"), NOISE) == (
        "counters",
    )


def test_json_is_judged_value_by_value() -> None:
    before, after = '{"at": "5 minutes ago", "price": 1}', '{"price": 1, "at": "6 minutes ago"}'
    assert only_noise(a_page(before, "application/json"), a_page(after, "application/json"), NOISE)
    dearer = after.replace("1", "2")
    assert only_noise(a_page(before, "application/json"), a_page(dearer, "application/json"), NOISE) is None
