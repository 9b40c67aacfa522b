"""How the proxies of targets do, for all slices and for the target's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.policy.proxies import Health
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

SAVE = (
    "INSERT INTO crawler_proxyhealth (target_id, key, failures, error, rests_until, changed_at) "
    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (target_id, key) DO UPDATE SET "
    "failures = excluded.failures, error = excluded.error, rests_until = excluded.rests_until, "
    "changed_at = excluded.changed_at WHERE crawler_proxyhealth.changed_at <= excluded.changed_at"
)


def save(changes: Iterable[tuple[int, Health]]) -> None:
    """Store how proxies do, in the order of target and key; the latest of each counts."""
    latest: dict[tuple[int, bytes], Health] = {}
    for target, health in changes:
        known = latest.get((target, health.key))
        if known is None or known.changed_at <= health.changed_at:
            latest[target, health.key] = health
    ordered = sorted(latest.items(), key=lambda entry: entry[0])
    sql.execute_many(SAVE, [_row(target, health) for (target, _key), health in ordered])


def _row(target: int, health: Health) -> tuple[object, ...]:
    moments = (sql.adapt(health.rests_until), sql.adapt(health.changed_at))
    return (target, health.key, health.failures, health.error, *moments)


def of_target(target: int) -> tuple[Health, ...]:
    """Return how the proxies of a target do, as far as anything happened to them."""
    rows = sql.select(
        "SELECT key, failures, error, rests_until, changed_at FROM crawler_proxyhealth WHERE target_id = %s",
        [target],
    )
    found = []
    for key, failures, error, rests_until, changed_at in rows:
        at = sql.moment(changed_at)
        if at is not None:
            until = sql.moment(rests_until)
            health = Health(
                key=sql.data(key), failures=failures, error=error, rests_until=until, changed_at=at
            )
            found.append(health)
    return tuple(found)
