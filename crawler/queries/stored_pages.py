"""Pages of a target as they are stored: addresses, what their heads said, and bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import zstandard

from crawler.models import Page, PageVersion, Snapshot
from crawler.trials import StoredPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASHES: Final = 500
"""How many bodies one statement looks for."""


class Kept(NamedTuple):
    """A page's row, and the page as it is stored; None when its body is not."""

    row: Page
    page: StoredPage | None


def kept(rows: Iterable[Page]) -> list[Kept]:
    """Return `rows` with their stored pages."""
    rows = list(rows)
    found = bodies([bytes(row.body_hash) for row in rows])
    return [Kept(row, _stored(row, found.get(bytes(row.body_hash)))) for row in rows]


def as_they_were(places: Sequence[tuple[Page, PageVersion | None]]) -> list[Kept]:
    """Return pages as they were at a version, of whose head the type is kept, or are where that is None."""
    found = bodies([bytes((version or row).body_hash) for row, version in places])
    kept = []
    for row, version in places:
        body = found.get(bytes((version or row).body_hash))
        said = headers(row) if version is None else {"content-type": version.content_type}
        kept.append(Kept(row, None if body is None else StoredPage(row.url, said, body)))
    return kept


def bodies(hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return those of the bodies that are stored."""
    found: dict[bytes, bytes] = {}
    unpack = zstandard.ZstdDecompressor().decompress
    for start in range(0, len(hashes), HASHES):
        some = Snapshot.objects.filter(hash__in=hashes[start : start + HASHES])
        for hash_, body, size in some.values_list("hash", "body", "size"):
            found[bytes(hash_)] = unpack(bytes(body), max_output_size=size or 1)
    return found


def stored_among(hashes: Sequence[bytes]) -> set[bytes]:
    """Return those of the hashes whose bodies are stored."""
    found: set[bytes] = set()
    for start in range(0, len(hashes), HASHES):
        some = Snapshot.objects.filter(hash__in=hashes[start : start + HASHES])
        found |= {bytes(hash_) for hash_ in some.values_list("hash", flat=True)}
    return found


def headers(page: Page) -> dict[str, str]:
    """Return what the head said of the page; what came twice stands as lines of one."""
    said = {"content-type": page.content_type}
    for line in page.hints.splitlines():
        name, _, value = line.partition(": ")
        said[name] = f"{said[name]}\n{value}" if name in said else value
    return said


def _stored(row: Page, body: bytes | None) -> StoredPage | None:
    return StoredPage(row.url, headers(row), body) if body is not None else None
