"""What a target's settings may say of how pages are read: which scrapers there are, and declared records."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from scrapers import registry
from scrapers.fields.published import json_schema

router = Router(tags=["targets"])


class OptionOut(Schema):
    """An option of a scraper: yes or no, or one of `choices`."""

    name: str
    default: bool | str
    choices: list[str]
    what: str


class ScraperOut(Schema):
    """What a target's `scraper` may say, and its `options` with that."""

    name: str
    title: str
    description: str
    options: list[OptionOut]


@router.get("/scrapers", response=list[ScraperOut])
def list_scrapers(request: HttpRequest) -> list[ScraperOut]:
    """List the scrapers, general ones first, with those of the installation's own folder."""
    return [
        ScraperOut(
            name=choice.name,
            title=choice.title,
            description=choice.description,
            options=[
                OptionOut(name=one.name, default=one.default, choices=list(one.choices), what=one.what)
                for one in choice.options
            ],
        )
        for choice in registry.names()
    ]


@router.get("/schemas/fields", response=dict[str, Any])
def get_fields_schema(request: HttpRequest) -> dict[str, Any]:
    """Read the JSON Schema of declared records: an object of a target's `fields`, `row` and `options`."""
    return _written()


@cache
def _written() -> dict[str, Any]:
    return json_schema()
