"""The OpenAPI document is whole, its page works under the CSP, and the reference names every operation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from webui.api import v1

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"


def operations() -> set[str]:
    schema = v1.api.get_openapi_schema(path_prefix="")
    return {f"{method.upper()} {path}" for path, methods in schema["paths"].items() for method in methods}


def test_reference_names_every_operation_and_no_other() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^` ?]*)", text))

    assert {re.sub(r"\{\w+\}", "{id}", operation) for operation in operations()} == {
        name for name in named if not name.endswith(("healthz", "readyz", "metrics", "docs", "openapi.json"))
    }


def test_every_operation_says_what_it_does() -> None:
    schema = v1.api.get_openapi_schema(path_prefix="")

    assert all(found["description"] for methods in schema["paths"].values() for found in methods.values())


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client, person: User) -> None:
    client.force_login(person)
    html = client.get("/api/v1/docs").content.decode()

    scripts = re.findall(r"<script[^>]*>", html)
    assert all("src=" in script or 'type="application/json"' in script for script in scripts)
    assert not re.search(r"<style| style=| on\w+=|https?://", html)
