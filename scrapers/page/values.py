"""What reading a page gives: scraped records, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """One record of a page: plain JSON by field name, absent keys left out."""

    data: dict[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a page or a scraper did not give; `code` is stable and counted.

    `field` is the path of the declared field (`offers.price`), None where no field is to blame.
    `detail` is for the log: a traceback.
    """

    code: str
    message: str
    field: str | None = None
    detail: str = ""
