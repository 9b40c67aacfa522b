"""One look of a slice at the frontier: hosts leased, requests claimed, changes noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from crawler.engine.ports import Look
from crawler.engine.session import SessionNews
from crawler.frontier import politeness, share
from crawler.stores import claims, cookies, leases, logins, proxies, runs, sql
from crawler.stores.claims import Claimer, Wish
from crawler.stores.sharing import SharedHosts
from crawler.stores.tenancy import HostsInTurns

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.ports import Ask, Clock, HostAsk
    from crawler.engine.session import Session
    from crawler.engine.work import Claim, HostLease, HostNews, Ledger, RunRules
    from crawler.frontier.politeness import Pace
    from crawler.stores.claims import OpenBacklog

    Leased = Mapping[int, tuple[HostLease, int]]
    Waiting = Mapping[int, Sequence[OpenBacklog]]

STORED_WITHIN = timedelta(minutes=1)
"""How long after it was set a cookie may be stored by another slice and still be seen here."""


class Rules(Protocol):
    """The rules of the runs that a slice meets."""

    def of(self, run: int, *, landings: str) -> RunRules | None:
        """Return a run's rules, given where its start URLs led to; None when they cannot be made."""
        ...

    def revisits(self, target: int) -> bool:
        """Say whether the target has pages of earlier visits."""
        ...

    def report(self) -> None:
        """Fail the runs whose rules could not be made; called outside of any transaction."""
        ...


class Looker:
    """Looks at the frontier for one slice. `run` restricts it to one run, as the terminal's slice is.

    Locks the hosts it holds in the order of their ids, and others only where nobody holds them:
    so a look never waits for somebody who waits for it.
    """

    def __init__(self, *, owner: str, floor: int, rules: Rules, clock: Clock, run: int | None = None) -> None:
        self._owner = owner
        self._floor = floor
        self._rules = rules
        self._clock = clock
        self._cookies_read_at: dict[Session, datetime] = {}
        self._hosts: SharedHosts | HostsInTurns = (
            SharedHosts(floor=floor, clock=clock) if run is None else HostsInTurns(owner=owner, run=run)
        )

    def look(self, ask: Ask) -> Look:
        """Return what is due for this slice now, in one transaction.

        The runs that the last look could not read are failed first: after the transaction, an error
        there would lose what was claimed.
        """
        self._rules.report()
        now = self._clock.now()
        look = sql.atomically(lambda: self._look(ask, now=self._clock.now()))
        self._cookies_read_at |= dict.fromkeys((session for session, _news in look.sessions), now)
        self._hosts.note(look, now=self._clock.now())
        return look

    def lease(self, origin: str) -> HostLease | None:
        """Lease one host by name, for a request that another host has there."""
        return leases.lease_one(origin, owner=self._owner, now=self._clock.now())

    def give_back(self, news: HostNews) -> None:
        """Let go of a host that was leased by name."""
        leases.give_back(news, owner=self._owner, now=self._clock.now())

    def look_again(self, ask: Ask, *, in_hand: Container[int]) -> Look:
        """Look once more where the answer to a look was lost: first what that leased is taken back.

        The slice has the hosts that it asks for, and the requests `in_hand`; it knows of no others.
        """
        known = {host.id: host.epoch for host in ask.hosts}
        leases.take_back(self._owner, hosts_known=known, in_hand=in_hand, now=self._clock.now())
        return self.look(ask)

    def _look(self, ask: Ask, *, now: datetime) -> Look:
        held = {row[0]: row for row in sql.select(HELD + sql.for_update(), [self._owner])}
        lost = frozenset(host.id for host in ask.hosts if held.get(host.id, (0, 0))[1] != host.epoch)
        wanted = self._wanted(held, now=now)
        surplus = self._hosts.surplus(len(held), now=now) if ask.lease else 0
        leased = self._lease(-surplus, now=now) if ask.lease and surplus < 0 else {}
        found = claims.open_backlogs([*held, *leased], kind=self._hosts.kind.value, run=self._hosts.run)
        rules = self._rules_of({entry.run for entries in found.values() for entry in entries})
        readable = {id_: [e for e in entries if e.run in rules] for id_, entries in found.items()}
        waiting = {id_: self._served(entries, now=now) for id_, entries in readable.items()}
        serving = [host for host in ask.hosts if host.id not in lost and host.id not in wanted]
        wishes = [_wish(host, turns=held[host.id][3]) for host in serving]
        claimer = Claimer(rules=rules, now=now)
        if ask.alone:
            claimed = _claim_alone(claimer, wishes, waiting)
        else:
            wishes += _first_wishes(leased, waiting, rules)
            claimed = _claim(claimer, wishes, waiting, now=now)
        return Look(
            leased=tuple(lease for lease, _turns in leased.values()),
            claims=tuple(claims.with_validators(claims.with_room(claimed), revisits=self._rules.revisits)),
            closed=_closed({backlog for host in ask.hosts for backlog in host.backlogs}),
            wanted=wanted,
            lost=lost,
            due=tuple((id_, min(e.due_at for e in entries)) for id_, entries in waiting.items() if entries),
            paces=tuple((id_, _pace(entries, rules)) for id_, entries in readable.items() if entries),
            surplus=max(surplus, 0),
            shapes=tuple((e.host, e.id, e.shapes) for es in readable.values() for e in es if e.shapes),
            alone_waiting=claimer.alone_waiting and not ask.alone,
            sessions=tuple(self._sessions(rules.values())),
        )

    def _wanted(self, held: Mapping[int, sql.Row], *, now: datetime) -> frozenset[int]:
        """Return the held hosts that others are to have now: no more is claimed on them."""
        asked_for = {id_ for id_, row in held.items() if row[2] is not None}
        return self._hosts.giving_way({id_: row[1] for id_, row in held.items()}, now=now) | asked_for

    def _sessions(self, rules: Iterable[RunRules]) -> Iterator[tuple[Session, SessionNews]]:
        """Return what is new of the sessions of runs that have one; what was stored late is read twice.

        The number of the login is read first: its cookies were stored with it.
        """
        for of_run in rules:
            if (session := of_run.session) is not None:
                read_at = self._cookies_read_at.get(session)
                since = None if read_at is None else read_at - STORED_WITHIN
                login = logins.number(of_run.run) if of_run.login else 0
                yield (
                    session,
                    SessionNews(
                        login=login,
                        cookies=cookies.changed(of_run.run, since=since) if session.keeps_cookies else (),
                        proxies=proxies.of_target(of_run.target) if session.proxies else (),
                    ),
                )

    def _lease(self, room: int, *, now: datetime) -> dict[int, tuple[HostLease, int]]:
        return leases.take(self._hosts.find(room, now=now), owner=self._owner)

    def _rules_of(self, run_ids: set[int]) -> dict[int, RunRules]:
        """Return the rules of the runs whose rules can be made."""
        made = {id_: self._rules.of(id_, landings=said) for id_, said in runs.landings(run_ids).items()}
        return {run: rules for run, rules in made.items() if rules is not None}

    def _served(self, entries: Sequence[OpenBacklog], *, now: datetime) -> Sequence[OpenBacklog]:
        """Leave out what is not urgent enough for this slice, unless its host serves urgent work now.

        Where it does, the others have their turns with it.
        """
        own = [entry for entry in entries if entry.priority >= self._floor]
        return entries if any(entry.due_at <= now for entry in own) else own


