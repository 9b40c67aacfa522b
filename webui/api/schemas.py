"""What more than one subject of the API says: its ways of writing numbers, times and pages of lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

MOST_ROWS = 1_000
LARGEST_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


def in_utc(moment: datetime) -> datetime:
    """Read a time without a zone as UTC; refuses what UTC has no date for."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999, in UTC too") from None


def _storable(text: str) -> str:
    """Refuse what no stored text can hold: a search for it would find everything, or fail."""
    if "\0" in text:
        raise ValueError("must not contain NUL characters")
    return text


Words = Annotated[str, Field(max_length=200), AfterValidator(_storable)]

Moment = Annotated[datetime, AfterValidator(in_utc)]


class Paged(Schema):
    """Which page of a list."""

    cursor: Annotated[str | None, Field(max_length=1_000, description="`next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="How many rows a page has.")] = 100


class Problem(Schema):
    """One field that is wrong."""

    field: str
    message: str


class ProblemDocument(Schema):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[Problem] | None = None


def body(**keys: Any) -> dict[str, Any]:
    """Return the JSON Schema of an object with `keys` and no others."""
    return {"type": "object", "properties": keys, "additionalProperties": False}
