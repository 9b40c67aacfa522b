"""Commits a batch of results: all of each result or nothing of it, in one transaction and one lock order."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from crawler.engine.work import (
    Batch,
    Ended,
    Ending,
    Kind,
    Listed,
    Listing,
    Postponed,
    Returned,
    Visited,
)
from crawler.models import BacklogKind, OutsideLink, RunTrigger
from crawler.stores import (
    backlogs,
    carrying,
    cookies,
    holding,
    hosts,
    items,
    leases,
    logins,
    pages,
    proxies,
    runs,
    sitemaps,
    snapshots,
    spares,
    sql,
    statements,
    states,
)
from crawler.stores.discovery import Discovery, SeenBefore
from crawler.stores.incomplete import Incomplete
from crawler.stores.problems import ProblemBook
from crawler.stores.runs import Tallies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from crawler.engine.ports import Clock
    from crawler.engine.work import ItemRecord, NewRequest, Result
    from crawler.policy.cookies import Cookie
    from crawler.policy.proxies import Health
    from crawler.stores.items import Place
    from crawler.stores.runs import Spent

SAMPLES_A_REASON = 100
TRIES = 5
NOTHING: Final = Incomplete()


class _RoomLeft(Exception):
    """A run has room for so many links that it keeps: its transaction must find them."""

    def __init__(self, room: dict[int, int]) -> None:
        super().__init__(room)
        self.room = room


class Committer:
    """Writes one slice's results. Keeps only what is known to be committed, and which links were sampled."""

    def __init__(self, *, owner: str, clock: Clock) -> None:
        self._owner = owner
        self._clock = clock
        self._seen = SeenBefore()
        self._problems = ProblemBook()
        self._sampled: dict[tuple[int, str], set[str]] = {}

    def known(self, run: int) -> AbstractSet[bytes]:
        """Return keys of URLs that the run has, or had no room for: those that links were found to lately."""
        return self._seen.of(run)

    def commit(self, batch: Batch) -> None:
        """Store what is still ours to store; results whose claim is gone are counted as stale.

        What is skipped or elsewhere gives its place in the run's page limit to a link that was left
        out. Where others gave places back meanwhile, the transaction is repeated with more of those, and
        where they found pages of records elsewhere, with the hosts of these locked.
        """
        bodies = _bodies(batch.results)
        room = _given_back(batch.results)
        also = carrying.origins(carriers) if (carriers := carrying.of(batch.results)) else ()
        for attempt in range(TRIES):
            discovery = Discovery(self._seen, spare={run: spares.oldest(run, n) for run, n in room.items()})
            _gather(batch.results, discovery)
            discovery.resolve_hosts(also)
            try:
                sql.atomically(partial(self._commit, batch, discovery, bodies, last=attempt == TRIES - 1))
            except _RoomLeft as left:
                room = left.room
            except carrying.NotLocked:
                also = carrying.origins(carriers)
            else:
                discovery.remember()
                return

    def _commit(
        self, batch: Batch, discovery: Discovery, bodies: dict[bytes, tuple[bytes, int]], *, last: bool
    ) -> None:
        now = self._clock.now()
        tallies = Tallies()
        own = {result.claim.host for result in batch.results} | {news.id for news in batch.news}
        locked = hosts.lock(own | set(batch.released) | discovery.host_ids)
        live = self._live(batch.results, locked, tallies)
        if len(live) < len(batch.results):
            discovery.begin_again()
            _gather(live, discovery)
        _settle(live, tallies, now=now)
        hosts.write_ledgers(batch.news)
        budgets = _budgets(batch.results)
        touched = _discover(discovery, tallies, budgets, most_variants=_variants(batch.results), now=now)
        given = NOTHING
        if carriers := carrying.of(live):
            given = carrying.settle(carriers, locked=locked, tallies=tallies, now=now, last=last)
        _store(live, bodies, tallies, given=given, now=now)
        released = {host for host in batch.released if locked.get(host, ("", 0))[0] == self._owner}
        leases.release(released, now=now)
        hosts.set_standing({host for host in touched | given.hosts if not locked[host][0]}, now=now)
        self._sample(live, discovery.refused)
        found = [(r.claim, r.problems) for r in live if isinstance(r, Visited | Listed | Ended)]
        self._problems.save([*found, *given.problems])
        cookies.save(_cookies(live))
        proxies.save(_proxies(live))
        spent = tallies.add_up()
        discovery.correct(spent=spent, most=budgets, now=now)
        if carriers:
            carrying.put_back(discovery.taken_back)
        if not last:
            _look_for_room(spent, budgets)
        _note_landings(live)
        _ask_for_logins(live, locked, now=now)
        tallies.finish(now=now)

    def _live(
        self, results: Sequence[Result], locked: Mapping[int, tuple[str, int]], tallies: Tallies
    ) -> list[Result]:
        """Return the results whose claim is still held, and lock their rows; count the others."""
        mine = [r for r in results if locked.get(r.claim.host) == (self._owner, r.claim.epoch)]
        held: set[int] = set()
        for chunk in sql.chunks(sorted(result.claim.id for result in mine)):
            statement = f"SELECT id FROM crawler_request WHERE id IN ({sql.marks(chunk)}) AND "
            ordered = f"{states.LEASED} ORDER BY id{sql.for_update()}"
            held |= {row[0] for row in sql.select(statement + ordered, chunk)}
        live = [result for result in mine if result.claim.id in held]
        for result in results:
            if result.claim.id not in held and _is_an_end(result):
                tallies.add(result.claim.rules.run, stale=1)
        return live

    def _sample(self, live: Iterable[Result], refused: Iterable[tuple[int, str, str]]) -> None:
        """Keep the first hundred different links a reason that a run did not follow."""
        samples = []
        for run, reason, url in (*_outside(live), *refused):
            place = (run, reason[:60])
            if place not in self._sampled:
                self._sampled[place] = _sampled_before(*place)
            known = self._sampled[place]
            if len(known) < SAMPLES_A_REASON and url not in known:
                known.add(url)
                samples.append(OutsideLink(run_id=place[0], reason=place[1], url=url))
        if samples:
            OutsideLink.objects.bulk_create(samples)


