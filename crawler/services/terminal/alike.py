"""`./run alike`: which stored pages of a target are near copies of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from crawler.queries import alike as queries
from crawler.services import alike
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.keeping import target_of
from crawler.trials import CannotTry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.queries.alike import Alike, Group


def find(number: str, *, say: Callable[[str], None]) -> Alike:
    """Read the stored pages of a target and return the groups among them; raises Refusal."""
    target = target_of(number)
    after: int | None = 0
    made = 0
    while after is not None:
        try:
            step = alike.step(target.pk, after=after)
        except CannotTry as error:
            raise Refusal(str(error), status=1) from None
        after, made = step.after, made + step.made
        if step.made:
            say(f"{made:,} pages read")
    return queries.of_target(target.pk)


def lines(found: Alike) -> Iterator[str]:
    """Yield the groups, for people."""
    for group in found.groups:
        yield f"{group.count:,} pages"
        yield from (f"  {page.url}" for page in group.pages)
    more = "" if found.is_whole else "; there are too many to compare them all"
    yield f"near copies: {found.copies:,}; groups: {found.group_count:,}"
    yield f"pages with text: {found.pages:,} of {found.total:,}{more}"


def document(group: Group) -> bytes:
    """Return a group as a line of JSON."""
    return orjson.dumps({"count": group.count, "pages": [page.url for page in group.pages]})
