"""The main job end to end: `./run up`, a target through the API, real workers, the data back."""

from __future__ import annotations

import csv
import http.server
import io
import json
import os
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from demo import catalogue
from tests.shop import served
from tests.site import HostileSite
from tests.site.graph import GraphSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.service.installation import Installation

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

URGENT_SECONDS = 20.0
"""A tenth of what the bulk run takes at best; `./run bench urgent` measures how soon it really is."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The demo shop, standing still at epoch 0."""
    with served(epoch=0) as url:
        yield url


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawled:
    """The shop's target and its first run, at its end."""

    target: int
    location: str
    state: Any


@pytest.fixture(scope="module")
def crawled(service: Installation, shop: str) -> Crawled:
    """Register the shop and crawl it once."""
    body = {
        "name": "Shop",
        "start_urls": [shop],
        "scraper": "demo_shop",
        "key": ["sku"],
        "delay_seconds": 0,
        "connections": 4,
    }
    target = int(service.call("POST", "/targets", body)["id"])
    with service.open("POST", f"/targets/{target}/runs") as answer:
        assert answer.status == 202
        run, location = json.loads(answer.read()), answer.headers["Location"]
    return Crawled(target=target, location=location, state=service.finished(run["id"]))


def test_every_product_of_the_demo_shop_comes_back(service: Installation, crawled: Crawled) -> None:
    state = crawled.state
    assert crawled.location.endswith(f"/runs/{state['id']}")
    assert state["state"] == "finished"
    assert state["counts"]["queued"] == state["counts"]["leased"] == state["counts"]["dead"] == 0
    products = {product.sku: product for product in catalogue.products(epoch=0)}
    items = {item["data"]["sku"]: item["data"] for item in service.items(f"run={state['id']}")}
    assert items.keys() == products.keys()
    for sku, product in products.items():
        assert items[sku]["name"] == product.name
        assert items[sku]["price"] == pytest.approx(float(product.price))


def test_the_items_leave_as_csv_with_their_origin(service: Installation, crawled: Crawled, shop: str) -> None:
    with service.open("GET", f"/targets/{crawled.target}/export?format=csv") as answer:
        rows = list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig"))))
    assert {row["sku"] for row in rows} == {p.sku for p in catalogue.products(epoch=0)}
    assert all(row["_url"].startswith(shop) and row["_key"] == row["sku"] for row in rows)


def test_a_second_run_of_a_shop_that_stood_still_changes_nothing(
    service: Installation, crawled: Crawled
) -> None:
    run = service.call("POST", f"/targets/{crawled.target}/runs")
    state = service.finished(run["id"])
    assert (state["items_new"], state["items_changed"]) == (0, 0)
    assert state["items"] == crawled.state["items"] == len(catalogue.products(epoch=0))


def test_end_of_a_run_reaches_a_receiver_of_webhooks(service: Installation) -> None:
    with HostileSite() as site:
        target = _register(service, "One page", [site.url("/ok")], scope="page")
        hook = {"name": "Chat", "url": site.url("/hook"), "kinds": ["run.finished"], "target": target}
        site.serve("/hook", status=204)
        webhook = service.call("POST", "/webhooks", hook)["id"]
        run = service.finished(service.call("POST", f"/targets/{target}/runs")["id"])

        until(lambda: _states(service, webhook) == ["delivered"], within_seconds=90)

        [taken] = site.asked("/hook")
        document = json.loads(taken.body)
        assert (document["type"], document["data"]["run"]["id"]) == ("run.finished", run["id"])
        service.open("DELETE", f"/webhooks/{webhook}").close()


def _states(service: Installation, webhook: int) -> list[str]:
    return [message["state"] for message in service.call("GET", f"/webhooks/{webhook}/deliveries")["items"]]


def _documentation() -> Path:
    folders = sorted(Path("/usr/share/doc").glob("python3*/html"))
    found = [folder for folder in folders if (folder / "library" / "index.html").exists()]
    if not found:
        if os.environ.get("CI"):
            pytest.fail("Debian's python3-doc is not installed")
        pytest.skip("Debian's python3-doc is not installed")
    return found[-1].resolve()


@pytest.fixture
def documentation() -> Iterator[tuple[str, Path]]:
    folder = _documentation()
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", folder
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


def reachable(folder: Path, start: str = "index.html") -> set[str]:
    """Return the HTML files that links reach, found by walking the files themselves."""
    found, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        tree = LexborHTMLParser((folder / page).read_bytes())
        for node in tree.css("a[href], link[rel=next][href], link[rel=prev][href]"):
            href = (node.attributes["href"] or "").partition("#")[0].partition("?")[0]
            if not href or ":" in href or href.startswith("/"):
                continue
            path = (folder / page).parent.joinpath(href).resolve()
            if path.suffix == ".html" and path.is_file() and path.is_relative_to(folder):
                name = str(path.relative_to(folder))
                if name not in found:
                    found.add(name)
                    waiting.append(name)
    return found


def test_a_large_documentation_tree_is_crawled_page_for_page(
    service: Installation, documentation: tuple[str, Path]
) -> None:
    url, folder = documentation
    target = service.call(
        "POST",
        "/targets",
        {"name": "Docs", "start_urls": [f"{url}index.html"], "delay_seconds": 0, "connections": 8},
    )
    run = service.call("POST", f"/targets/{target['id']}/runs")
    state = service.finished(run["id"], within=240)
    assert state["state"] == "finished"
    expected = reachable(folder)
    assert len(expected) >= 500
    pages: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        listed = service.call(
            "GET", f"/pages?target={target['id']}&limit=100" + (f"&cursor={cursor}" if cursor else "")
        )
        pages |= {page["url"].removeprefix(url) for page in listed["items"]}
        cursor = listed["next"]
    assert {page for page in pages if page.endswith(".html")} == expected


def test_an_urgent_run_passes_a_bulk_run(service: Installation) -> None:
    with GraphSite(pages=20_000, hosts=4) as bulk, GraphSite(pages=1, first=100) as quiet:
        starts = [bulk.url(number) for number in range(4)]
        run = _start(service, "Bulk", starts, priority=1, max_pages=20_000)
        until(lambda: len(bulk.hits) > 500)
        for site, url in (
            (quiet, quiet.url(0)),
            (bulk, f"http://{bulk.addresses[0]}:{bulk.port}/page/urgent"),
        ):
            _start(service, f"Urgent {url}", [url], priority=9, scope="page")
            asked_at = time.time()
            assert _first_asked(site, url) - asked_at < URGENT_SECONDS
        assert service.call("GET", f"/runs/{run}")["state"] == "running", (
            "the bulk run ended before it could matter"
        )
        service.call("POST", f"/runs/{run}/cancel")


def _start(service: Installation, name: str, urls: list[str], **settings: object) -> int:
    """Register a target without a delay, start a run of it and return the run."""
    target = _register(service, name, urls, **settings)
    return int(service.call("POST", f"/targets/{target}/runs")["id"])


def _register(service: Installation, name: str, urls: list[str], **settings: object) -> int:
    body = {"name": name, "start_urls": urls, "delay_seconds": 0, **settings}
    return int(service.call("POST", "/targets", body)["id"])


def _first_asked(site: GraphSite, url: str) -> float:
    """Wait for the first request for `url` and return when it came."""
    host, path = url.removeprefix("http://").partition(":")[0], "/" + url.split("/", 3)[3]
    until(lambda: site.first_hit(host, path) is not None)
    return site.first_hit(host, path) or 0.0
