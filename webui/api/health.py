"""Whether the service is up, ready and how it fares: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseFailure
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crawler.queries import health
from webui.api import problems

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BROKER_SECONDS: Final = 2


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
    trouble = _database() | _broker()
    parts = {part: trouble.get(part, "ok") for part in ("database", "broker", "worker", "beat", "crawling")}
    ready = not trouble
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "parts": parts}, status=200 if ready else 503
    )


def _database() -> dict[str, str]:
    """Return what is wrong with the database and with those whose life it records."""
    now = timezone.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        alive = health.workers_alive(now)
        beat = health.beat_alive(now)
        crawling = health.is_crawling(now)
    except DatabaseFailure:
        unknown = "unknown: the database does not answer"
        return {"database": "does not answer"} | dict.fromkeys(("worker", "beat", "crawling"), unknown)
    trouble = {}
    if not alive.get("worker"):
        trouble["worker"] = "no worker was heard of within the last minute"
    if not beat:
        trouble["beat"] = "beat was not heard of within the last minute"
    if not crawling:
        trouble["crawling"] = "work has been due for two minutes, and no slice has started"
    return trouble


def _broker() -> dict[str, str]:
    broker = current_app.connection_for_write(connect_timeout=BROKER_SECONDS)
    try:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_SECONDS)
    except (OSError, KombuError, *broker.connection_errors, *broker.channel_errors):  # type: ignore[misc] # tuples of classes
        return {"broker": "does not answer"}
    finally:
        broker.release()
    return {}


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
        yield _by("trawl_runs", "Runs by state.", "state", found.runs)
        requests = CounterMetricFamily(
            "trawl_requests_settled", "Requests that ended, by state.", labels=["state"]
        )
        for state, count in found.requests.items():
            requests.add_metric([state], count)
        yield requests
        yield CounterMetricFamily("trawl_pages", "Pages fetched.", value=found.pages)
        yield CounterMetricFamily("trawl_items", "Items seen.", value=found.items)
        yield CounterMetricFamily("trawl_bytes", "Bytes received.", value=found.bytes)
        yield _by("trawl_hosts_due", "Free hosts with work that is due, by lane.", "lane", found.due_hosts)
        yield GaugeMetricFamily("trawl_hosts_leased", "Hosts that a slice holds.", value=found.leased_hosts)
        yield _by("trawl_workers", "Processes heard of within a minute, by kind.", "kind", found.workers)
        oldest = found.oldest_due.total_seconds() if found.oldest_due else 0.0
        yield GaugeMetricFamily(
            "trawl_oldest_due_seconds", "How long a free host has waited most.", value=oldest
        )
        states = "Enabled targets that say how old data may be, by how it is."
        yield _by("trawl_targets_freshness", states, "state", found.freshness)
        late = found.late_for.total_seconds() if found.late_for else 0.0
        yield GaugeMetricFamily("trawl_data_late_seconds", "How long data has been late most.", value=late)


def _by(name: str, text: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
