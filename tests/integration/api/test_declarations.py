"""The published JSON Schema through the API."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from tests.integration.api.conftest import Api


def test_schema_of_declared_records_is_there_to_validate_with(api: Api) -> None:
    validator = Draft202012Validator(api.get("/schemas/fields").json())

    declared = {"row": "li.card", "fields": {"name": {"css": "h3", "required": True}}}
    assert validator.is_valid(declared)
    (fault,) = validator.iter_errors(declared | {"rows": "li"})
    assert "'rows' was unexpected" in fault.message
