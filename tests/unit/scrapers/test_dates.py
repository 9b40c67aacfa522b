"""Dates: ISO 8601 out of what pages write, and nothing out of what depends on today."""

from __future__ import annotations

import pytest

from scrapers.page import dates


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("2024-03-01", None, "2024-03-01"),
        ("20240301", None, "2024-03-01"),
        (" 2024-03-01T10:00:00Z ", None, "2024-03-01T10:00:00+00:00"),
        ("2024-03-01 10:00", None, "2024-03-01T10:00:00"),
        ("Fri, 01 Mar 2024 10:00:00 +0200", None, "2024-03-01T10:00:00+02:00"),
        ("March 1, 2024", None, "2024-03-01"),
        ("1. März 2024", "de-AT", "2024-03-01"),
        ("1 mars 2024", "fr", "2024-03-01"),
        ("03/04/2024", "en-US", "2024-03-04"),
        ("03/04/2024", "en-GB", "2024-04-03"),
        ("03/04/2024", "fr", "2024-04-03"),
        ("March 1, 2024", "de", "2024-03-01"),
        ("March 1, 2024", "xx-nonsense", "2024-03-01"),
    ],
)
def test_date_is_read_in_the_language_of_the_page(text: str, language: str | None, expected: str) -> None:
    assert dates.read(text, language=language) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "3 days ago", "March 2024", "12:30", "soon", "1" * 200])
def test_what_names_no_day_is_no_date(text: str) -> None:
    assert dates.read(text) is None
