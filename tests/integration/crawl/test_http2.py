"""Crawls over HTTP/2, where the target wants it and the host offers it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.models import Host, Request
from tests.crawling import a_run, again, finished, one_slice
from tests.law import assert_conserved
from tests.site.certificates import self_signed
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def authority(tmp_path: Path, settings: Settings) -> None:
    settings.TLS_CA_FILE = str(tmp_path / "certificate.pem")


def test_target_that_wants_http2_is_crawled_over_it_and_no_other(hostile_http2_site: HostileSite) -> None:
    site = hostile_http2_site
    wanting = finished(a_run(site.url("/page/1"), http2=True, max_pages=15))
    plain = finished(a_run(site.url("/ok"), http2=False))

    assert [request.http2 for request in site.asked("/ok")] == [False]
    assert all(request.http2 for request in site.requests if request.path.startswith("/page/"))
    assert Host.objects.get().http1_until is None
    for run, pages in ((wanting, 15), (plain, 1)):
        assert run.pages == pages
        assert_conserved(run)


def test_host_without_http2_is_known_for_a_week(tmp_path: Path) -> None:
    with HostileSite(tls=self_signed(tmp_path, alpn=("http/1.1",))) as site:
        run = finished(a_run(site.url("/page/1"), http2=True, max_pages=5))
        connections = site.connections
        finished(again(run))

        host = Host.objects.get()
        assert host.http1_until is not None
        assert timedelta(days=6) < host.http1_until - timezone.now() <= timedelta(days=7)
        assert site.connections == connections + 1  # nobody asked for HTTP/2 any more
    assert run.pages == 5
    assert_conserved(run)


def test_authority_that_is_not_believed_is_said_so(
    hostile_http2_site: HostileSite, settings: Settings
) -> None:
    settings.TLS_CA_FILE = ""

    run = a_run(hostile_http2_site.url("/ok"), http2=True)
    Request.objects.filter(run=run).update(attempts=2)  # two tries later, each after seconds
    one_slice()

    assert hostile_http2_site.requests == []
    assert run.requests.get().reason == "tls_failed"
