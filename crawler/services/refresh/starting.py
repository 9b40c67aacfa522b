"""Starts a refresh: a run whose requests are the pages that are due first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from crawler.engine.work import NewRequest
from crawler.models import Page, RefreshPlan, Run, RunTrigger
from crawler.policy.refresh import spending
from crawler.policy.refresh.spending import LEAST_AGE, Credit
from crawler.queries.refresh import spent
from crawler.queue import lane_for
from crawler.services import bells, holding, runs
from crawler.services.refresh import sitemaps
from crawler.services.refresh.scoping import landings, leave_out, scope_of
from crawler.stores import hosts
from crawler.stores.discovery import Discovery, SeenBefore
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.models import Target
    from crawler.services.refresh.sitemaps import Listing
    from crawler.urls import Url


def start(plan: RefreshPlan, *, now: datetime) -> Run | None:
    """Start a run of the pages that are due first, as many as can be paid for; None when there is none."""
    per_day = plan.target.refresh_per_day or 0
    credit = Credit(requests=plan.credit, at=plan.credited_at).earned(per_day=per_day, now=now)
    count = spending.affordable(
        credit, per_day=per_day, spent_in_a_day=spent(plan.target, now=now), pages=plan.pages
    )
    listing = sitemaps.due(plan, most=count - 1, now=now)
    urls = _choose(plan, count - listing.requests, now) if count else []
    spends = credit.spent(len(urls) + listing.requests)
    return _make(plan, urls, listing, spends, now) if urls else None


def _choose(plan: RefreshPlan, count: int, now: datetime) -> list[Url]:
    """Return the pages that are due first, due or not: what is left of a budget is of no other use."""
    due = Page.objects.filter(
        target=plan.target, refresh_at__isnull=False, last_seen__lt=now - LEAST_AGE
    ).order_by("refresh_at", "id")
    scope, urls, outside = scope_of(plan.target), [], []
    for pk, text in due.values_list("id", "url")[:count]:
        url = canonical(text)
        if scope.refusal(url, depth=0) is None:
            urls.append(url)
        else:
            outside.append(pk)
    leave_out(outside)
    return urls


def _settings(target: Target, listing: Listing) -> dict[str, object]:
    """Return what a refresh does otherwise than a whole run: it follows no links, and is small anyhow."""
    own = {"max_pages": None, "max_depth": None, "follow": False, "landings": landings(target)}
    return runs.frozen(target) | own | listing.settings


def _make(
    plan: RefreshPlan, urls: Sequence[Url], listing: Listing, credit: Credit, now: datetime
) -> Run | None:
    """Make the run, unless another one began or somebody else spent the same credit.

    Only pages that are start URLs count as such: where they are redirected belongs to the target.
    """
    target, starts = plan.target, set(plan.target.start_urls)
    hosts.ids_of([*(url.origin for url in urls), *(seed.url.origin for seed in listing.seeds)])
    discovery = Discovery(SeenBefore())
    with transaction.atomic():
        mine = RefreshPlan.objects.filter(pk=plan.pk, credited_at=plan.credited_at)
        read_at = now if listing.seeds else plan.sitemaps_at
        if not mine.update(credit=credit.requests, credited_at=credit.at, sitemaps_at=read_at):
            return None
        if Run.objects.filter(target=target).active().exists():
            transaction.set_rollback(True)
            return None
        run = Run.objects.create(
            target=target,
            trigger=RunTrigger.REFRESH,
            priority=target.priority,
            settings=_settings(target, listing),
            headers=target.headers,
            secrets=runs.secrets(target),
            publication=holding.of_new_run(target, RunTrigger.REFRESH),
            awaits_login=runs.logs_in(target),
        )
        runs.prepare_login(run, now=now)
        first = [NewRequest(url=url, depth=0 if url.text in starts else 1) for url in urls]
        discovery.add(run.pk, first, parent=None)
        discovery.add_sitemaps(run.pk, listing.seeds, parent=None)
        discovery.resolve_hosts()
        runs.insert_first(run, discovery, now=now)
        transaction.on_commit(lambda: bells.ring(lane_for(run.priority), now=now))
    return run
