"""What every export format keeps of its rows, and what spreadsheets must not run."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.exports import FORMATS, SYSTEM_COLUMNS, columns, decode
from crawler.exports.rows import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS: list[dict[str, Any]] = [
    {
        "name": "Kettle",
        "price": 12.5,
        "stock": True,
        "sizes": ["S", "M"],
        "_url": "https://shop.test/1",
        "_key": "1",
    },
    {"name": "Löffel, groß", "price": -3, "note": None, "_url": "https://shop.test/2", "_key": "2"},
]


def export(name: str, rows: list[dict[str, Any]], *, raw: bool = False) -> str:
    chosen = FORMATS[name]
    return b"".join(chosen.write(rows, columns=columns(rows), raw=raw)).decode()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_registry_names_each_format_by_its_suffix() -> None:
    assert {name: chosen.suffix for name, chosen in FORMATS.items()} == {
        "jsonl": ".jsonl",
        "json": ".json",
        "csv": ".csv",
        "markdown": ".md",
    }


def test_json_lines_give_every_row_back() -> None:
    assert [json.loads(line) for line in export("jsonl", ROWS).splitlines()] == ROWS


def test_json_gives_every_row_back() -> None:
    assert json.loads(export("json", ROWS)) == ROWS


@pytest.mark.parametrize("rows", [[], ROWS[:1]])
def test_json_is_an_array_however_few_rows_there_are(rows: list[dict[str, Any]]) -> None:
    assert json.loads(export("json", rows)) == rows


def test_csv_has_one_column_for_each_field_of_any_row() -> None:
    header, first, second = cells(export("csv", ROWS))

    assert header == ["name", "price", "stock", "sizes", "note", "_url", "_key"]
    assert first == ["Kettle", "12.5", "true", '["S","M"]', "", "https://shop.test/1", "1"]
    assert second == ["Löffel, groß", "-3", "", "", "", "https://shop.test/2", "2"]


def test_columns_put_declared_fields_first_and_ours_last() -> None:
    rows = [dict.fromkeys(SYSTEM_COLUMNS, "") | {"b": 1, "c": 2, "a": 3}]

    assert columns(rows, first=["a", "missing", "b"]) == ("a", "b", "c", *SYSTEM_COLUMNS)


def test_markdown_has_a_document_for_each_row_with_its_fields_above() -> None:
    rows: list[dict[str, Any]] = [
        {"title": "A: b", "markdown": "# A\n\nText.\n", "text": "A Text.", "_url": "https://a.test/"},
        {"title": None, "markdown": "", "text": "Only text \ud83d"},
        {"price": 2**80, "text": ["no", "text"]},
    ]

    assert export("markdown", rows) == (
        '---\n"title": "A: b"\n"_url": "https://a.test/"\n---\n\n# A\n\nText.\n\n'
        '---\n"title": null\n---\n\nOnly text ?\n\n'
        f'---\n"price": {2**80}\n"text": ["no","text"]\n---\n\n'
    )


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_csv_text_that_would_run_as_a_formula_becomes_text(start: str) -> None:
    header, row = cells(export("csv", [{f"{start}column": f"{start}1+1"}]))

    assert header == [f"'{start}column"]
    assert row == [f"'{start}1+1"]


def test_raw_csv_leaves_text_as_it_was() -> None:
    assert cells(export("csv", [{"a": "=1+1"}], raw=True))[1] == ["=1+1"]


def test_negative_numbers_stay_numbers() -> None:
    assert cells(export("csv", [{"a": -1, "b": -2.5}]))[1] == ["-1", "-2.5"]


def test_data_that_orjson_refuses_still_leaves() -> None:
    row = {"big": 2**80, "half": "\ud83d"}

    assert json.loads(export("jsonl", [row])) == row
    assert cells(export("csv", [row]))[1] == [str(2**80), "?"]


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(), max_size=4), max_size=5))
def test_raw_csv_gives_every_text_back(rows: list[dict[str, Any]]) -> None:
    names = columns(rows)
    written = b"".join(FORMATS["csv"].write(rows, columns=names, raw=True)).decode("utf-8", "surrogatepass")
    if names:
        header, *records = cells(written)
        assert header == list(names)
        assert records == [[row.get(name, "") for name in names] for row in rows]


@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_written_as_they_come(name: str) -> None:
    taken = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        while taken < 100_000:
            taken += 1
            yield {"text": "x" * 1000}

    first = next(FORMATS[name].write(rows(), columns=("text",)))

    assert 60_000 < len(first) < 70_000
    assert taken < 100


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        st.lists,
    )
)
def test_stored_json_is_read_exactly(value: object) -> None:
    assert decode(encode(value).decode()) == value


@pytest.mark.parametrize(
    "text",
    ["18446744073709551616", '{"a": [-9223372036854775809]}', '"\\ud83d"', "1e400", " 1.50 ", "[1,1.0]"],
)
def test_what_orjson_reads_otherwise_is_read_as_python_does(text: str) -> None:
    assert repr(decode(text)) == repr(json.loads(text))


@given(st.lists(st.none() | st.integers() | st.floats() | st.text(alphabet="ab ,;\"\r\n\t'ü="), min_size=1))
def test_csv_is_quoted_as_the_csv_module_does(values: list[object]) -> None:
    names = [f"column {place}" for place in range(len(values))]
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows([names, values])

    written = b"".join(FORMATS["csv"].write([dict(zip(names, values, strict=True))], columns=names, raw=True))

    assert written.decode() == expected.getvalue()


CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet='ab,=\n"ü') | st.just(["a"])
)


@given(st.lists(st.tuples(CELLS, CELLS, st.just("same"), st.text(alphabet="ab="))), st.booleans())
def test_records_of_csv_are_the_same_however_many_are_made_at_once(
    values: list[tuple[object, ...]], raw: bool
) -> None:
    names = ("mixed", "other", "same", "text")
    rows = [dict(zip(names, row, strict=True)) for row in values]
    head, *_ = FORMATS["csv"].write([], columns=names)

    written = b"".join(FORMATS["csv"].write(rows, columns=names, raw=raw))
    alone = [b"".join(FORMATS["csv"].write([row], columns=names, raw=raw)) for row in rows]

    assert written == head + b"".join(record.removeprefix(head) for record in alone)


def test_records_of_csv_that_are_not_made_at_once_follow_each_other() -> None:
    rows = [{"number": number, "text": "," * (number % 2)} for number in range(1_000)]

    assert cells(export("csv", rows)) == [
        ["number", "text"],
        *([str(row["number"]), row["text"]] for row in rows),
    ]