def _outside(live: Iterable[Result]) -> Iterator[tuple[int, str, str]]:
    for result in live:
        for reason, url in result.outside if isinstance(result, Visited | Listed) else ():
            yield result.claim.rules.run, reason, url


def _sampled_before(run: int, reason: str) -> set[str]:
    return set(OutsideLink.objects.filter(run_id=run, reason=reason).values_list("url", flat=True))


def _gather(results: Iterable[Result], discovery: Discovery) -> None:
    for result in results:
        if isinstance(result, Visited | Listed):
            discovery.add(result.claim.rules.run, result.found, parent=result.claim.id)
        if isinstance(result, Listed) and result.sitemaps:
            discovery.add_sitemaps(result.claim.rules.run, result.sitemaps, parent=result.claim.id)


def _is_an_end(result: Result) -> bool:
    """Say whether something was done for a request, and this is the last that is told of it."""
    match result:
        case Returned() | Listed(end=None):
            return False
        case _:
            return True


def _bodies(results: Iterable[Result]) -> dict[bytes, tuple[bytes, int]]:
    """Compress the new bodies of a batch, each once, before the transaction begins."""
    bodies: dict[bytes, tuple[bytes, int]] = {}
    for result in results:
        page = result.page if isinstance(result, Visited) else None
        if page is not None and page.body is not None and page.body_hash not in bodies:
            bodies[page.body_hash] = (snapshots.compress(page.body), page.size)
    return bodies


def _budgets(results: Iterable[Result]) -> dict[int, int | None]:
    return {result.claim.rules.run: result.claim.rules.max_pages for result in results}


def _variants(results: Iterable[Result]) -> dict[int, int | None]:
    return {result.claim.rules.run: result.claim.rules.scope.traps.variants for result in results}


def _given_back(results: Iterable[Result]) -> dict[int, int]:
    """Return how many places in their page limits runs get back by these results."""
    places: Counter[int] = Counter()
    for result in results:
        match result:
            case Ended(state=Ending.SKIPPED) | Visited(redirected=True):
                if result.claim.rules.max_pages is not None and result.claim.kind is Kind.PAGE:
                    places[result.claim.rules.run] += 1
            case _:
                pass
    return places


def _look_for_room(spent: Mapping[int, Spent], budgets: Mapping[int, int | None]) -> None:
    """Raise _RoomLeft when a run has both room and links that wait for it; its row is locked by now."""
    room: dict[int, int] = {}
    for run, row in spent.items():
        most = budgets.get(run)
        if most is not None and row.lacks_room and row.used < most and spares.exist(run):
            room[run] = most - row.used
    if room:
        raise _RoomLeft(room)


