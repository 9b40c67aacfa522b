"""Writes what visits learnt of pages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from crawler.engine import records as engine
from crawler.engine.work import Validators
from crawler.http import Fetched, Headers
from crawler.policy.refresh import rates
from crawler.stores import snapshots, sql, statements, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from crawler.engine.work import Claim, PageRecord
    from crawler.stores.statements import Many

GIVEN = {
    "target_id": "bigint",
    "key": "bytea",
    "url": "text",
    "run": "bigint",
    "status": "smallint",
    "content_type": "text",
    "title": "text",
    "etag": "text",
    "last_modified": "text",
    "body_hash": "bytea",
    "size": "integer",
    "noindex": "boolean",
    "canonical": "text",
    "hints": "text",
    "first_seen": "timestamptz",
    "last_seen": "timestamptz",
    "changed_at": "timestamptz",
}
RUN, HASH = (list(GIVEN).index(name) for name in ("run", "body_hash"))
REPLACE = (
    "ON CONFLICT (target_id, key) DO UPDATE SET url = excluded.url, run = excluded.run, "
    "status = excluded.status, content_type = excluded.content_type, title = excluded.title, "
    "etag = excluded.etag, last_modified = excluded.last_modified, size = excluded.size, "
    "noindex = excluded.noindex, canonical = excluded.canonical, hints = excluded.hints, "
    "last_seen = excluded.last_seen, "
    "changed_at = CASE WHEN crawler_page.body_hash <> excluded.body_hash "
    "THEN excluded.changed_at ELSE crawler_page.changed_at END, "
    "body_at = CASE WHEN crawler_page.body_hash = excluded.body_hash THEN crawler_page.body_at END, "
    "body_hash = excluded.body_hash, "
    "refresh_failures = 0, "
    "searchable = CASE WHEN crawler_page.url = excluded.url AND crawler_page.title = excluded.title "
    "THEN crawler_page.searchable END"
)


@cache
def _upsert() -> Many:
    """Return the statement that stores pages; it adds to what its visits saw as `rates.Seen.after` does."""
    elapsed = sql.seconds_between("crawler_page.last_seen", "excluded.last_seen")
    added = {
        "visits": ("1", "1"),
        "changes": ("1", "0"),
        "unchanged_seconds": ("0", elapsed),
        "changed_seconds": (elapsed, "0"),
        "changed_squares": (f"({elapsed}) * ({elapsed})", "0"),
    }
    changed = "crawler_page.body_hash <> excluded.body_hash"
    seen = "".join(
        f", {name} = crawler_page.{name} * {rates.KEEP} + CASE WHEN {changed} THEN {one} ELSE {other} END"
        for name, (one, other) in added.items()
    )
    return statements.insert("crawler_page", GIVEN, then=REPLACE + seen)


def save(records: Sequence[tuple[Claim, PageRecord]], *, now: datetime) -> None:
    """Upsert one row a page, in the order of target and key; `changed_at` moves only with the body.

    What a page was before its body changed is kept. That is looked for where the claim knew another
    body, or could not know: pages that are new or the same pay nothing.
    """
    moment = sql.adapt(now)
    changed = {
        (claim.rules.target, claim.key): claim.rules.has_noise
        for claim, page in records
        if _may_have_changed(claim, page)
    }
    ordered = sorted(records, key=lambda entry: (entry[0].rules.target, entry[0].key))
    rows = [
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
    ]
    for place, part in enumerate(_parted(rows)):
        suspects = [row for row in part if place or row[:2] in changed]
        kept = [(row[RUN], changed.get(row[:2], False), row[0], row[1], row[HASH]) for row in suspects]
        versions.keep(kept, now=now)
        _upsert().run(part)


def _may_have_changed(claim: Claim, page: PageRecord) -> bool:
    """Say whether the stored page may have another body; a further attempt was not told what is stored."""
    return claim.attempts > 0 if claim.known is None else claim.known.body_hash != page.body_hash


def seen_by_run(claim: Claim) -> Fetched | None:
    """Return the page of a claim as its run has stored it; None where it has not, or not its body."""
    rows = sql.select(SEEN, [claim.rules.target, claim.key, claim.rules.run])
    if not rows:
        return None
    status, etag, last_modified, content_type, body_hash, hints = rows[0]
    body = snapshots.load(sql.data(body_hash))
    if body is None:
        return None
    known = Validators(
        etag=etag,
        last_modified=last_modified,
        content_type=content_type,
        body_hash=sql.data(body_hash),
        hints=hints,
    )
    headers = engine.revived(Headers([]), known)
    return Fetched(
        url=claim.url, status=status, headers=headers, body=body, wire_bytes=0, elapsed_seconds=0.0
    )


SEEN = (
    "SELECT status, etag, last_modified, content_type, body_hash, hints FROM crawler_page "
    "WHERE target_id = %s AND key = %s AND run = %s"
)


def _parted(rows: list[sql.Row]) -> Iterator[list[sql.Row]]:
    """Part the rows so that each page is in a part once: one statement cannot write the same row twice."""
    while rows:
        first = {row[:2]: row for row in reversed(rows)}
        if len(first) == len(rows):
            yield rows
            return
        yield sorted(first.values(), key=lambda row: row[:2])
        taken = set(map(id, first.values()))
        rows = [row for row in rows if id(row) not in taken]
