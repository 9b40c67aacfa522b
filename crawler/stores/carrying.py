"""What becomes of the records in a commit that further pages complete: they wait, go on, or are given out.

A record waits for the request of its page. That one reads it when it is visited; where it was done before,
it is queued once more, and read as its run has stored it. Where the run has no place for it the record
waits for the link, which may get one. Where it ends without a page, or there is none, the record is given
out as it is. All of it happens in the transaction that settles the requests, under the locks of their hosts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from crawler.engine.work import Ended, Ending, Visited
from crawler.models import RequestState
from crawler.policy import redirects
from crawler.policy.redirects import MAX_HOPS
from crawler.stores import backlogs, carried, incomplete, spares, sql, states
from crawler.stores.carried import Waiting
from crawler.stores.incomplete import Incomplete, Whose
from crawler.urls import Url, canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from crawler.engine.work import Claim, Result
    from crawler.stores.runs import Tallies

    Carrying = Visited | Ended

ELSEWHERE = "its page is elsewhere, where the run does not go"
AGAIN = (
    f"UPDATE crawler_request SET {states.QUEUED}, reason = '', not_before = NULL, settled_at = NULL "
    "WHERE id IN ({})"
)
REDIRECTED = "redirected"


class NotLocked(Exception):
    """A record leads to a host that is not locked: its page was moved there since hosts were looked for."""


class _Request(NamedTuple):
    """A request that records wait for."""

    id: int
    host: int
    backlog: int
    state: int
    reason: str
    url: str
    via: str
    leads_to: str | None


def of(results: Iterable[Result]) -> list[Carrying]:
    """Return the results of runs whose records may be completed on further pages; most have none."""
    return [r for r in results if r.claim.rules.resume is not None and isinstance(r, Visited | Ended)]


def origins(results: Collection[Carrying]) -> set[str]:
    """Return the hosts of pages that records go on to, wherever these were redirected since.

    They are locked, as requests there may have to be done again. Called before the transaction.
    """
    found: set[str] = set()
    keys: dict[int, set[bytes]] = defaultdict(set)
    for result in results:
        if isinstance(result, Visited):
            going = [record for record in result.carried if not record.refusal]
            found |= {record.origin for record in going}
            keys[result.claim.rules.run] |= {record.key for record in going}
            if result.redirected:
                found |= {link.url.origin for link in result.found}
                keys[result.claim.rules.run] |= {link.url.key for link in result.found}
    for run, asked in keys.items():
        found |= _origins_behind(run, asked)
    for run in {result.claim.rules.run for result in results if result.claim.rules.max_pages is not None}:
        found |= {canonical(url).origin for _request, url in _placed(run).values()}
    return found


def _placed(run: int) -> dict[int, tuple[int, str]]:
    """Return the requests that links without a place became since, by what stands for these, with URLs."""
    waiting = carried.without_place(run)
    found: dict[bytes, tuple[int, str]] = {}
    for chunk in sql.chunks(sorted(waiting.values())):
        statement = (
            f"SELECT key, id, url FROM crawler_request WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
        )
        found |= {sql.data(key): (id_, url) for key, id_, url in sql.select(statement, [run, *chunk])}
    return {link: found[key] for link, key in waiting.items() if key in found}


def _origins_behind(run: int, keys: AbstractSet[bytes]) -> set[str]:
    found: set[str] = set()
    for _hop in range(MAX_HOPS):
        places = []
        for chunk in sql.chunks(sorted(keys)):
            statement = (
                "SELECT url, via, leads_to FROM crawler_request WHERE run_id = %s "
                f"AND key IN ({sql.marks(chunk)}) AND state = {Ending.DONE.value} AND leads_to IS NOT NULL"
            )
            places += [_behind(*row) for row in sql.select(statement, [run, *chunk])]
        found |= {place.origin for place in places if place is not None}
        keys = {place.key for place in places if place is not None}
        if not keys:
            break
    return found


def _behind(url: str, via: str, leads_to: str | None) -> Url | None:
    """Return the request to which a stored one was redirected; None where that leads nowhere."""
    return redirects.request_behind(url, via=via, leads_to=leads_to or "")


def settle(
    results: Iterable[Carrying], *, locked: Collection[int], tallies: Tallies, now: datetime, last: bool
) -> Incomplete:
    """Do what follows from results that are stored; their requests and those they found are in place.

    Return what is given out, and the hosts that have something to do again. Raises NotLocked, for the
    transaction to be repeated; at the `last` try such records are left for the end of their run.
    """
    by_run: dict[int, list[Carrying]] = defaultdict(list)
    for result in results:
        by_run[result.claim.rules.run].append(result)
    given = Incomplete()
    for run in sorted(by_run):
        of_run = _Run(by_run[run][0].claim, given, locked=locked, tallies=tallies, now=now)
        of_run.settle(by_run[run], last=last)
    return given


def put_back(taken_back: Mapping[int, Mapping[bytes, int]]) -> None:
    """Have the records wait for links that waited for requests which there are not in the end."""
    for run, requests in taken_back.items():
        for key, link in spares.ids_of(run, requests).items():
            carried.move(run, requests[key], -link)


class _Run:
    """The records of one run in one commit."""

    def __init__(
        self, claim: Claim, given: Incomplete, *, locked: Collection[int], tallies: Tallies, now: datetime
    ) -> None:
        rules = claim.rules
        self._whose = Whose(
            run=rules.run, target=rules.target, key_fields=rules.key_fields, apart=rules.apart
        )
        self._is_limited = rules.max_pages is not None
        self._given = given
        self._locked = locked
        self._tallies = tallies
        self._now = now

    def settle(self, results: Sequence[Carrying], *, last: bool) -> None:
        visits = [result for result in results if isinstance(result, Visited)]
        carried.done_with([id_ for visit in visits for id_ in visit.joined])
        moved = [visit for visit in visits if visit.redirected]
        asked = {record.key for visit in visits for record in visit.carried if not record.refusal}
        requests = self._requests(asked | {link.url.key for visit in moved for link in visit.found})
        self._send(visits, requests)
        looked_at = {result.claim.id for result in results}.union(requests.values(), self._place())
        behind = {link.url.key for visit in moved for link in visit.found}
        places = requests | self._links(behind - requests.keys())
        for visit in moved:
            to = next((places.get(link.url.key) for link in visit.found), None)
            if to is not None and to != visit.claim.id:
                carried.move(self._whose.run, visit.claim.id, to)
            else:
                self._take_out(visit.claim.id, ELSEWHERE)
        self._route(looked_at, last=last)

    def _requests(self, keys: Collection[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for chunk in sql.chunks(sorted(keys)):
            statement = (
                f"SELECT key, id FROM crawler_request WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
            )
            found |= {sql.data(key): id_ for key, id_ in sql.select(statement, [self._whose.run, *chunk])}
        return found

    def _send(self, visits: Iterable[Visited], requests: dict[bytes, int]) -> None:
        """Have the records wait that go on, and give out the others."""
        going, staying = [], []
        records = [record for visit in visits for record in visit.carried]
        places = requests | self._links({one.key for one in records if not one.refusal} - requests.keys())
        for record in records:
            why = record.refusal or ("" if record.key in places else carried.NO_REQUEST)
            if why:
                staying.append((Waiting(record.url, record.data, record.partial), why))
            else:
                going.append((places[record.key], record))
        carried.add(self._whose.run, going)
        self._given.give(self._whose, staying, self._tallies)

    def _links(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """Return what stands for those of the links that wait for a place in the run's page limit."""
        found = spares.ids_of(self._whose.run, keys) if self._is_limited and keys else {}
        return {key: -id_ for key, id_ in found.items()}

    def _place(self) -> set[int]:
        """Have records wait for the requests that their links became; return these."""
        placed = _placed(self._whose.run) if self._is_limited else {}
        for link, (request, _url) in placed.items():
            carried.move(self._whose.run, link, request)
        return {request for request, _url in placed.values()}

    def _route(self, ids: set[int], *, last: bool) -> None:
        """See to the records of these requests, those that are redirected to other requests last."""
        for _hop in range(MAX_HOPS):
            awaited = self._states(carried.awaited(self._whose.run, ids))
            if not last and any(one.host not in self._locked for one in awaited):
                raise NotLocked
            again = [one for one in awaited if one.state == RequestState.DONE and one.reason != REDIRECTED]
            self._do_again([one for one in again if one.host in self._locked])
            for one in awaited:
                if one.state > RequestState.DONE:
                    self._take_out(one.id, incomplete.ended_so(one.state, one.reason))
            moved = [one for one in awaited if one.state == RequestState.DONE and one.reason == REDIRECTED]
            if not moved:
                return
            ids = {place for one in moved if (place := self._moved(one)) is not None}

    def _states(self, ids: Sequence[int]) -> list[_Request]:
        found: list[_Request] = []
        for chunk in sql.chunks(ids):
            statement = (
                "SELECT id, host_id, backlog_id, state, reason, url, via, leads_to FROM crawler_request "
                f"WHERE id IN ({sql.marks(chunk)}) ORDER BY id"
            )
            found += [_Request(*row) for row in sql.select(statement, chunk)]
        return found

    def _moved(self, request: _Request) -> int | None:
        """Have what waits for a redirected request wait where that leads; None where that is no request."""
        place = _behind(request.url, request.via, request.leads_to)
        to = self._at(place.key) if place is not None else None
        if to is None or to == request.id:
            self._take_out(request.id, ELSEWHERE)
            return None
        carried.move(self._whose.run, request.id, to)
        return to

    def _at(self, key: bytes) -> int | None:
        """Return the request for a page, or what stands for its link without a place."""
        return self._requests([key]).get(key) or self._links([key]).get(key)

    def _do_again(self, requests: Sequence[_Request]) -> None:
        """Queue requests that are done, whose hosts are locked, once more."""
        for chunk in sql.chunks([one.id for one in requests]):
            sql.execute(AGAIN.format(sql.marks(chunk)), chunk)
        self._tallies.add(self._whose.run, done=-len(requests), pages=-len(requests))
        backlogs.make_due({one.backlog for one in requests}, now=self._now)
        self._given.hosts.update(one.host for one in requests)

    def _take_out(self, request: int, why: str) -> None:
        """Give out what waits for a request, as far as there is room; the rest waits for the run's end."""
        found = carried.taken(self._whose.run, request, most=max(self._given.room, 0))
        self._given.give(self._whose, [(record, why) for record in found], self._tallies)
