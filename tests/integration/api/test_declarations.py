"""The published JSON Schema, and the scrapers that there are, through the API."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from scrapers import registry
from tests.integration.api.conftest import Api


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
