"""Claims requests of held hosts: whose turn it is, which rows, and what an earlier visit left."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.engine.work import Claim, Kind, ListingRoom, Validators
from crawler.frontier import losses, turns
from crawler.frontier.turns import Waiting
from crawler.policy import sitemaps
from crawler.stores import runs, sql, statements, states
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import RunRules
    from crawler.frontier.turns import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBacklog:
    """One open backlog of a held host that has something queued."""

    id: int
    host: int
    run: int
    priority: int
    turn: int
    due_at: datetime
    shapes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How much to claim on one held host, under which epoch, given the turns it has dealt so far.

    With `least_in_hand`, one request more urgent than that may be claimed on top, and a ninth turn.
    """

    host: int
    epoch: int
    count: int
    least_in_hand: int | None
    turns: int


def open_backlogs(ids: Sequence[int], *, kind: int, run: int | None) -> dict[int, list[OpenBacklog]]:
    """Return the open backlogs of these hosts that have something queued, due or not."""
    found: dict[int, list[OpenBacklog]] = defaultdict(list)
    only = "" if run is None else f" AND run_id = {int(run)}"
    for chunk in sql.chunks(ids):
        rows = sql.select(
            "SELECT id, host_id, run_id, priority, turn, due_at, shapes FROM crawler_backlog "
            f"WHERE host_id IN ({sql.marks(chunk)}) "
            f"AND open AND due_at IS NOT NULL AND kind = {int(kind)}{only}",
            chunk,
        )
        for id_, host, run_id, priority, turn, due_at, shapes in rows:
            moment = sql.moment(due_at)
            if moment is not None:
                found[host].append(
                    OpenBacklog(
                        id=id_,
                        host=host,
                        run=run_id,
                        priority=priority,
                        turn=turn,
                        due_at=moment,
                        shapes=shapes,
                    )
                )
    return found


def wanted(wish: Wish, backlogs: Sequence[OpenBacklog], *, now: datetime) -> tuple[Turn, ...]:
    """Return whose requests to claim: what the host has room for, or what comes on top."""
    waiting = [
        Waiting(backlog=entry.id, priority=entry.priority, turn=entry.turn)
        for entry in backlogs
        if entry.due_at <= now
    ]
    if wish.count <= 0 and wish.least_in_hand is not None:
        return turns.on_top(waiting, turns=wish.turns, least=wish.least_in_hand)
    return turns.plan(waiting, turns=wish.turns, count=wish.count)


class Claimer:
    """Claims rows within the transaction of one look, for runs whose rules are known.

    `alone_waiting` says that it had to leave a request which must run with nothing else.
    """

    def __init__(self, *, rules: Mapping[int, RunRules], now: datetime) -> None:
        self._rules = rules
        self._now = now
        self.alone_waiting = False

    def claim(self, plans: Sequence[tuple[Wish, Sequence[Turn]]]) -> list[Claim]:
        """Claim what the plans say of their hosts, which the caller has locked; note whose turn it was."""
        dealt = [turn for _wish, plan in plans for turn in plan]
        for chunk in sql.chunks([turn.backlog for turn in dealt]):
            sql.execute(AWAKE.format(sql.marks(chunk)), [*chunk, sql.adapt(self._now)])
        claims: list[Claim] = []
        for wish, plan in plans:
            for turn in plan:
                claims += self._claim_turn(wish, turn)
        SERVED.run([(turn.turn, turn.backlog) for turn in dealt])
        DEALT.run([(max(turn.turn for turn in plan), wish.host) for wish, plan in plans])
        return claims

    def claim_alone(self, wish: Wish, backlogs: Sequence[OpenBacklog]) -> list[Claim]:
        """Claim one request that was lost twice, if this host has one."""
        for backlog in backlogs:
            rows = sql.select(CLAIM_ALONE, [wish.epoch, backlog.id, backlog.id, losses.ALONE_AFTER])
            if rows:
                self._recompute_due(backlog.id)
                return self._claims(rows, wish, backlog=backlog.id, priority=backlog.priority)
        return []

    def _claim_turn(self, wish: Wish, turn: Turn) -> list[Claim]:
        rows = sql.select(CLAIM, [wish.epoch, turn.backlog, turn.backlog, losses.ALONE_AFTER, turn.count])
        if len(rows) < turn.count:
            self._recompute_due(turn.backlog)
        return self._claims(rows, wish, backlog=turn.backlog, priority=turn.priority)

    def _recompute_due(self, backlog: int) -> None:
        """Say when a backlog that ran dry has its next request; those to be taken alone are due now."""
        left = sql.select(LEFT_ALONE, [backlog, backlog])
        if left:
            self.alone_waiting = True
            return
        sql.execute(NEXT_DUE, [backlog, backlog])

    def _claims(self, rows: Sequence[sql.Row], wish: Wish, *, backlog: int, priority: int) -> list[Claim]:
        return [
            Claim(
                id=id_,
                rules=self._rules[run],
                host=wish.host,
                backlog=backlog,
                epoch=wish.epoch,
                url=url,
                key=key_of(url) if via else sql.data(key),  # a chain that came back has another key
                depth=depth,
                priority=priority,
                attempts=attempts,
                losses=lost,
                via=tuple(via.split("\n")) if via else (),
                kind=Kind(kind) if kind else Kind.PAGE,
            )
            for id_, run, url, key, depth, attempts, lost, via, kind in sorted(rows)
        ]


