"""Fields of records of several pages: on which of these each is, and how it is declared on another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def link_of(fields: Mapping[str, Any], path: str, declared: Mapping[str, Any]) -> str:
    """Return the link behind which a field declared anew is read, empty where records begin."""
    return nesting.link_of(fields, path) if "." in path else str(declared.get("follow") or "")


def on_page(fields: Mapping[str, Any], link: str, *, with_paths: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of the page behind a link, and those of some paths, wherever they are declared."""
    named = {path.partition(".")[0] for path in with_paths}
    return {
        name: said for name, said in fields.items() if name in named or nesting.link_of(fields, name) == link
    }


def elsewhere(fields: Mapping[str, Any], name: str, *, keyed: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the other pages of a record on which one of its fields may be, and how it is declared there.

    What leads to a page is not behind it, and is read before it. Records that are not `keyed` by their fields
    are known by the page that completes them: one such page stays.
    """
    said = nesting.at(fields, name)
    links = nesting.links(fields)
    if said is None or "." in name or name in links:
        return
    own = nesting.link_of(fields, name)
    behind = sum(bool(nesting.link_of(fields, one)) for one in fields)
    for link in ("", *links):
        if link != own and (link or keyed or behind > 1):
            alone = {key: value for key, value in said.items() if key != "follow"}
            yield link, alone | ({"follow": link} if link else {})
