"""Items leave the terminal for standard output and for files, each once."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.terminal.conftest import Shop, Terminal

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

FAST = ("--delay", 0, "--scraper", "demo_shop")


def test_items_go_to_standard_output_as_json_lines(terminal: Terminal, shop: Shop) -> None:
    ended = terminal.crawl(shop.url, *FAST)

    assert ended.status == 0, ended.said
    assert sorted(item["name"] for item in ended.items) == sorted(shop.names)
    assert {"_url", "_key", "_run", "_first_seen"} <= set(ended.items[0])
    assert "finished: " in ended.said
    assert f"{len(shop.names)} items" in ended.said
    assert "robots: line 2" in ended.said


def test_fields_that_pages_lack_are_counted_in_the_summary(terminal: Terminal, shop: Shop) -> None:
    declared = 'colour={"css": ".colour", "required": true}'
    ended = terminal.crawl(shop.url, "--delay", 0, "--field", declared, "--pages", 5)

    assert (ended.status, ended.out) == (0, ""), ended.said
    assert "5 problems on 5 pages: missing_required in colour, a required field was not there" in ended.said


def test_quiet_crawl_says_nothing(terminal: Terminal, shop: Shop) -> None:
    ended = terminal.crawl(shop.url, *FAST, "--pages", 3, "--quiet")

    assert (ended.status, ended.said) == (0, "")


def test_lower_case_o_appends_json_lines(terminal: Terminal, shop: Shop) -> None:
    (terminal.files / "items.jsonl").write_text('{"name": "before"}')
    for _ in range(2):
        ended = terminal.crawl(shop.url, *FAST, "-o", "items.jsonl")
        assert (ended.status, ended.out) == (0, ""), ended.said

    names = [item["name"] for item in terminal.lines("items.jsonl")]
    assert sorted(names) == sorted(["before", *shop.names, *shop.names])


def test_lower_case_o_keeps_a_json_array_valid(terminal: Terminal, shop: Shop) -> None:
    path = terminal.files / "items.json"
    path.write_text('[{"name": "before"}]')
    ended = terminal.crawl(shop.url, *FAST, "-o", "items.json")

    assert ended.status == 0, ended.said
    assert sorted(item["name"] for item in json.loads(path.read_text())) == sorted(["before", *shop.names])


def test_lower_case_o_appends_a_table_under_its_header(terminal: Terminal, shop: Shop) -> None:
    declared = ("--field", "name=css:h1", "--row", "article.product", "--key", "name")
    for _ in range(2):
        ended = terminal.crawl(shop.url, "--delay", 0, *declared, "-o", "items.csv")
        assert ended.status == 0, ended.said

    with (terminal.files / "items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["name"] for row in rows) == sorted([*shop.names, *shop.names])
    assert list(rows[0])[:2] == ["name", "_url"]


def test_table_grows_by_the_columns_that_pages_bring(terminal: Terminal, shop: Shop) -> None:
    path = terminal.files / "items.csv"
    path.write_text("name,_url,_key,_run,_first_seen,_last_seen,_changed_at\n-5,u,k,1,a,b,c\n")
    ended = terminal.crawl(shop.url, *FAST, "-o", "items.csv")

    assert ended.status == 0, ended.said
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["name"], rows[0]["price"]) == ("-5", "")
    assert {row["name"] for row in rows[1:]} == shop.names
    assert all(row["price"] for row in rows[1:])


def test_capital_o_replaces_the_file(terminal: Terminal, shop: Shop) -> None:
    path = terminal.files / "items.csv"
    path.write_text("anything")
    path.chmod(0o640)
    ended = terminal.crawl(shop.url, *FAST, "-O", "items.csv")

    assert ended.status == 0, ended.said
    with path.open(newline="") as file:
        assert {row["name"] for row in csv.DictReader(file)} == shop.names
    assert path.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in terminal.files.iterdir()] == ["items.csv"]


def test_capital_o_leaves_the_file_when_the_run_failed(terminal: Terminal) -> None:
    (terminal.files / "items.json").write_text("[1]")
    ended = terminal.crawl("http://127.0.0.1:1/", "--delay", 0, "-O", "items.json")

    assert ended.status == 1
    assert (terminal.files / "items.json").read_text() == "[1]"
    assert "left as it was" in ended.said


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("items.csv", "name,price\na,1\n", "lacks the columns _url"),
        ("items.csv", "caf\u00e9\n".encode("latin-1"), "is no CSV file in UTF-8"),
        ("items.json", '{"not": "an array"}', "no JSON array"),
        ("items.json", "[1, 2", "no JSON array"),
        ("items.jsonl", '{"a": 1}\n{"torn', "last line is not whole JSON"),
    ],
)
def test_file_that_cannot_be_continued_is_refused_before_the_crawl(
    terminal: Terminal, shop: Shop, name: str, content: str | bytes, complaint: str
) -> None:
    path = terminal.files / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    ended = terminal.crawl(shop.url, *FAST, "-o", name)

    assert ended.status == 2
    assert complaint in ended.said
    assert len(ended.said.splitlines()) == 1
    assert path.read_bytes() == before


def test_table_with_other_declared_columns_is_refused(terminal: Terminal, shop: Shop) -> None:
    (terminal.files / "items.csv").write_text("name,_url,_key,_run,_first_seen,_last_seen,_changed_at\n")
    ended = terminal.crawl(shop.url, "--field", "title=css:h1", "-o", "items.csv")

    assert ended.status == 2
    assert "differ from this crawl's in name, title" in ended.said
