"""Whole slices and deliveries connect to no forbidden address, by whichever way it comes in.

The real frontier, engine, guard and sender work on rows, in the network where everything forbidden listens.
The clients alone have their turn in test_canary.py.
"""

from __future__ import annotations

import logging
from collections import Counter
from ipaddress import IPv4Address
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone

from crawler.models import Delivery, Request, RequestState, Run, Webhook
from crawler.services.deliveries import sending
from crawler.urls import BadUrl, canonical
from tests.crawling import a_run, again, finished, one_slice
from tests.forbidden import INTERNAL_V4, INTERNAL_V6, carriers
from tests.integration.egress import spellings
from tests.integration.egress.everywhere import CONTROL, CONTROL_V6, page, redirect_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_django import Settings

    from tests.integration.egress.everywhere import Everywhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only a file is in both networks"),
]
# No resolver takes a name with a comma or two dots: a slice would try it thrice, and wait 15 s in between.
SPELLED = [spelled for spelled in spellings.urls() if "," not in spelled and ".." not in spelled]
INTERNAL = [text for text in (*INTERNAL_V4, *INTERNAL_V6) if "%" not in text]
CARRIED = [str(form) for text in INTERNAL_V4 for form in carriers(IPv4Address(text))]
FINE, REFUSED = ("done", ""), ("failed", "address_refused")


def _canonical() -> list[str]:
    """Return the URLs that the spellings name."""
    found: dict[str, None] = {}
    for spelled in SPELLED:
        try:
            found.setdefault(canonical(spelled).text)
        except BadUrl:
            continue
    return list(found)


URLS = _canonical()
ORIGINS = list(dict.fromkeys(canonical(url).origin for url in URLS))


@pytest.fixture
def network(everywhere: Everywhere, settings: Settings, caplog: pytest.LogCaptureFixture) -> Everywhere:
    """A network whose control has a name, and where every other name leads to loopback."""
    caplog.set_level(logging.ERROR, logger="crawler.fetch.guard")
    settings.EGRESS_ALLOW = ""
    everywhere.names |= {"control.test": [[CONTROL, CONTROL_V6]], "*": [["127.0.0.1"]]}
    return everywhere


def inside(network: Everywhere, work: Callable[[], object]) -> None:
    """Do something in the network, whose thread has connections to the database of its own."""

    def alone() -> None:
        try:
            work()
        finally:
            connections.close_all()

    network.run(alone)
    network.settle()


def became(run: Run) -> Counter[tuple[str, str]]:
    """Count what became of the requests of a run."""
    rows = Request.objects.filter(run=run).values_list("state", "reason")
    return Counter((RequestState(state).name.lower(), reason) for state, reason in rows)


def told(way: str, network: Everywhere, tries: int) -> None:
    """Print the line that docs/standards.md quotes."""
    print(f"{way}: {tries} tries, {len(network.reached)} connections")  # noqa: T201


def only_the_control_was_fetched(run: Run) -> bool:
    fetched = Request.objects.filter(run=run, state=RequestState.DONE, reason="")
    return {canonical(request.url).host for request in fetched} <= {"control.test", CONTROL}


def test_no_slice_connects_to_a_start_url_or_what_a_sitemap_lists(network: Everywhere) -> None:
    entries = "".join(f"<url><loc>{escape(_printable(spelled))}</loc></url>" for spelled in SPELLED)
    listed = f"<urlset>{entries}</urlset>".encode()
    network.answers = lambda _host, path: page(listed if path == "/listed.xml" else b"<p>fine")
    starts = [f"{origin}/start" for origin in ORIGINS]
    sitemaps = ["http://control.test/listed.xml", "http://10.0.0.1/listed.xml"]
    run = a_run(*starts, sitemaps=sitemaps)

    inside(network, lambda: finished(run))

    outcomes = became(run)
    told("start URLs", network, len(starts))
    told("sitemap entries", network, len(SPELLED))
    assert network.reached == []
    assert outcomes.keys() == {FINE, REFUSED}
    assert outcomes.total() >= len(starts) + len(URLS) + len(sitemaps)
    assert outcomes[REFUSED] > 900
    assert outcomes[FINE] >= 8
    assert only_the_control_was_fetched(run)


def test_no_slice_connects_to_where_pages_redirect(network: Everywhere) -> None:
    def answer(_host: str, path: str) -> bytes:
        return redirect_to(SPELLED[int(path[1:])]) if path[1:].isdigit() else page()

    network.answers = answer
    run = a_run(*(f"http://control.test/{number}" for number in range(len(SPELLED))))

    inside(network, lambda: finished(run))

    outcomes = became(run)
    told("redirects", network, len(SPELLED))
    assert network.reached == []
    assert outcomes.keys() == {FINE, REFUSED, ("done", "redirected"), ("failed", "bad_redirect")}
    assert outcomes["done", "redirected"] > 1_000
    assert outcomes[REFUSED] > 450
    assert outcomes[FINE] >= 8
    assert only_the_control_was_fetched(run)


