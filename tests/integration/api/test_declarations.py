"""The published JSON Schema, and the scrapers that there are, through the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.contrib.auth.models import User
from jsonschema import Draft202012Validator

from scrapers import folder, registry
from tests.integration.api.conftest import Api, problem


def test_schema_of_declared_records_is_there_to_validate_with(api: Api) -> None:
    validator = Draft202012Validator(api.get("/schemas/fields").json())

    declared = {"row": "li.card", "fields": {"name": {"css": "h3", "required": True}}}
    assert validator.is_valid(declared)
    (fault,) = validator.iter_errors(declared | {"rows": "li"})
    assert "'rows' was unexpected" in fault.message


def test_scrapers_are_listed_with_what_they_may_be_told(api: Api) -> None:
    found = {one["name"]: one for one in api.get("/scrapers").json()}

    assert list(found) == [choice.name for choice in registry.names()]
    assert found["demo_shop"]["title"] == "Demo shop"
    (favor,) = (one for one in found["article"]["options"] if one["name"] == "favor")
    assert (favor["default"], favor["choices"]) == ("balance", ["balance", "precision", "recall"])
    assert {"name": "layout", "default": True, "choices": []}.items() <= found["product"]["options"][
        0
    ].items()


def test_files_that_give_no_scraper_are_listed_for_administrators(
    api: Api, token_for: Callable[..., Api], tmp_path: Path
) -> None:
    (tmp_path / "teas.py").write_text("\n1 / 0")
    (tmp_path / "herbs.py").write_text("x = 1")
    administrator = token_for(User.objects.create_superuser("root"))
    assert administrator.get("/scrapers/broken").json() == []
    folder.install(str(tmp_path))
    try:
        told = administrator.get("/scrapers/broken").json()
    finally:
        folder.install("")

    assert told == [
        {
            "file": "herbs.py",
            "line": None,
            "error": "has no class with parse(page)",
            "remedy": folder.REMEDY,
        },
        {
            "file": "teas.py",
            "line": 2,
            "error": "line 2: ZeroDivisionError: division by zero",
            "remedy": folder.REMEDY,
        },
    ]
    assert "an administrator can give it" in problem(api.get("/scrapers/broken"), 403)["detail"]
