"""`./run items`: what a target has or had at a moment, what one item said and when, and bringing it back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from crawler.exports import FORMATS
from crawler.exports.rows import encode
from crawler.models import Item, Run
from crawler.policy import identity
from crawler.queries import exports, past
from crawler.services import items
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.keeping import MOST_DIGITS, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.models import Target
    from crawler.queries.past import Version

BY: Final = "the terminal"
"""Who restored an item, where that was asked for by whoever is on this machine."""


def export(
    number: str, *, form: str = "jsonl", run: str | None = None, as_of: str | None = None, raw: bool = False
) -> Iterator[bytes]:
    """Return the items of a target in a format, in chunks: as they are, were, or as a run saw them.

    Raises Refusal before the first chunk.
    """
    target = target_of(number)
    if run is not None and as_of is not None:
        raise Refusal("--as-of: is of one time and --run of another; leave one of them out")
    seen = _run(target, run) if run is not None else None
    at = _moment(as_of) if as_of is not None else None
    chosen = FORMATS[form]
    columns = exports.columns(target=target, run=seen, as_of=at) if chosen.needs_columns else ()
    return chosen.write(exports.rows(target=target, run=seen, as_of=at), columns=columns, raw=raw)


def removed(number: str) -> Iterator[bytes]:
    """Yield the items of a target that are not there any more, with what they said, the last one last.

    Raises Refusal.
    """
    found = Item.objects.filter(target=target_of(number), removed_at__isnull=False)
    for item in found.order_by("removed_at", "id").iterator(chunk_size=500):
        since = exports.stamp(item.removed_at) if item.removed_at else None
        yield encode({"key": item.key, "url": item.url, "removed_at": since, "data": item.data})


def find(number: str, key: str) -> Item:
    """Return the item of a target that has this key, also one that was removed; raises Refusal."""
    digest = identity.digest(key.encode(errors="replace"))
    found = Item.objects.filter(target=target_of(number), key_hash=digest).first()
    if found is None:
        raise Refusal(f"--key: target {number} has no item {key!r}; exports have each item's key as _key")
    return found


def history(item: Item, *, field: str = "") -> Iterator[bytes]:
    """Yield what an item said from when to when as lines of JSON, newest first, as the API tells it."""
    for version in past.history(item, field=field):
        yield encode(_document(version))


def restore(item: Item, word: str) -> str:
    """Bring an item back, or what a version or it at a moment said, and say so; raises Refusal."""
    version = int(word) if _is_number(word) else None
    at = _moment(word, "--restore: must be the number of a version or") if word and version is None else None
    try:
        now = items.restore(item=item, version=version, at=at, by=BY, now=timezone.now())
    except items.NothingToRestore as error:
        raise Refusal(str(error), status=1) from None
    return f"restored as version {now.version}"


def _document(version: Version) -> dict[str, object]:
    return {
        "version": version.number,
        "run": version.run,
        "by": version.by,
        "url": version.url,
        "since": exports.stamp(version.since),
        "until": exports.stamp(version.until) if version.until else None,
        "removed": version.removed,
        "data": version.data,
        "changes": [asdict(change) for change in version.changes],
        "filled": version.filled,
    }


def _run(target: Target, word: str) -> Run:
    rows = Run.objects.without_secrets().filter(target=target)
    found = rows.filter(pk=int(word)).first() if _is_number(word) else None
    if found is None:
        raise Refusal(f"--run: target {target.pk} has no run {word!r}")
    return found


def _moment(word: str, must: str = "--as-of: must be") -> datetime:
    try:
        read = datetime.fromisoformat(word)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{must} a time such as 2026-01-31T12:00Z, in UTC without a zone, not {word!r}"
        raise Refusal(message) from None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS
