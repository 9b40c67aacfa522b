"""Fields of records of several pages: on which of these each may be, and how it is declared there."""

from __future__ import annotations

from typing import Any

from scrapers.suggesting import moving

FIELDS: dict[str, Any] = {
    "name": "css:h2",
    "link": {"css": "a", "type": "url"},
    "price": {"css": ".price", "type": "price", "follow": "link"},
    "maker": {"css": "a.maker", "type": "url", "follow": "link"},
    "town": {"css": ".town", "follow": "maker"},
}


def test_field_may_be_on_each_other_page_with_all_that_is_declared_besides() -> None:
    assert dict(moving.elsewhere(FIELDS, "price", keyed=False)) == {
        "": {"css": ".price", "type": "price"},
        "maker": {"css": ".price", "type": "price", "follow": "maker"},
    }
    assert dict(moving.elsewhere(FIELDS, "name", keyed=False)) == {
        "link": {"css": "h2", "follow": "link"},
        "maker": {"css": "h2", "follow": "maker"},
    }


def test_what_leads_to_a_page_and_what_is_inside_of_objects_stays() -> None:
    for name in ("link", "maker", "price.amount", "unknown"):
        assert not list(moving.elsewhere(FIELDS, name, keyed=True))


def test_last_field_behind_a_link_stays_where_that_is_what_tells_records_apart() -> None:
    fields = {name: FIELDS[name] for name in ("name", "link", "price")}
    assert not list(moving.elsewhere(fields, "price", keyed=False))
    assert list(moving.elsewhere(fields, "price", keyed=True)) == [("", {"css": ".price", "type": "price"})]


def test_fields_of_a_page_are_told_by_where_they_are_read_then() -> None:
    assert list(moving.on_page(FIELDS, "link")) == ["price", "maker"]
    assert list(moving.on_page(FIELDS, "", with_paths=["town.name"])) == ["name", "link", "town"]
    assert moving.link_of(FIELDS, "price", {"css": "b"}) == ""
    assert moving.link_of(FIELDS, "price.amount", {"css": "b"}) == "link"
