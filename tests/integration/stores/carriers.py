"""Records that go on, and the visits of lists that send them and of pages that complete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.engine.work import GoingRecord
from crawler.policy import identity
from crawler.stores import carried
from crawler.urls import canonical
from tests.integration.stores.hands import visited

if TYPE_CHECKING:
    from crawler.engine.work import Claim, Result

SETTINGS: dict[str, Any] = {
    "scraper": "fields",
    "fields": {"key": "css:a", "link": {"css": "a", "type": "url"}, "text": {"css": "p", "follow": "link"}},
    "key": ["key"],
    "scope": "domain",
}


def going(url: str, key: str, *, partial: bool = True) -> GoingRecord:
    data = identity.encode({"key": key})
    page = canonical(url)
    return GoingRecord(
        url=url,
        key=page.key,
        origin=page.origin,
        callback="link",
        data=data,
        digest=identity.digest(data),
        partial=partial,
        level=1,
    )


def sent(claim: Claim, *records: GoingRecord) -> Result:
    """Return the visit of a list whose records go on."""
    return visited(claim, *(record.url for record in records), carried=records)


def joined(claim: Claim, **more: Any) -> Result:
    """Return the visit of a page that completes the records that wait for it now."""
    here = carried.carried_to(claim.rules.run, claim.id)
    whole = [{**record.data, "text": "whole"} for _id, record in here]
    return visited(claim, items=whole, joined=tuple(id_ for id_, _record in here), **more)


def again(claim: Claim) -> Result:
    """Return the second visit of such a page, for which nothing is asked."""
    return joined(claim, page=None, again=True)
