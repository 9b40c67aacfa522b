"""General extractors: whatever a page is, they raise nothing, and give no more than may be."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers import reader, registry
from scrapers.extractors import main_text, options, paragraphs
from scrapers.page import Page
from scrapers.reader import MAX_ITEM_BYTES, Reading, Scraped

ROOT = Path(__file__).parents[3]
NAMES = [extractor.name for extractor in registry.EXTRACTORS]
TYPES = ("text/html", "application/xml", "application/json", "text/plain", "image/png", "application/pdf", "")
PARTS = st.sampled_from(
    ["<p>", "</p>", "<b", ">", "<table>", "<tr>", "<td colspan=999 rowspan=0>", "<th>", "</table>",
     "<ul><li>", "<a href=x rel=next>", "<a href='mailto:a@b.c'>", "<a href=//[>", "<nav>", "</nav>",
     "<main><article>",
     "<div itemscope itemtype='https://schema.org/Product' id=i itemref='i i'>", "<i itemprop='name price'>",
     "<meta property=og:title content=t>", "<script type='application/ld+json'>", '{"@type":"Product"',
     ',"offers":[{"price":"1.2.3"},[]]}', "</script>", "<script>", "<style>", "<!--", "-->",
     "<img src=a.png>",
     "<rss><channel><item><title>", "</item>", "<feed xmlns='http://www.w3.org/2005/Atom'><entry>",
     "</entry>", '{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"url":[]}]}', "&", "\x00",
     "\ud800",
     "12,5 €", "€", "word ", "%PDF-1.7", "\x89PNG\r\n\x1a\n", "日本", " ", "\n"]
)  # fmt: skip
MARKUP = st.lists(PARTS, max_size=30).map("".join)
HUGE = 60_000
SLOW = ("trafilatura", "markdownify", "feedparser", "PIL")
HOSTILE = {
    "nothing": "",
    "blank": " \n\t",
    "deep": "<div><span>" * 300 + "x",
    "wide": "<table><tr>" + "<td colspan=1000 rowspan=65000>a" * 500 + "<tr><td>b" * 500,
    "rows": "<table>" + "<tr><td>1<td>2</tr>" * 3_000,
    "one_text": "<p>" + "x" * HUGE,
    "one_number": "<table><tr><th>a</th></tr><tr><td>" + "9" * HUGE + "</td></tr></table>",
    "one_header": "<table><tr><th>" + "h" * HUGE + "</th></tr><tr><td>1</td></tr></table>",
    "names": "".join(
        f"<meta property='og:title' content='{'t' * 3_000}'><title>{'t' * HUGE}</title>" for _ in "ab"
    ),
    "nested_values": "<script type='application/ld+json'>"
    + '{"@type":"Product","offers":' * 400
    + "1"
    + "}" * 400,
    "unclosed": "<table><caption><tr><th><a href=",
    "no_root": "<svg><title><template><time datetime=2024-13-45>",
    "halves": "<rss><channel><item><title>&#xD800; &#57343; &#999999999; x</title></item>",
    "signs": "<p>" + "<" * 2_000 + "&" * 2_000,
}


def read(name: str, body: str, *, content_type: str = "text/html", **given: object) -> Reading:
    page = Page(
        url="https://x.example/a/",
        body=body.encode("utf-8", "surrogatepass"),
        headers={"content-type": content_type} if content_type else {},
    )
    return reader.read(page, registry.compile(name=name, options=given))


def raised(reading: Reading) -> list[str]:
    return [problem.detail for problem in reading.problems if problem.code == "scraper_raised"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_page_raises_nothing_and_gives_no_more_than_may_be(name: str, body: str) -> None:
    reading = read(name, body)

    assert raised(reading) == []
    assert all(len(json.dumps(item.data)) < MAX_ITEM_BYTES for item in reading.items)
    assert "item_too_large" not in {problem.code for problem in reading.problems}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(body=MARKUP, content_type=st.sampled_from(TYPES))
def test_no_page_whatsoever_raises_anything(name: str, body: str, content_type: str) -> None:
    assert raised(read(name, body, content_type=content_type)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_words_and_a_default_that_fits(name: str) -> None:
    extractor = next(one for one in registry.EXTRACTORS if one.name == name)
    declared = options.of(extractor)

    assert all(option.what for option in declared)
    assert options.mistakes(extractor, {option.name: option.default for option in declared}) == ()


def test_options_are_shown_with_their_default_first() -> None:
    (article,) = (choice for choice in registry.names() if choice.name == "article")
    said = {option.name: option.said for option in article.options}

    assert (said["favor"], said["tables"], said["links"]) == (
        "balance (or precision, recall)",
        "true (or false)",
        "false (or true)",
    )


def test_mistakes_in_options_come_with_their_paths() -> None:
    with pytest.raises(registry.InvalidScraper) as caught:
        registry.compile(name="article", options={"favor": "luck", "tables": 1, "depth": 2, "markdown": True})

    assert dict(caught.value.problems) == {
        "options.favor": "must be one of balance, precision, recall",
        "options.tables": "must be true or false",
        "options.depth": "is unknown; known are favor, markdown, tables, comments, links, images",
    }


HTML = "text/html; charset=utf-8"
PAGES = [
    folder / "page.html"
    for folder in sorted((ROOT / "tests/cases/extractors").glob("*/*"))
    if folder.parent.name in {"article", "auto", "markdown", "product"}
]
DOCUMENTATION = Path("/usr/share/doc/python3-dev/html")
DOCUMENTED = ("about", "bugs", "tutorial/appetite", "tutorial/interpreter", "faq/installed")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({}, {"include_comments": False}),
        ({"favor": "precision"}, {"include_comments": False, "favor_precision": True}),
        (
            {"favor": "recall", "tables": False, "comments": True},
            {"favor_recall": True, "include_tables": False},
        ),
    ],
    ids=("balance", "precision", "recall"),
)
def test_article_gives_the_text_that_trafilatura_gives(
    path: Path, told: dict[str, object], asked: dict[str, Any]
) -> None:
    import trafilatura

    source = path.read_text(encoding="utf-8", errors="replace")
    items = read("article", source, content_type=HTML, markdown=False, **told).items

    assert [item.data["text"] for item in items] == list(filter(None, [trafilatura.extract(source, **asked)]))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_article_gives_the_text_that_trafilatura_gives_of_documentation(name: str) -> None:
    import trafilatura

    path = DOCUMENTATION / f"{name}.html"
    if not path.exists():
        pytest.skip("the documentation of Python, Debian's python3-doc, is not installed here")
    source = path.read_text(encoding="utf-8")
    (item,) = read("article", source, markdown=False).items
    assert item.data["text"] == trafilatura.extract(source, include_comments=False)


def test_feed_whose_references_are_to_no_characters_is_read() -> None:
    (item,) = read("feed", HOSTILE["halves"], content_type="text/xml").items

    assert item.data["title"] == "\ufffd \ufffd \ufffd x"


def test_library_that_fails_on_the_facts_costs_the_article_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    def failing(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(trafilatura, "extract_metadata", failing)
    source = (ROOT / "tests/cases/extractors/article/field_notes/page.html").read_text()

    (item,) = read("article", source).items

    assert item.data["title"] == "How foxes find their way – Field Notes"
    assert item.data["published"] == "2024-02-29T08:30:00+01:00"
    assert "A red fox" in str(item.data["text"])


@pytest.mark.parametrize(("rows", "compares"), [(20, True), (paragraphs.MOST_SHORT, False)])
def test_long_lists_are_not_compared_which_would_take_minutes(
    monkeypatch: pytest.MonkeyPatch, rows: int, *, compares: bool
) -> None:
    from trafilatura import external

    asked: list[int] = []
    monkeypatch.setattr(external, "revise_paragraph_classification", lambda *_said: asked.append(1))

    read("article", f"<table>{'<tr><th>a<td>1</tr>' * rows}</table>")

    assert bool(asked) is compares


@pytest.mark.parametrize(
    ("source", "many"),
    [
        ("<p>short one</p>" * 1_500, False),
        ("<p>short <b>one</b></p>" * 1_501, True),
        (f"<li>one{'<li>two' * 1_499}<p>{'long ' * 20}<ul>{'<li>three' * 1_499}</ul>", False),
        ("<br>" * 5_000, False),
        ("<p> </p>" * 5_000, False),
    ],
)
def test_short_paragraphs_count_where_they_stand_in_a_row(source: str, *, many: bool) -> None:
    assert paragraphs.are_too_many(source) is many


def test_long_page_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_text, "MOST_TAGS", 10)
    body = "".join(f"<p>Paragraph {number} has a few words of its own.</p>" for number in range(20))

    reading = read("article", body, markdown=False)

    assert [problem.code for problem in reading.problems] == ["page_too_long"]
    assert "Paragraph 4" in str(reading.items[0].data["text"])
    assert "Paragraph 5" not in str(reading.items[0].data["text"])


def test_cut_text_ends_within_its_bytes_and_between_characters() -> None:
    assert main_text.cut("ab", most_bytes=2) == "ab"
    assert main_text.cut("日本語", most_bytes=8) == "日本"


def test_libraries_are_loaded_by_the_targets_that_use_them_alone() -> None:
    code = (
        "import sys\nfrom scrapers import reader, registry\nfrom scrapers.page import Page\n"
        "for extractor in registry.EXTRACTORS:\n    registry.compile(name=extractor.name)\n"
        "reader.read(Page(url='http://a.test/', body=b'<p>x'), registry.compile(name='auto'))\n"
        f"print(*sorted(set({SLOW}) & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_libraries_that_extractors_name_are_those_that_reading_loads() -> None:
    code = (
        "import sys\nfrom scrapers import reader, registry\nfrom scrapers.page import Page\n"
        "for extractor in registry.EXTRACTORS:\n    reader.load(getattr(extractor, 'libraries', ()))\n"
        f"print(*sorted(set({SLOW}) & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == sorted(SLOW)


def values(*texts: str, language: str = "en") -> list[Any]:
    rows = "".join(f"<tr><td>{text}</td><td>x</td></tr>" for text in texts)
    body = f"<html lang={language}><table><tr><th>a</th><th>b</th></tr>{rows}</table>"
    return [item.data.get("a") for item in read("tables", body).items]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("1", "2.5"), [1, 2.5]),
        (("1,234", "2"), [1234, 2]),
        (("1.234.567", "2,5"), [1234567, 2.5]),
        (("1 234,5", "7"), [1234.5, 7]),
        (("−3", "–"), [-3, None]),
        (("12 kg", "3"), ["12 kg", "3"]),
        (("007", "8"), ["007", "8"]),
        (("1234567890123456", "1"), ["1234567890123456", "1"]),
        (("1.2.3", "4"), ["1.2.3", "4"]),
        (("yes", "No"), [True, False]),
        (("March 3, 2024", "2024-12-31"), ["2024-03-03", "2024-12-31"]),
        (("2024", "1999"), [2024, 1999]),
        (("", "a"), [None, "a"]),
    ],
)
def test_column_has_the_type_of_all_its_values(texts: tuple[str, ...], found: list[Any]) -> None:
    assert values(*texts) == found


def test_sign_that_may_be_either_is_read_as_the_language_has_it() -> None:
    assert values("1,234", language="de") == [1.234]
    assert values("1.234", language="de") == [1234]
    assert values("1.234") == [1.234]


def test_tables_without_types_are_text() -> None:
    body = "<table><tr><th>a</th></tr><tr><td>1</td></tr></table>"
    assert read("tables", body, types=False).items[0].data["a"] == "1"


def test_cells_that_span_everything_are_bounded() -> None:
    reading = read("tables", HOSTILE["wide"])
    assert all(len(item.data) <= 210 for item in islice(reading.items, 3))


@given(st.text("ab.\t\n\x0b\x0c\x1c\x1d\x1e\x1f\x7f é\u00a0\u3000", max_size=30))
def test_auto_counts_the_words_that_white_space_parts(text: str) -> None:
    page = Page(url="https://a.test/", body=f"<p>{text}</p>".encode(), headers={"content-type": "text/html"})
    auto = registry.compile(name="auto", options={}, row="", fields={})
    (item,) = reader.read(page, auto).items or (Scraped(data={}),)
    assert item.data.get("word_count", 0) == len(text.split())
