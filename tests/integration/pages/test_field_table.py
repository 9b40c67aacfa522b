"""The table of fields on the target form, without JavaScript: rules are saved, and shown as JSON and back."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from crawler.models import Target
from tests.integration.pages.test_previews import FORM
from tests.markup import elements

pytestmark = pytest.mark.django_db

FILLED = FORM | {
    "name": "Teas",
    "scraper": "fields",
    "fields_as": "rows",
    "row": "li.tea",
    "tags": "hot, brown",
    "field_name": ["sku", "price"],
    "field_kind": ["css", "css"],
    "field_selector": [".sku", ".price"],
    "field_type": ["", "price"],
    "field_default": ["", "0"],
    "field_min": ["", "0.5"],
    "field_one_of": ["A-1\r\nA-2", ""],
    "step_of": ["0", "0", "1"],
    "step_choice": ["replace", "upper", ""],
    "step_first": ["^No ", "", ""],
    "step_second": ["", "", ""],
}
FIELDS = {
    "sku": {"css": ".sku", "one_of": ["A-1", "A-2"], "transform": [{"replace": ["^No ", ""]}, "upper"]},
    "price": {"css": ".price", "type": "price", "default": 0, "min": 0.5},
}


def test_transforms_default_and_rules_are_saved_from_the_table(client: Client) -> None:
    client.post(reverse("target-new"), FILLED)
    assert Target.objects.get(name="Teas").fields == FIELDS


def test_fields_are_turned_to_json_and_back_and_nothing_is_saved(client: Client) -> None:
    as_json = client.post(reverse("target-fields"), FILLED | {"turn": "json"})
    (area,) = elements(as_json.content, "//textarea[@name='fields_json']")
    assert json.loads(area.text) == FIELDS
    assert b'value="hot, brown"' in as_json.content

    posted = FORM | {"scraper": "fields", "fields_as": "json", "fields_json": area.text, "turn": "rows"}
    back = client.post(reverse("target-fields"), posted)

    names = elements(back.content, "//input[@name='field_name']")
    assert [one.get("value") for one in names[:2]] == ["sku", "price"]
    assert not Target.objects.exists()


def test_transform_is_moved_without_javascript_and_nothing_is_saved(client: Client) -> None:
    moved = client.post(reverse("target-fields"), FILLED | {"move": "up:0:1"})

    chosen = elements(moved.content, "//select[@name='step_choice']/option[@selected]")
    assert [one.get("value") for one in chosen[:2]] == ["upper", "replace"]
    assert len(elements(moved.content, "//tbody[1]//details[@open]")) == 1
    assert b'value="hot, brown"' in moved.content
    assert not Target.objects.exists()
    buttons = elements(moved.content, "//tbody[1]//button[@name='move']")
    assert [one.get("value") for one in buttons[:3]] == ["up:0:0", "down:0:0", "up:0:1"]
    assert {one.get("formaction") for one in buttons} == {f"{reverse('target-fields')}#reading"}
    assert [one.get("aria-label") for one in buttons if one.get("disabled") is not None] == [
        "Move transform 1 of field 1 up",
        f"Move transform {len(buttons) // 2} of field 1 down",
    ]


def test_mistake_stands_in_its_row(client: Client) -> None:
    refused = client.post(reverse("target-new"), FILLED | {"step_first": ["(", "", ""]})
    assert refused.status_code == 422
    (told,) = elements(refused.content, "//*[@id='field-1-problems']/li")
    assert told.text.startswith("Transform 1: is not an RE2 pattern")
    (marked,) = elements(refused.content, "//*[@aria-invalid]")
    assert marked.get("name") == "step_choice"
