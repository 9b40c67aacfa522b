"""Whether the service is up, ready and how it fares: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crawler import conf
from crawler.models import OutageKind
from crawler.queries import health
from crawler.queue import Work
from crawler.services.lookout import lookout
from webui.api import problems

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OF_ROWS: Final = ("worker", "beat", "crawling", "schedules")
PARTS: Final = ("database", "broker", *OF_ROWS)
UNDONE: Final = {Work.TICK: "no schedule was looked at", Work.RECONCILE: "nothing was put right"}
AWAY: Final = str(OutageKind.AWAY.label)


@csrf_exempt  # else a POST would be told of a missing token, not of the wrong method
@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers; asks nothing of any other part."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether crawls can run now, and which part is missing when they cannot: 200 or 503."""
    parts = _parts()
    ready = all(told == "ok" for told in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "parts": parts}, status=200 if ready else 503
    )


def _parts() -> dict[str, str]:
    """Return what is wrong with each part, `ok` where nothing is."""
    condition = lookout.condition()
    trouble = _alive()
    if condition.outage is not None:
        trouble["database"] = _told(condition.outage, condition.since)
    if condition.broker_trouble:
        trouble["broker"] = condition.broker_trouble
    return {part: trouble.get(part, "ok") for part in PARTS}


def _told(outage: OutageKind, since: datetime | None) -> str:
    return outage.label + (f" since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "")


def _alive() -> dict[str, str]:
    """Return what is wrong with those whose life the database records."""
    now = timezone.now()
    try:
        alive = health.workers_alive(now)
        beat = health.beat_alive(now)
        crawling = health.is_crawling(now)
        undone = health.left_undone(now)
    except DatabaseFailure:
        unknown = "unknown: the database does not answer"
        return {"database": AWAY} | dict.fromkeys(OF_ROWS, unknown)
    trouble = {}
    if not alive.get("worker"):
        trouble["worker"] = "no worker was heard of within the last minute"
    if not beat:
        trouble["beat"] = "beat was not heard of within the last minute"
    if not crawling:
        still = conf.crawl().still_time.total_seconds()
        trouble["crawling"] = f"work has been due for {still:g} s, and no slice has started"
    if undone:
        told = ", ".join(
            f"{UNDONE[work]} for {length.total_seconds():.0f} s" for work, length in undone.items()
        )
        trouble["schedules"] = f"{told}, although beat asks for it: see the log of worker-control"
    return trouble


@csrf_exempt
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the installation's figures for Prometheus.

    Open on loopback, to signed-in people, and to whoever sends METRICS_TOKEN as a bearer token.
    """
    if not _may_read_metrics(request):
        return problems.problem(401, "send METRICS_TOKEN as `Authorization: Bearer …`, or sign in")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Installation())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE)


def _may_read_metrics(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode())
    return _is_local(request) or request.user.is_authenticated


def _is_local(request: HttpRequest) -> bool:
    """Say whether the request came from this machine itself, not through a proxy that runs on it."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class Installation(Collector):
    """The figures of the whole installation, read from the database when Prometheus asks.

    Every web process gives the same answer, so there is nothing to add up between them.
    """

    def collect(self) -> Iterable[Metric]:
        found = health.figures(timezone.now())
        ready = {part: int(told == "ok") for part, told in _parts().items()}
        yield _by("trawl_ready", "1 for each part that is as it should be, as /readyz tells.", "part", ready)
        yield from _of_runs(found)
        yield from _of_hosts(found)
        yield _ran(found.last_ran)
        yield _by("trawl_workers", "Processes heard of within a minute, by kind.", "kind", found.workers)
        yield from _of_promises(found)
        yield from _of_webhooks(found)


def _of_runs(found: health.Figures) -> Iterable[Metric]:
    yield _by("trawl_runs", "Runs by state.", "state", found.runs)
    yield _sums("trawl_requests_settled", "Requests that ended, by state.", "state", found.requests)
    yield CounterMetricFamily("trawl_pages", "Pages fetched.", value=found.pages)
    yield CounterMetricFamily("trawl_items", "Items seen.", value=found.items)
    yield CounterMetricFamily("trawl_bytes", "Bytes received.", value=found.bytes)
    removed = "Earlier versions of pages that clean-up removed."
    yield CounterMetricFamily("trawl_page_versions_removed", removed, value=found.versions_removed)


def _ran(last: Mapping[str, datetime]) -> Metric:
    text = "When what beat asks for every few seconds was last done, to 15 s."
    moments = {work: at.timestamp() for work, at in last.items()}
    return _by("trawl_last_ran_timestamp_seconds", text, "work", moments)


def _of_hosts(found: health.Figures) -> Iterable[Metric]:
    yield _by("trawl_hosts_due", "Free hosts with work that is due, by lane.", "lane", found.due_hosts)
    yield GaugeMetricFamily("trawl_hosts_leased", "Hosts that a slice holds.", value=found.leased_hosts)
    yield _longest("trawl_oldest_due_seconds", "How long a free host has waited most.", found.oldest_due)


def _of_promises(found: health.Figures) -> Iterable[Metric]:
    states = "Enabled targets that say how old data may be, by how it is."
    yield _by("trawl_targets_freshness", states, "state", found.freshness)
    yield _longest("trawl_data_late_seconds", "How long data has been late most.", found.late_for)
    held = "Runs whose items wait for somebody to decide."
    yield GaugeMetricFamily("trawl_runs_held", held, value=found.held)
    outcomes = "Deadlines of runs that were met or missed."
    yield _sums("trawl_deadlines", outcomes, "outcome", found.deadlines)


def _of_webhooks(found: health.Figures) -> Iterable[Metric]:
    waiting = "Messages to webhooks that are still to be taken."
    yield GaugeMetricFamily("trawl_webhook_deliveries_waiting", waiting, value=found.deliveries_waiting)
    failing = "Webhooks that are on and whose last try failed."
    yield GaugeMetricFamily("trawl_webhooks_failing", failing, value=found.webhooks_failing)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _sums(name: str, text: str, label: str, values: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _longest(name: str, text: str, length: timedelta | None) -> GaugeMetricFamily:
    """Return a gauge of seconds; 0 when there is nothing to measure."""
    return GaugeMetricFamily(name, text, value=length.total_seconds() if length else 0.0)
