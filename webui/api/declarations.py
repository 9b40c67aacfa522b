"""How settings that are documents of their own are written."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from ninja import Router

from scrapers.fields.published import json_schema

router = Router(tags=["targets"])


@router.get("/schemas/fields", response=dict[str, Any])
def get_fields_schema(request: HttpRequest) -> dict[str, Any]:
    """Read the JSON Schema of declared records: an object of a target's `fields`, `row` and `options`."""
    return _written()


@cache
def _written() -> dict[str, Any]:
    return json_schema()