def _discover(
    discovery: Discovery,
    tallies: Tallies,
    budgets: Mapping[int, int | None],
    *,
    most_variants: Mapping[int, int | None],
    now: datetime,
) -> set[int]:
    """Insert the requests that were found, and return their hosts."""
    found = discovery.runs
    if not found:
        return set()
    rows = sql.select(
        f"SELECT id, priority, trigger, {runs.USED}, over_budget FROM crawler_run "
        f"WHERE id IN ({sql.marks(found)})",
        found,
    )
    kinds: dict[int, tuple[int, int]] = {}
    room: dict[int, int | None] = {}
    for run, priority, trigger, used, _left_out in rows:
        kind = BacklogKind.TERMINAL if trigger == RunTrigger.TERMINAL else BacklogKind.HTTP
        kinds[run] = (kind.value, priority)
        freed = sum(tallies.of(run, name) for name in ("redirected", "skipped", "sitemaps"))
        most = budgets[run]
        room[run] = None if most is None else most - used + freed
    keeping = {run for run, *_, left_out in rows if left_out}
    return discovery.insert(
        kinds=kinds, tallies=tallies, room=room, most_variants=most_variants, keeping=keeping, now=now
    )


def _store(
    live: Iterable[Result],
    bodies: Mapping[bytes, tuple[bytes, int]],
    tallies: Tallies,
    *,
    given: Incomplete,
    now: datetime,
) -> None:
    visits = [result for result in live if isinstance(result, Visited)]
    records = [(visit.claim, visit.page) for visit in visits if visit.page is not None]
    wanted = {page.body_hash for _claim, page in records if page.body is not None}
    snapshots.save({hash_: body for hash_, body in bodies.items() if hash_ in wanted}, now=now)
    pages.save(records, now=now)
    found: list[tuple[Place, Sequence[ItemRecord]]] = [*given.items]
    found += [(visit.claim, visit.items) for visit in visits if visit.items]
    items.save([one for one in found if not one[0].rules.apart], tallies=tallies, now=now)
    holding.keep([one for one in found if one[0].rules.apart], tallies=tallies, now=now)
    sitemaps.save([result for result in live if isinstance(result, Listed)])


def _cookies(live: Iterable[Result]) -> Iterator[tuple[int, Cookie]]:
    for result in live:
        if not isinstance(result, Returned | Listed):
            for cookie in result.cookies:
                yield result.claim.rules.run, cookie


def _proxies(live: Iterable[Result]) -> Iterator[tuple[int, Health]]:
    for result in live:
        if not isinstance(result, Returned | Listed):
            for health in result.proxies:
                yield result.claim.rules.target, health


def _ask_for_logins(live: Iterable[Result], locked: Collection[int], *, now: datetime) -> None:
    """Have the runs log in again that were found to be logged out; the runs are locked.

    What they have on the hosts that are locked here waits from now on, the rest when the login begins.
    """
    found = {
        (result.claim.rules.run, result.logged_out)
        for result in live
        if isinstance(result, Ended | Postponed) and result.logged_out is not None
    }
    for run, number in sorted(found):
        if logins.ask_again(run, number=number, now=now):
            backlogs.align(backlogs.of_run(run, hosts=locked))
            hosts.set_standing(hosts.free_among(locked), now=now)


def _note_landings(live: Iterable[Result]) -> None:
    """Let the places belong to their runs that start URLs led to; the runs are locked."""
    found: dict[int, list[str]] = defaultdict(list)
    for result in live:
        if isinstance(result, Visited) and result.landing is not None:
            found[result.claim.rules.run].append(result.landing)
    for run in sorted(found):
        runs.add_landings(run, found[run])


END = statements.update(
    "crawler_request",
    "state = {state}, reason = {reason}, status = {status}, attempts = attempts + {sent}, settled_at = {now}",
    where="id = {id}",
    given={
        "state": "smallint",
        "reason": "text",
        "status": "smallint",
        "sent": "smallint",
        "now": "timestamptz",
        "id": "bigint",
    },
)
MOVE = statements.update(
    "crawler_request",
    f"state = {Ending.DONE.value}, reason = 'redirected', attempts = attempts + 1, "
    "status = {status}, leads_to = {place}, settled_at = {now}",
    where="id = {id}",
    given={"status": "smallint", "place": "text", "now": "timestamptz", "id": "bigint"},
)
POSTPONE = statements.update(
    "crawler_request",
    f"{states.QUEUED}, not_before = {{until}}, reason = {{reason}}, attempts = attempts + {{counts}}",
    where="id = {id}",
    given={"until": "timestamptz", "reason": "text", "counts": "smallint", "id": "bigint"},
)
GIVE_BACK = f"UPDATE crawler_request SET {states.QUEUED} WHERE id IN ({{}})"
DUE_BY = "UPDATE crawler_backlog SET due_at = %s WHERE id = %s AND (due_at IS NULL OR due_at > %s)"


