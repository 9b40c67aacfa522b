"""What a target's settings may say of how pages are read: which scrapers there are, and declared records."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import AuthorizationError

from scrapers import folder, registry
from scrapers.fields.published import json_schema
from webui.accounts.models import Role
from webui.accounts.roles import may, refusal
from webui.api.auth import caller

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


class BrokenOut(Schema):
    """Why a file of the folder of scrapers, or a class of it, is not used, and what to do."""

    file: str
    line: int | None
    error: str
    remedy: str


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


@router.get("/scrapers/broken", response=list[BrokenOut])
def list_broken_scrapers(request: HttpRequest) -> list[BrokenOut]:
    """List what is wrong with files of the installation's own folder, for administrators."""
    user = caller(request).user
    if not may(user, Role.ADMINISTRATOR):
        raise AuthorizationError(message=refusal(user, Role.ADMINISTRATOR))
    return [
        BrokenOut(file=one.file, line=one.line, error=one.message, remedy=folder.REMEDY)
        for one in folder.installed().mistakes
    ]


@router.get("/schemas/fields", response=dict[str, Any])
def get_fields_schema(request: HttpRequest) -> dict[str, Any]:
    """Read the JSON Schema of declared records: an object of a target's `fields`, `row` and `options`."""
    return _written()


@cache
def _written() -> dict[str, Any]:
    return json_schema()