def test_no_slice_connects_to_where_robots_files_redirect(network: Everywhere) -> None:
    network.names |= {f"r{number}.test": [[CONTROL]] for number in range(len(URLS))}

    def answer(host: str, path: str) -> bytes:
        led = path == "/robots.txt" and host.startswith("r")
        return redirect_to(URLS[int(host[1 : -len(".test")])]) if led else page()

    network.answers = answer
    run = a_run(*(f"http://r{number}.test/" for number in range(len(URLS))), obey_robots=True)

    inside(network, one_slice)

    outcomes = became(run)
    told("robots.txt redirects", network, len(URLS))
    assert network.reached == []
    assert outcomes["skipped", "robots_unreachable: address_refused"] > 450
    assert outcomes[FINE] >= 8  # whose robots.txt is on the control
    assert sum(path == "/robots.txt" for _host, path in network.controls) >= len(URLS)


def test_no_slice_connects_to_what_a_name_server_says(network: Everywhere) -> None:
    for number, address in enumerate(INTERNAL):
        network.names[f"only{number}.test"] = [[address]]
        network.names[f"before{number}.test"] = [[address, CONTROL, CONTROL_V6]]
        network.names[f"after{number}.test"] = [[CONTROL, CONTROL_V6, address]]
    network.names |= {f"form{number}.test": [[form]] for number, form in enumerate(CARRIED)}
    network.names |= {f"alias{number}.test": [["=localhost"]] for number in range(20)}
    network.names |= {f"both{number}.test": [[CONTROL, "=localhost"]] for number in range(20)}
    hostile = network.names.keys() - {"*", "control.test"}
    run = a_run("http://control.test/", *(f"http://{name}/" for name in hostile))

    inside(network, lambda: finished(run))

    told("answers of name servers", network, len(hostile))
    assert network.reached == []
    assert became(run) == {FINE: 1, REFUSED: len(hostile)}


def test_no_slice_connects_to_what_a_name_has_become(network: Everywhere) -> None:
    for number, address in enumerate(INTERNAL):
        network.names[f"turns{number}.test"] = [[CONTROL], [address]]
        network.names[f"joins{number}.test"] = [[CONTROL], [CONTROL, address]]
        network.names[f"aliased{number}.test"] = [[CONTROL], ["=localhost"]]
    hostile = network.names.keys() - {"*", "control.test"}
    first = a_run(*(f"http://{name}/" for name in hostile))
    inside(network, lambda: finished(first))
    second = again(first)

    inside(network, lambda: finished(second))

    told("answers that change", network, len(hostile))
    assert network.reached == []
    assert became(first) == {FINE: len(hostile)}
    assert became(second) == {REFUSED: len(hostile)}


def test_no_webhook_is_sent_to_a_forbidden_address(network: Everywhere) -> None:
    names = [f"http://hook{number}.test/" for number in range(50)]
    network.names |= {f"hook{number}.test": [[CONTROL, "=localhost"]] for number in range(50)}
    urls = [*URLS, *names, "http://control.test/hook"]
    _announced(urls)

    def send() -> None:
        while sending.work(now=timezone.now()):
            continue

    inside(network, send)

    outcomes = Counter(Delivery.objects.values_list("state", "reason"))
    told("webhooks", network, len(urls))
    assert network.reached == []
    assert outcomes.keys() == {("waiting", "address_refused"), ("delivered", "")}
    assert outcomes["waiting", "address_refused"] > 500
    assert outcomes["delivered", ""] == len(network.controls) >= 2


def _announced(urls: Iterable[str]) -> None:
    """Have a message wait for a webhook at each URL."""
    owner, now = User.objects.create_user("ada"), timezone.now()
    hooks = Webhook.objects.bulk_create(
        Webhook(
            owner=owner,
            name="Chat",
            url=url,
            origin=canonical(url).origin,
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            created_at=now,
            updated_at=now,
        )
        for url in urls
    )
    Delivery.objects.bulk_create(
        Delivery(
            webhook=hook,
            message_id=f"msg_{hook.pk}",
            kind="test",
            payload="{}",
            next_try_at=now,
            created_at=now,
        )
        for hook in hooks
    )


def _printable(spelled: str) -> str:
    """Return a spelling without what XML cannot hold."""
    return "".join(sign for sign in spelled if sign >= " " or sign in "\t\n")