def _settle(live: Iterable[Result], tallies: Tallies, *, now: datetime) -> None:
    """Move each request to where its result puts it."""
    moment = sql.adapt(now)
    ended: list[tuple[object, ...]] = []
    moved: list[tuple[object, ...]] = []
    postponed: list[tuple[object, ...]] = []
    due: dict[int, datetime] = {}
    returned: list[int] = []
    for result in live:
        claim = result.claim
        _count(result, tallies)
        match result:
            case Visited(redirected=True):
                moved.append((result.status, _place(result.found, result.outside), moment, claim.id))
            case Visited(again=again):
                ended.append((Ending.DONE.value, "", result.status, int(not again), moment, claim.id))
            case Listed(end=Listing(redirected=True, status=status)):
                moved.append((status, _place(result.sitemaps, result.outside), moment, claim.id))
            case Listed(end=Listing(status=status)):
                ended.append((Ending.DONE.value, "", status, int(status is not None), moment, claim.id))
            case Listed():
                pass
            case Ended():
                why, sent = result.reason[:300], int(result.sent)
                ended.append((result.state.value, why, result.status, sent, moment, claim.id))
            case Postponed():
                postponed.append((sql.adapt(result.until), result.reason[:300], int(result.counts), claim.id))
                due[claim.backlog] = min(due.get(claim.backlog, result.until), result.until)
            case Returned():
                returned.append(claim.id)
                due[claim.backlog] = now
            case never:
                assert_never(never)
    END.run(ended)
    MOVE.run(moved)
    POSTPONE.run(postponed)
    _give_back(returned)
    sql.execute_many(DUE_BY, [(sql.adapt(at), backlog, sql.adapt(at)) for backlog, at in sorted(due.items())])


def _give_back(ids: Sequence[int]) -> None:
    for chunk in sql.chunks(ids):
        sql.execute(GIVE_BACK.format(sql.marks(chunk)), chunk)


def _place(found: Iterable[NewRequest], outside: Iterable[tuple[str, str]]) -> str | None:
    """Return where a redirect leads, whether the run follows it or not."""
    places = [link.url.text for link in found] or [url for _reason, url in outside]
    return places[0] if places else None


def _count(result: Result, tallies: Tallies) -> None:
    """Add up what a result means for its run."""
    match result:
        case Visited():
            _count_visit(result, tallies)
        case Listed():
            _count_listed(result, tallies)
        case Ended():
            counts = {result.state.name.lower(): 1}
            if result.state is Ending.SKIPPED and result.claim.kind is not Kind.PAGE:
                counts["sitemaps"] = -1
            run = result.claim.rules.run
            tallies.add(run, bytes=result.wire_bytes, problems=_problems(result), **counts)
        case Postponed():
            tallies.add(result.claim.rules.run, retries=1)
        case Returned():
            pass
        case never:
            assert_never(never)


def _count_visit(visit: Visited, tallies: Tallies) -> None:
    tallies.add(
        visit.claim.rules.run,
        done=1,
        bytes=visit.wire_bytes,
        pages=int(visit.page is not None or visit.again),
        pages_unchanged=int(visit.unchanged),
        redirected=int(visit.redirected),
        problems=_problems(visit),
        out_of_scope=len(visit.outside),
    )


def _count_listed(listed: Listed, tallies: Tallies) -> None:
    end = listed.end
    tallies.add(
        listed.claim.rules.run,
        done=int(end is not None),
        bytes=end.wire_bytes if end else 0,
        redirected=int(end is not None and end.redirected),
        sitemaps=-int(end is not None and end.redirected),
        problems=_problems(listed),
        out_of_scope=len(listed.outside),
    )


def _problems(result: Visited | Listed | Ended) -> int:
    return sum(problem.count for problem in result.problems)
