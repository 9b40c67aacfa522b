"""What changed settings would do with the URLs of a run, read in pages and for a few seconds at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, F, Max, Min, OuterRef

from crawler import conf
from crawler.errors import RobotsForbidden
from crawler.frontier.dry_run import Comparison, Found, Past, Rules
from crawler.frontier.frozen import scope_of
from crawler.frontier.traps import ALIKE
from crawler.models import (
    FINAL_RUN_STATES,
    Host,
    Request,
    RequestKind,
    RequestState,
    Run,
)
from crawler.policy.robots import RobotsFile, RobotsState
from crawler.queries.left_out import LeftOut
from crawler.queries.stored_links import MOST_PAGES, Place
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from crawler.models import Target
    from crawler.urls import Url

READ: Final = 2_000
WIDEST: Final = 512_000
MOST_HOSTS: Final = 1_000
NOT_FETCHED: Final = frozenset({RobotsForbidden.code, ALIKE})

Row = tuple[int, str, int, int | None, int, str, str, int]


def last_run(target: Target) -> Run | None:
    """Return the newest whole run of `target` whose requests are kept: one that has ended, if there is."""
    whole = Run.objects.whole().filter(target=target).order_by("-id")
    newest = whole.filter(Exists(Request.objects.filter(run=OuterRef("pk"))))
    return newest.filter(state__in=FINAL_RUN_STATES).first() or newest.first()


def compare(run: Run, changed: Mapping[str, Any], *, seconds: float, monotonic: Callable[[], float]) -> Found:
    """Return how the URLs of `run` would fare with `changed` settings; within about `seconds`.

    Nothing is asked of any site: robots.txt is what the hosts' ledgers have of it.
    """
    ends_at = monotonic() + seconds
    rules = _rules(run, changed)
    robots = _KnownRobots(changed, rules)
    comparison, looked_at, is_partial = Comparison(rules), 0, False
    places: list[Place] = []
    for page in _pages(run):
        rows = [row for row in page if row[-1] == RequestKind.PAGE]
        urls = [canonical(row[1], keep_tracking=True) for row in rows]
        robots.learn(urls)
        for row, url in zip(rows, urls, strict=True):
            comparison.request(_past(row, url, starts=rules.starts, forbidden=robots.forbids(url)))
            if len(places) < MOST_PAGES and _is_fetched(row) and not comparison.is_dropped(row[0]):
                places.append(Place(url.key, row[2]))
        looked_at += len(page)
        if monotonic() >= ends_at:
            is_partial = looked_at < run.discovered
            break
    left_out = LeftOut(run, comparison)
    left_out.compare_kept()
    pages_read = left_out.compare_pages(places) if left_out.has_more else 0
    _new_starts(run, rules, comparison, known=left_out.outside)
    return Found(
        run=run.pk,
        is_partial=is_partial,
        followed=comparison.followed,
        dropped=comparison.dropped,
        kept=comparison.kept,
        still_out=comparison.still_out,
        looked_at=looked_at,
        requests=run.discovered,
        outside=run.out_of_scope,
        outside_known=len(left_out.outside),
        beyond=run.over_budget,
        beyond_known=len(left_out.beyond),
        pages_read=pages_read,
        pages=run.pages,
        unknown_hosts=robots.unknown,
    )


def _rules(run: Run, changed: Mapping[str, Any]) -> Rules:
    before, landings = run.settings, run.settings.get("landings", ())
    obeys = bool(changed["obey_robots"])
    same = before["obey_robots"] and before["user_agent"] == changed["user_agent"]
    return Rules(
        scope=scope_of({**changed, "landings": landings}),
        starts=frozenset(canonical(url).text for url in changed["start_urls"]),
        before=scope_of(before),
        max_pages=changed["max_pages"],
        obeys=obeys,
        rejudges=obeys and not same,
    )


def _pages(run: Run) -> Iterator[list[Row]]:
    """Yield the requests of a run as they were found, each page read by itself.

    They are read by ranges of ids, whatever run those belong to: the index by run would have all of a
    run's rows sorted for each page. A range in which the run has little is followed by a larger one; of
    a range that has more of it than a page, the rest is read next.
    """
    columns = ("id", "url", "depth", "parent", "state", "reason", "via", "kind")
    by_id = Request.objects.annotate(of=F("run_id") + 0).filter(of=run.pk).order_by("pk")
    first, end = _first_id(run), Request.objects.aggregate(last=Max("id"))["last"] or 0
    seen, width = 0, READ
    while first <= end and seen < run.discovered:
        rows = list(by_id.filter(pk__gte=first, pk__lt=first + width).values_list(*columns)[:READ])
        if len(rows) == READ:
            first = rows[-1][0] + 1
        else:
            first += width
            width = min(2 * width, WIDEST) if 2 * len(rows) <= READ else width
        seen += len(rows)
        yield rows


def _first_id(run: Run) -> int:
    """Return the id that the requests of a run begin with: it has its start URLs before all others."""
    keys = [canonical(url).key for url in run.settings["start_urls"]]
    starts = Request.objects.filter(run=run, key__in=keys)
    first = starts.aggregate(first=Min("id"))["first"]
    return first or Request.objects.filter(run=run).aggregate(first=Min("id"))["first"] or 0


def _past(row: Row, url: Url, *, starts: frozenset[str], forbidden: bool) -> Past:
    id_, _text, depth, parent, state, reason, via, _kind = row
    code = reason.partition(":")[0]
    skipped = state == RequestState.SKIPPED
    return Past(
        id=id_,
        url=url,
        depth=depth,
        parent=parent,
        out=code if skipped and code in NOT_FETCHED else "",
        counts=reason != "redirected",
        hop_of_start=depth == 0 and via.partition("\n")[0] in starts,
        forbidden=forbidden,
    )


def _is_fetched(row: Row) -> bool:
    return row[4] == RequestState.DONE and row[5] != "redirected"


def _new_starts(run: Run, rules: Rules, comparison: Comparison, *, known: AbstractSet[str]) -> None:
    """Compare the start URLs that the run neither had nor found."""
    for text in sorted(rules.starts - known):
        url = canonical(text, keep_tracking=True)
        if not Request.objects.filter(run=run, key=url.key).exists():
            comparison.start(url)


class _KnownRobots:
    """The robots.txt of the hosts of a run, as far as the ledgers have them; asked only where they count."""

    def __init__(self, changed: Mapping[str, Any], rules: Rules) -> None:
        self._needed = rules.rejudges
        self._agent = changed["user_agent"] or conf.crawl().user_agent
        self._files: dict[str, RobotsFile | None] = {}
        self.unknown = 0

    def learn(self, urls: list[Url]) -> None:
        """Read the files of the hosts of `urls`, a thousand hosts in all."""
        new = {url.origin for url in urls} - self._files.keys() if self._needed else set()
        for host in Host.objects.filter(origin__in=sorted(new)[: MOST_HOSTS - len(self._files)]):
            known = host.robots_state in {RobotsState.USABLE, RobotsState.NONE}
            self.unknown += not known
            body = bytes(host.robots_body) if host.robots_state == RobotsState.USABLE else b""
            self._files[host.origin] = RobotsFile.parse(body) if known else None

    def forbids(self, url: Url) -> bool:
        file = self._files.get(url.origin) if self._needed else None
        return file is not None and not file.allows(url.text, self._agent).allowed
