"""Which fields a run may have, where its target declares them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from crawler.policy.quality import may_have

FIELDS: Final[dict[str, Any]] = {
    "name": "css:h1",
    "offer": {
        "fields": {"price": {"css": ".price", "type": "price"}, "by": {"css": ".by", "fields": {"name": "a"}}}
    },
    "more": "jmespath:more",
    "empty": {"css": "b", "fields": None},
}


@pytest.mark.parametrize(
    ("path", "is_there"),
    [
        ("name", True),
        ("price", False),
        ("offer", True),
        ("offer.price", True),
        ("offer.stock", False),
        ("offer.by.name", True),
        ("offer.by.street", False),
        ("more.of.it", True),
        ("empty.x", True),
    ],
)
def test_a_path_may_be_there_where_it_is_declared_or_inside_of_what_is(path: str, is_there: bool) -> None:
    assert may_have(path, FIELDS) is is_there
