"""Which pages complete a declared record: the fields that link to them, in the order they are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scrapers.fields.types import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scrapers.fields.schema import Field

    Wrong = Callable[[str, str], None]

MAX_FOLLOWED: Final = 3
"""As many pages may complete a record: each is a request for every record."""


def links_of(fields: Sequence[Field], wrong: Wrong) -> tuple[str, ...]:
    """Return the fields that are followed, each after the one whose page it is on.

    `wrong` is told the path and the reason of each mistake.
    """
    named = {one.name: one for one in fields}
    links: dict[str, None] = {}
    for one in fields:
        if one.follow is not None and not _is_mistaken(one, named, wrong):
            links[one.follow] = None
    if len(links) > MAX_FOLLOWED:
        said = ", ".join(links)
        wrong("fields", f"a record is completed on {MAX_FOLLOWED} pages at most; {said} are followed")
    return tuple(sorted(links, key=lambda name: _pages_before(name, named)))


def _is_mistaken(one: Field, named: Mapping[str, Field], wrong: Wrong) -> bool:
    """Report what is wrong with the field that `one` is to follow; return whether anything is."""
    path = f"fields.{one.name}.follow"
    link = named.get(one.follow or "")
    if link is None:
        wrong(path, f"{(one.follow or '')[:60]!r} is no field of the record that can be used")
    elif link.kind is not Kind.URL or link.many:
        wrong(path, f"{link.name} must be one link: give it the type url, without many")
    elif _pages_before(one.name, named) > len(named):
        wrong(path, "goes in a circle: follow a field that is on a page before")
    else:
        return False
    return True


def _pages_before(name: str, named: Mapping[str, Field]) -> int:
    """Return how many pages are read before the one that has the field; too many where it is never read."""
    count, one = 0, named.get(name)
    while one is not None and one.follow is not None and count <= len(named):
        count, one = count + 1, named.get(one.follow)
    return count
