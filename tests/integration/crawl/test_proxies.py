"""Runs that go through proxies, as the proxies and the site saw it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Page, ProxyHealth, Request, RunState
from crawler.policy import proxies
from crawler.stores import proxies as stored
from tests.crawling import a_run, finished
from tests.law import assert_conserved
from tests.site.certificates import self_signed
from tests.site.proxy import ForwardProxy
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.models import Run

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "p@ss:word"


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    with ForwardProxy() as proxy:
        yield proxy


@pytest.fixture
def other() -> Iterator[ForwardProxy]:
    with ForwardProxy(user="ada", password=PASSWORD) as proxy:
        yield proxy


def with_user(proxy: ForwardProxy, password: str = PASSWORD) -> str:
    address = proxies.parse(proxy.url)
    return proxies.written(type(address)(url=address.url, user="ada", password=password))


def a_site(site: HostileSite, pages: int = 6) -> str:
    paths = [f"/page-{number}" for number in range(pages)]
    for path in paths:
        site.serve(path, "a page")
    return site.serve("/start", "".join(f'<a href="{path}">x</a>' for path in paths))


def errors(run: Run) -> dict[bytes, str]:
    return {health.key: health.error for health in stored.of_target(run.target_id)}


def test_every_request_of_a_run_goes_through_its_proxies_in_turns(
    hostile_site: HostileSite, proxy: ForwardProxy, other: ForwardProxy
) -> None:
    start = a_site(hostile_site)

    run = finished(a_run(start, proxies=[proxy.url, with_user(other)], obey_robots=True))

    assert (run.state, run.pages) == (RunState.FINISHED, 7)
    asked = [line.split(" ")[1] for line in proxy.asked + other.asked]
    assert sorted(asked) == sorted(
        f"{hostile_site.origin}{request.target}" for request in hostile_site.requests
    )
    assert len(hostile_site.asked("/robots.txt")) == 1
    assert abs(len(proxy.asked) - len(other.asked)) <= 1
    assert not ProxyHealth.objects.exists()
    assert not any(
        "proxy" in name.lower() for request in hostile_site.requests for name, _ in request.headers
    )


def test_proxy_that_fails_rests_and_costs_no_page(hostile_site: HostileSite, proxy: ForwardProxy) -> None:
    with ForwardProxy() as gone:
        nobody = gone.url

    run = finished(a_run(a_site(hostile_site), proxies=[nobody, proxy.url]))

    assert (run.state, run.pages, run.retries) == (RunState.FINISHED, 7, 0)
    health = ProxyHealth.objects.get(target=run.target)
    assert health.failures == 1
    assert health.rests_until is not None
    assert errors(run) == {proxies.key_of(proxies.parse(nobody)): f"the proxy {nobody} accepts no connection"}
    assert_conserved(run)


def test_run_whose_proxies_all_fail_ends_with_the_reason(
    hostile_site: HostileSite, other: ForwardProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run = a_run(a_site(hostile_site), proxies=[with_user(other, "wrong-secret")])
    Request.objects.filter(run=run).update(attempts=2)

    run = finished(run)

    assert run.state == RunState.FAILED
    assert "proxy_failed" in run.reason
    assert hostile_site.requests == []
    (error,) = errors(run).values()
    assert error == f"the proxy {other.url} does not accept its user name and password"
    assert "wrong-secret" not in caplog.text + error


def test_proxy_in_a_network_that_is_not_allowed_is_not_contacted(
    hostile_site: HostileSite, proxy: ForwardProxy, settings: Any
) -> None:
    settings.EGRESS_ALLOW = f"127.0.0.1:{hostile_site.port}"
    run = a_run(a_site(hostile_site), proxies=[proxy.url])
    Request.objects.filter(run=run).update(attempts=2)

    run = finished(run)

    assert run.state == RunState.FAILED
    assert (proxy.asked, hostile_site.requests) == ([], [])
    (error,) = errors(run).values()
    assert "EGRESS_ALLOW" in error


def test_proxy_is_not_sent_where_the_guard_lets_nobody_go(
    hostile_site: HostileSite, proxy: ForwardProxy, settings: Any
) -> None:
    settings.EGRESS_ALLOW = f"127.0.0.1:{proxy.port}"

    run = finished(a_run(a_site(hostile_site), proxies=[proxy.url]))

    assert run.state == RunState.FAILED
    assert "address_refused" in run.reason
    assert proxy.asked == []


def test_pages_over_tls_go_through_a_tunnel(hostile_tls_site: HostileSite, other: ForwardProxy) -> None:
    start = hostile_tls_site.serve("/start", "a page")
    run = a_run(start, proxies=[with_user(other)])
    Request.objects.filter(run=run).update(attempts=2)

    run = finished(run)

    assert other.asked == [f"CONNECT 127.0.0.1:{hostile_tls_site.port} HTTP/1.1"]
    assert "tls_failed" in run.reason  # nobody vouches for this site: it was seen through the tunnel
    assert not Page.objects.exists()
    assert not ProxyHealth.objects.exists()


@pytest.mark.parametrize("proxy_tls", [False, True])
@pytest.mark.parametrize("site_tls", [False, True])
def test_pages_come_through_every_kind_of_proxy(
    tmp_path: Path, settings: Any, *, proxy_tls: bool, site_tls: bool
) -> None:
    settings.TLS_CA_FILE = str(tmp_path / "certificate.pem")
    tls = self_signed(tmp_path)
    with (
        ForwardProxy(user="ada", password=PASSWORD, tls=tls if proxy_tls else None) as proxy,
        HostileSite(tls=tls if site_tls else None) as site,
    ):
        start = site.serve("/start", "<title>Seen</title>")

        run = finished(a_run(start, proxies=[with_user(proxy)]))

        page = f"GET {start} HTTP/1.1"
        assert proxy.asked == [f"CONNECT 127.0.0.1:{site.port} HTTP/1.1" if site_tls else page]
        (seen,) = site.requests
        assert seen.header("Proxy-Authorization") is None
    assert run.state == RunState.FINISHED
    assert Page.objects.get().title == "Seen"
    assert not ProxyHealth.objects.exists()


def test_proxy_that_nobody_vouches_for_is_told_nothing_and_the_next_one_is_asked(
    tmp_path: Path, hostile_site: HostileSite, proxy: ForwardProxy
) -> None:
    with ForwardProxy(user="ada", password=PASSWORD, tls=self_signed(tmp_path)) as unknown:
        run = finished(a_run(a_site(hostile_site, 1), proxies=[with_user(unknown), proxy.url]))

        assert unknown.asked == []
        assert list(errors(run).values()) == [
            f"the certificate of the proxy {unknown.url} is not valid: self-signed certificate"
        ]
    assert (run.state, run.pages, run.retries) == (RunState.FINISHED, 2, 0)


def test_proxy_that_speaks_no_tls_has_failed_not_its_host(hostile_site: HostileSite) -> None:
    wrong = hostile_site.origin.replace("http:", "https:")
    run = a_run(a_site(hostile_site, 1), proxies=[wrong])
    Request.objects.filter(run=run).update(attempts=2)

    run = finished(run)

    assert "proxy_failed" in run.reason
    assert list(errors(run).values()) == [f"the proxy {wrong} does not speak TLS as it should"]


def test_proxy_that_hangs_up_instead_of_opening_a_tunnel_has_failed_not_its_host(
    hostile_tls_site: HostileSite, proxy: ForwardProxy, tmp_path: Path, settings: Any
) -> None:
    settings.TLS_CA_FILE = str(tmp_path / "certificate.pem")
    proxy.silent = True
    run = a_run(hostile_tls_site.serve("/start", "a page"), proxies=[proxy.url])
    Request.objects.filter(run=run).update(attempts=2)

    run = finished(run)

    assert "proxy_failed" in run.reason
    assert list(errors(run).values()) == [f"the proxy {proxy.url} hangs up instead of opening a tunnel"]
    assert hostile_tls_site.connections == 0


def test_cookies_and_proxies_go_together(hostile_site: HostileSite, proxy: ForwardProxy) -> None:
    hostile_site.serve("/next", "a page")
    start = hostile_site.serve("/start", '<a href="/next">x</a>', headers=[("Set-Cookie", "a=1")])

    finished(a_run(start, proxies=[proxy.url], cookies=True))

    assert [request.header("Cookie") for request in hostile_site.asked("/next")] == ["a=1"]
    assert len(proxy.asked) == 2
