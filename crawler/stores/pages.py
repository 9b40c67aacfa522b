"""Writes what visits learnt of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.policy.refresh import rates
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.engine.work import Claim, PageRecord

UPSERT = (
    "INSERT INTO crawler_page (target_id, key, url, run, status, content_type, title, etag, last_modified, "
    "body_hash, size, noindex, canonical, hints, first_seen, last_seen, changed_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (target_id, key) DO UPDATE SET url = excluded.url, run = excluded.run, "
    "status = excluded.status, content_type = excluded.content_type, title = excluded.title, "
    "etag = excluded.etag, last_modified = excluded.last_modified, size = excluded.size, "
    "noindex = excluded.noindex, canonical = excluded.canonical, hints = excluded.hints, "
    "last_seen = excluded.last_seen, "
    "changed_at = CASE WHEN crawler_page.body_hash <> excluded.body_hash "
    "THEN excluded.changed_at ELSE crawler_page.changed_at END, body_hash = excluded.body_hash, "
    "refresh_failures = 0"
)


def _upsert() -> str:
    """Return the statement that stores a page; it adds to what its visits saw as `rates.Seen.after` does."""
    elapsed = sql.seconds_between("crawler_page.last_seen", "excluded.last_seen")
    added = {
        "visits": ("1", "1"),
        "changes": ("1", "0"),
        "unchanged_seconds": ("0", elapsed),
        "changed_seconds": (elapsed, "0"),
        "changed_squares": (f"({elapsed}) * ({elapsed})", "0"),
    }
    changed = "crawler_page.body_hash <> excluded.body_hash"
    return UPSERT + "".join(
        f", {name} = crawler_page.{name} * {rates.KEEP} + CASE WHEN {changed} THEN {one} ELSE {other} END"
        for name, (one, other) in added.items()
    )


def save(records: Sequence[tuple[Claim, PageRecord]], *, now: datetime) -> None:
    """Upsert one row a page, in the order of target and key; `changed_at` moves only with the body."""
    moment = sql.adapt(now)
    ordered = sorted(records, key=lambda entry: (entry[0].rules.target, entry[0].key))
    sql.execute_many(
        _upsert(),
        [
            (
                claim.rules.target,
                claim.key,
                claim.url,
                claim.rules.run,
                page.status,
                page.content_type,
                page.title,
                page.etag,
                page.last_modified,
                page.body_hash,
                page.size,
                page.noindex,
                page.canonical,
                page.hints,
                moment,
                moment,
                moment,
            )
            for claim, page in ordered
        ],
    )
