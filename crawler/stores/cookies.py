"""The cookies of runs: each encrypted in a row of its own, the latest change of each holds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.models import fields
from crawler.policy.cookies import Cookie
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

SAVE = (
    "INSERT INTO crawler_cookie (run_id, key, secret, changed_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (run_id, key) DO UPDATE SET secret = excluded.secret, changed_at = excluded.changed_at "
    "WHERE crawler_cookie.changed_at <= excluded.changed_at"
)


def save(changes: Iterable[tuple[int, Cookie]]) -> None:
    """Store what changed of runs' cookies, in the order of run and key; an older change changes nothing."""
    latest: dict[tuple[int, bytes], Cookie] = {}
    for run, cookie in changes:
        known = latest.get((run, cookie.key))
        if known is None or known.changed_at <= cookie.changed_at:
            latest[run, cookie.key] = cookie
    sql.execute_many(
        SAVE,
        [
            (run, key, fields.write(_said(cookie)), sql.adapt(cookie.changed_at))
            for (run, key), cookie in sorted(latest.items(), key=lambda entry: entry[0])
        ],
    )


def changed(run: int, *, since: datetime | None) -> tuple[Cookie, ...]:
    """Return what changed of a run's cookies after `since`, all there are when that is None."""
    after = "" if since is None else "AND changed_at > %s "
    rows = sql.select(
        f"SELECT secret, changed_at FROM crawler_cookie WHERE run_id = %s {after}ORDER BY changed_at, id",
        [run] if since is None else [run, sql.adapt(since)],
    )
    return tuple(_read(fields.read(secret), sql.moment(moment)) for secret, moment in rows)


def forget(run: int) -> None:
    """Remove the cookies of a run that is over."""
    sql.execute("DELETE FROM crawler_cookie WHERE run_id = %s", [run])


def _said(cookie: Cookie) -> dict[str, Any]:
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": cookie.domain,
        "path": cookie.path,
        "host_only": cookie.host_only,
        "secure": cookie.secure,
        "created_at": cookie.created_at,
        "expires_at": cookie.expires_at,
    }


def _read(said: dict[str, Any], changed_at: datetime | None) -> Cookie:
    expires_at, created_at = said.pop("expires_at"), datetime.fromisoformat(said.pop("created_at"))
    return Cookie(
        **said,
        created_at=created_at,
        changed_at=changed_at or created_at,
        expires_at=expires_at and datetime.fromisoformat(expires_at),
    )