HELD = "SELECT id, lease_epoch, wanted_at, turns FROM crawler_host WHERE lease_owner = %s ORDER BY id"


def _wish(host: HostAsk, *, turns: int) -> Wish:
    return Wish(
        host=host.id, epoch=host.epoch, count=host.want, least_in_hand=host.least_in_hand, turns=turns
    )


def _first_wishes(leased: Leased, waiting: Waiting, rules: Mapping[int, RunRules]) -> list[Wish]:
    """Ask for as much of each new host as can politely be sent before the looks that follow."""
    wishes = []
    for lease, turns in leased.values():
        entries = waiting.get(lease.id, ())
        pace = _pace(entries, rules, ledger=lease.ledger)
        count = share.batch(
            delay_seconds=pace.delay_seconds,
            connections=pace.connections,
            rate=0.0,
            budget_seconds=share.LOOK_AHEAD_SECONDS,
        )
        wishes.append(Wish(host=lease.id, epoch=lease.epoch, count=count, least_in_hand=None, turns=turns))
    return wishes


def _pace(
    entries: Sequence[OpenBacklog], rules: Mapping[int, RunRules], *, ledger: Ledger | None = None
) -> Pace:
    """Return the pace that suits all the runs that have something queued on one host."""
    paces = [rules[entry.run].pace for entry in entries]
    return politeness.combine(
        paces,
        crawl_delay_seconds=ledger.crawl_delay_seconds if ledger else None,
        latency_seconds=ledger.latency_seconds if ledger else None,
    )


def _claim(claimer: Claimer, wishes: Iterable[Wish], waiting: Waiting, *, now: datetime) -> list[Claim]:
    plans = [(wish, claims.wanted(wish, waiting.get(wish.host, ()), now=now)) for wish in wishes]
    claimed = claimer.claim([(wish, plan) for wish, plan in plans if plan])
    runs.begin({claim.rules.run for claim in claimed}, now=now)
    return claimed


def _claim_alone(claimer: Claimer, wishes: Iterable[Wish], waiting: Waiting) -> list[Claim]:
    for wish in wishes:
        claimed = claimer.claim_alone(wish, waiting.get(wish.host, ()))
        if claimed:
            return claimed
    return []


def _closed(backlogs: set[int]) -> frozenset[int]:
    closed: set[int] = set()
    for chunk in sql.chunks(sorted(backlogs)):
        statement = f"SELECT id FROM crawler_backlog WHERE id IN ({sql.marks(chunk)}) AND NOT open"
        closed |= {row[0] for row in sql.select(statement, chunk)}
    return frozenset(closed)