AWAKE = (
    "UPDATE crawler_request SET not_before = NULL "
    f"WHERE backlog_id IN ({{}}) AND {states.QUEUED} AND not_before <= %s"
)
SERVED = statements.update(
    "crawler_backlog", "turn = {turn}", where="id = {id}", given={"turn": "bigint", "id": "bigint"}
)
DEALT = statements.update(
    "crawler_host", "turns = {turns}", where="id = {id}", given={"turns": "bigint", "id": "bigint"}
)
# With `backlog_id = %s ORDER BY id` PostgreSQL walks the primary key from its start, past all that is done:
# 54,000 rows took 33 ms for ten requests, and it grows with the run. By a range and this order only the index
# of what is ready will do.
_READY = f"backlog_id BETWEEN %s AND %s AND {states.READY}"
_IN_ORDER = "ORDER BY backlog_id, id"
_RETURNING = "RETURNING id, run_id, url, key, depth, attempts, losses, via, kind"
CLAIM = (
    f"UPDATE crawler_request SET {states.LEASED}, epoch = %s WHERE id IN (SELECT id FROM crawler_request "
    f"WHERE {_READY} AND losses < %s {_IN_ORDER} LIMIT %s) {_RETURNING}"
)
CLAIM_ALONE = (
    f"UPDATE crawler_request SET {states.LEASED}, epoch = %s WHERE id IN (SELECT id FROM crawler_request "
    f"WHERE {_READY} AND losses >= %s {_IN_ORDER} LIMIT 1) {_RETURNING}"
)
LEFT_ALONE = f"SELECT id FROM crawler_request WHERE {_READY} {_IN_ORDER} LIMIT 1"
NEXT_DUE = (
    "UPDATE crawler_backlog SET due_at = (SELECT min(not_before) FROM crawler_request "
    f"WHERE backlog_id = %s AND {states.DELAYED}) WHERE id = %s"
)


def with_room(claims: Sequence[Claim]) -> list[Claim]:
    """Tell the claims on sitemaps how much their runs may still discover."""
    limits = {claim.rules.run: claim.rules.max_pages for claim in claims if claim.kind is not Kind.PAGE}
    if not limits:
        return list(claims)
    rows = sql.select(
        f"SELECT id, {runs.USED}, sitemaps FROM crawler_run WHERE id IN ({sql.marks(list(limits))})",
        list(limits),
    )
    room: dict[int, ListingRoom] = {}
    for run, used, asked in rows:
        most = limits[run]
        pages = None if most is None else most - used
        room[run] = ListingRoom(pages=pages, sitemaps=sitemaps.MOST_A_RUN - asked)
    return [
        claim if claim.kind is Kind.PAGE else replace(claim, room=room.get(claim.rules.run))
        for claim in claims
    ]


def with_validators(claims: Sequence[Claim], *, revisits: Callable[[int], bool]) -> list[Claim]:
    """Add what earlier visits left to the first attempts of claims whose target was crawled before."""
    by_target: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.attempts == 0 and revisits(claim.rules.target):
            by_target[claim.rules.target].append(claim)
    known: dict[int, Validators] = {}
    for target, asked in by_target.items():
        found = _validators(target, [claim.key for claim in asked])
        known |= {claim.id: found[claim.key] for claim in asked if claim.key in found}
    return [replace(claim, known=known[claim.id]) if claim.id in known else claim for claim in claims]


def _validators(target: int, keys: Sequence[bytes]) -> dict[bytes, Validators]:
    found: dict[bytes, Validators] = {}
    for chunk in sql.chunks(keys):
        rows = sql.select(
            "SELECT key, etag, last_modified, content_type, body_hash, hints FROM crawler_page "
            f"WHERE target_id = %s AND key IN ({sql.marks(chunk)})",
            [target, *chunk],
        )
        for key, etag, last_modified, content_type, body_hash, hints in rows:
            found[sql.data(key)] = Validators(
                etag=etag,
                last_modified=last_modified,
                content_type=content_type,
                body_hash=sql.data(body_hash),
                hints=hints,
            )
    return found
