"""What happened to one URL of a run, for display: its rows put beside the run's frozen rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from crawler import conf
from crawler.frontier import decisions
from crawler.frontier.decisions import Case, Decision, Fate, Hop, Known, Landing, Rule
from crawler.frontier.frozen import scope_of
from crawler.models import Host, OutsideLink, Request, RequestState, SpareLink
from crawler.policy.robots import RobotsFile, RobotsState
from crawler.queries import queue
from crawler.queries.sitemaps import OF_SITEMAPS
from crawler.urls import canonical, left_out, path_key

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Run
    from crawler.urls import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of a URL: `asked` as it was typed, `url` as the run knows it.

    `left_out` names what of `asked` makes no other page: `#` for its fragment, tracking parameters by
    name. `found_on` is the page that linked to it, `via` the redirects through which it was reached,
    `leads_to` where it redirects.
    """

    asked: str
    url: str
    left_out: tuple[str, ...]
    decision: Decision
    request: Request | None = None
    found_on: str | None = None
    via: tuple[str, ...] = ()
    leads_to: str | None = None
    depth: int | None = None


def of(run: Run, asked: str, *, now: datetime) -> Told:
    """Return what happened to the URL `asked` in `run`, and why. Raises BadUrl for what is none."""
    url, bare = canonical(asked, keep_tracking=True), canonical(asked)
    rows = {bytes(row.key): row for row in Request.objects.filter(run=run, key__in=[url.key, bare.key])}
    row = rows.get(url.key) or rows.get(bare.key) or _sitemap(run, url)
    if url.key not in rows and (row is None or row.url != url.text):
        url = bare
    spare = None if row else SpareLink.objects.filter(run=run, key=url.key).first()
    found = row or spare
    hop = _hop(row, run) if row else None
    scope = scope_of(run.settings)
    case = Case(
        url=url,
        scope=scope,
        request=_known(row, run, hop, now=now) if row else None,
        spare=spare is not None,
        outside=None if found else _outside(run, url),
        robots=_forbidden(run, url) if row is None or row.state == RequestState.QUEUED else None,
        follows=run.settings.get("follow", True),
        full=_is_full(run),
        over=run.is_final,
        crowded=not found and _is_crowded(run, url, most=scope.traps.variants),
        forgotten=not found and _is_forgotten(run),
    )
    return Told(
        asked=asked,
        url=url.text,
        left_out=left_out(asked) if url == bare else tuple(n for n in left_out(asked) if n == "#"),
        decision=decisions.decide(case),
        request=row,
        found_on=_url_of(found.parent) if found and found.parent else None,
        via=tuple(found.via.split("\n")) if found and found.via else (),
        leads_to=hop.url if hop else None,
        depth=found.depth if found else None,
    )


def _sitemap(run: Run, url: Url) -> Request | None:
    """Return the request that asked for the URL as a sitemap."""
    return Request.objects.filter(OF_SITEMAPS, run=run, url=url.text).order_by("id").first()


def _known(row: Request, run: Run, hop: Hop | None, *, now: datetime) -> Known:
    fate = Fate(RequestState(row.state).label)
    wait, until = "", None
    if fate is Fate.QUEUED:
        line = queue.line_of(row, run, now=now)
        wait, until = line.words, line.wait.until
    return Known(
        fate=fate,
        reason=row.reason,
        status=row.status,
        attempts=row.attempts,
        wait=wait,
        until=until,
        hop=hop,
    )


def _hop(row: Request, run: Run) -> Hop | None:
    """Return where a redirect leads; None for what is none, and where that was not stored yet."""
    if row.reason != "redirected":
        return None
    own = Request.objects.filter(~Q(via=""), parent=row.pk).values_list("url", flat=True).first()
    if own is not None:
        return Hop(url=own, landing=Landing.NEW)
    if row.leads_to is None:
        return None
    there = canonical(row.leads_to, keep_tracking=True)
    if row.kind:
        known = _sitemap(run, there) is not None
    else:
        known = Request.objects.filter(run=run, key=there.key).exists()
    return Hop(url=there.text, landing=Landing.KNOWN if known else Landing.NOT_TAKEN)


def _outside(run: Run, url: Url) -> str | None:
    samples = OutsideLink.objects.filter(run=run, url=url.text)
    return samples.order_by("id").values_list("reason", flat=True).first()


def _url_of(request: int) -> str | None:
    return Request.objects.filter(pk=request).values_list("url", flat=True).first()


def _forbidden(run: Run, url: Url) -> Rule | None:
    """Return the line of the host's robots.txt, as it is now, that forbids the URL to the run."""
    if not run.settings["obey_robots"]:
        return None
    host = Host.objects.filter(origin=url.origin, robots_state=RobotsState.USABLE).first()
    if host is None:
        return None
    agent = run.settings["user_agent"] or conf.crawl().user_agent
    ruling = RobotsFile.parse(bytes(host.robots_body)).allows(url.text, agent)
    return None if ruling.allowed else Rule(name="robots", text=ruling.rule or "", number=ruling.line)


def _is_full(run: Run) -> bool:
    most = run.settings["max_pages"]
    return most is not None and run.discovered - run.skipped - run.redirected - run.sitemaps >= most


def _is_crowded(run: Run, url: Url, *, most: int | None) -> bool:
    """Say whether the run has taken as many queries of the URL's path as it may."""
    key = path_key(url)
    if key is None or most is None:
        return False
    taken = Request.objects.filter(run=run, path_key=key, path_key__isnull=False, depth__gt=0)
    return taken.count() >= most


def _is_forgotten(run: Run) -> bool:
    """Say whether the requests of a run that ended were cleared away; of whole runs some that failed stay."""
    rows = Request.objects.filter(run=run)
    if run.saw_all and run.done:
        rows = rows.filter(state=RequestState.DONE)
    return run.is_final and run.discovered > 0 and not rows.exists()
