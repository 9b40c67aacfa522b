"""What a page says line by line, and what of it counts."""

from __future__ import annotations

import pytest

from scrapers.comparing import BadNoise, Noise, ShownKind, compare, folded, folding, lines, lines_of, noise
from scrapers.page import Page


def a_page(markup: str, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(url="http://a.test/", body=markup.encode(), headers={"content-type": content_type})


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one <b>two</b><i>x</i></p>three", ["one twox", "three"]),
        ("<div>a<div>b</div>c<br>d</div>", ["a", "b", "c", "d"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("<table><tr><th>Size<td>Large<tr><td>1</table>", ["Size | Large", "1"]),
        ("<nav>menu</nav><header>top</header><p>x</p><footer>foot</footer><aside>ad</aside>", ["x"]),
        ("<article><header>kept</header>x</article>", ["kept", "x"]),
        ("<p>around</p><main><header>h</header>x</main><p>after</p>", ["h", "x"]),
        ("<main>one</main><main>two</main>", ["one", "two"]),
        ("x<script>s</script><style>s</style><template>t</template><noscript>n</noscript>", ["x"]),
        ("<p> Käse  &amp;\n Brot </p>", ["Käse & Brot"]),
        ("", []),
    ],
)
def test_a_page_is_read_as_it_is_seen(markup: str, expected: list[str]) -> None:
    assert lines_of(a_page(markup)) == expected


def test_what_selectors_match_is_left_out_with_all_that_is_in_it() -> None:
    page = a_page("<p>x<span class=n>12 <b>views</b></span></p><div id=ad><p>buy</p></div>")
    assert lines_of(page, without=[".n", "#ad"]) == ["x"]


def test_json_is_a_line_for_each_value_and_text_is_as_it_is() -> None:
    assert lines_of(a_page('{"b": 1, "a": [2]}', "application/json")) == [
        "{", '  "a": [', "    2", "  ],", '  "b": 1', "}",
    ]  # fmt: skip
    assert lines_of(a_page("{no json\nx", "application/json")) == ["{no json", "x"]
    deep = f"{'[' * 300}1{']' * 300}"
    assert lines_of(a_page(deep, "application/json")) == [deep]
    assert lines_of(a_page("a\n\n  b", "text/plain")) == ["a", "  b"]


def test_lines_and_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_LINES", 3)
    monkeypatch.setattr(lines, "LONGEST_LINE", 10)
    assert lines_of(a_page("<p>one two three four<p>x<p>y")) == ["one two", "three four", "x"]
    monkeypatch.setattr(lines, "MOST_CHARACTERS", 8)
    assert lines_of(a_page("<p>one two<p>x<p>y")) == ["one two", "x"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Updated 2026-03-02T10:00:00Z by Ann", "Updated by Ann"),
        ("Käse, 2. März 2026", "Käse,"),
        ("May 5, 2026: sale", ": sale"),
        ("ends 3/4/2026 10:30 pm", "ends"),
        ("posted 5 minutes ago", "posted"),
        ("vor 3 Tagen", ""),
        ("may contain 12 nuts", "may contain 12 nuts"),
        ("Price: 41.80 EUR", "Price: 41.80 EUR"),
        ("Kettle | 2026-03-02", "Kettle"),
        ("  at 10:30 pm today: x", "  at : x"),
    ],
)
def test_dates_do_not_count_where_they_are_noise(line: str, key: str) -> None:
    assert Noise(dates=True).key(line) == key
    assert Noise().key(line) == line


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("1,024 views", ""),
        ("Comments (12) of friends", "of friends"),
        ("Kettle, 3k likes", "Kettle,"),
        ("12 pieces", "12 pieces"),
        ("Comments 12 more", "more"),
        ("3M views", ""),
    ],
)
def test_counters_do_not_count_where_they_are_noise(line: str, key: str) -> None:
    assert Noise(counters=True).key(line) == key


def test_patterns_of_a_target_are_re2() -> None:
    assert Noise(patterns=(r"id=\w+",)).key("Käse id=ab12 x") == "Käse x"
    with pytest.raises(ValueError, match="RE2"):
        noise.compiled(r"(?=x)")
    with pytest.raises(BadNoise, match=r"css\.1"):
        noise.check_css([".ok", "::::"])


def test_what_is_far_from_changes_is_only_counted() -> None:
    old = [f"line {number}" for number in range(20)]
    new = [*old[:9], "line nine", *old[10:]]
    found = folded(compare(old, new), around=1)
    assert [line.kind.value for line in found.lines] == ["skipped", "same", "changed", "same", "skipped"]
    assert [line.count for line in found.lines if line.kind is ShownKind.SKIPPED] == [8, 9]
    assert (found.changed, found.added, found.removed, found.is_cut) == (1, 0, 0, False)
    assert not found.is_empty
    assert folded(compare(old, old)).is_empty


def test_more_changes_than_are_shown_are_counted() -> None:
    found = folded(compare([], [f"line {number}" for number in range(20)]), most=5)
    assert (len(found.lines), found.added, found.is_cut) == (5, 20, True)


def test_very_long_changes_are_marked_whole_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_MARKED", 33)
    old = ["one two three", "four five six seven", "x y z"]
    found = folded(compare(old, ["one two 3", "four five six 7", "x y 0"]))
    assert [line.before for line in found.lines] == [
        (("one two ", False), ("three", True)),
        (("four five six seven", True),),
        (("x y ", False), ("z", True)),
    ], "a line for which there is no room takes none"
    assert (found.changed, found.whole_lines) == (3, 1)


@pytest.mark.parametrize(
    "patterns",
    [
        (r"id=\w+", "tag"),
        (r"\Qid=ab12", "tag"),
        (r"(?P<x>id=\w+)", "(?P<x>tag)"),
        ("(?i)ID=AB12", "tag", "^x$"),
    ],
)
def test_patterns_that_cannot_be_put_together_are_ignored_all_the_same(patterns: tuple[str, ...]) -> None:
    rules = Noise(patterns=patterns, dates=True)
    assert rules.key("a id=ab12 b") == "a b"
    assert rules.key("a tag b") == "a b"
    assert rules.key("at 10:00 here") == "at here"
    assert rules.key("nothing of it") == "nothing of it"
    assert rules.key("a TAG b") == "a TAG b", "what one says of case does not hold for the others"
