"""Headers and error codes."""

from __future__ import annotations

import re

import pytest

from crawler import errors
from crawler.errors import (
    CODES,
    BadContent,
    FetchError,
    InflationBomb,
    TimedOut,
    Unreachable,
    explain,
    in_words,
    spoken,
)
from crawler.http import Headers

HEADERS = Headers([("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")])


def test_first_value_is_found_whatever_the_case() -> None:
    assert HEADERS.get("SET-COOKIE") == "a=1"
    assert "content-type" in HEADERS


def test_missing_header_is_none_or_the_default() -> None:
    assert HEADERS.get("ETag") is None
    assert HEADERS.get("ETag", "x") == "x"
    assert "ETag" not in HEADERS


def test_all_values_are_found_in_order() -> None:
    assert HEADERS.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert HEADERS.joined("Set-Cookie") == "a=1, b=2"
    assert HEADERS.joined("ETag") == ""


def test_headers_keep_the_pairs_as_they_came() -> None:
    assert list(HEADERS)[2] == ("set-cookie", "b=2")
    assert len(HEADERS) == 3
    assert Headers(tuple(HEADERS)) == HEADERS


def _every_error() -> list[type[FetchError]]:
    return [
        found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, FetchError)
    ]


@pytest.mark.parametrize("error", _every_error())
def test_every_error_has_a_code_of_its_own_and_a_meaning(error: type[FetchError]) -> None:
    assert [other for other in _every_error() if other.code == error.code] == [error]
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert CODES[error.code] == error.summary
    assert error().message


def test_every_error_stands_in_the_drawn_tree() -> None:
    drawn = re.findall(r"(\w+) {2,}([a-z_]+)$", FetchError.__doc__ or "", re.MULTILINE)

    assert dict(drawn) == {error.__name__: error.code for error in _every_error()}


@pytest.mark.parametrize(
    "code", ["robots", "robots_unreachable", "worker_lost", "reader_hung", "cancelled", "time_limit"]
)
def test_codes_beyond_fetching_are_listed_too(code: str) -> None:
    assert explain(code) == CODES[code]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("robots_unreachable: address_refused", "EGRESS_ALLOW"),
        ("robots_unreachable: status-503", "the server answered with status 503"),
    ],
)
def test_reason_with_its_cause_is_told_with_both(reason: str, words: str) -> None:
    said = explain(reason)
    assert said.startswith(f"{CODES['robots_unreachable']}: ")
    assert words in said


def test_reason_is_spoken_with_its_code_explained_wherever_that_stands() -> None:
    assert spoken("status-404") == "status-404, the server answered with status 404"
    assert spoken("robots: line 2, Disallow: /") == "robots: line 2, Disallow: /"
    assert spoken("no start URL could be fetched (robots_unreachable: timed_out)").endswith(
        "(robots_unreachable: timed_out, robots.txt could not be fetched, so nothing on this host may be: "
        "the answer took too long)"
    )


def test_words_take_the_place_of_a_code_wherever_that_stands() -> None:
    assert in_words("status-404") == "the server answered with status 404"
    assert in_words("robots: line 2, Disallow: /") == "robots: line 2, Disallow: /"
    assert in_words("nothing was fetched (timed_out)") == "nothing was fetched (the answer took too long)"


def test_status_is_explained_by_its_number() -> None:
    assert explain("status-404") == "the server answered with status 404"


def test_errors_can_be_matched_by_family() -> None:
    assert issubclass(InflationBomb, BadContent)
    assert not issubclass(TimedOut, Unreachable)


def test_errors_compare_by_kind_and_text() -> None:
    assert TimedOut(which="headers") == TimedOut(which="headers") != TimedOut(which="total")
