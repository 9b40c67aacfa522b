"""Webhooks end to end: a run of real workers ends, and a receiver that stumbles is told of it once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.site import HostileSite
from tests.waiting import until

if TYPE_CHECKING:
    from tests.integration.service.installation import Installation

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240), pytest.mark.xdist_group("service")]


def test_end_of_a_run_reaches_a_receiver_that_failed_at_first(service: Installation) -> None:
    with HostileSite() as site:
        hook = {"name": "Chat", "url": site.url("/flaky/hook/503/1"), "kinds": ["run.finished"]}
        webhook = service.call("POST", "/webhooks", hook)["id"]
        start = {"name": "One page", "start_urls": [site.url("/ok")], "scope": "page", "delay_seconds": 0}
        target = service.call("POST", "/targets", start)["id"]
        run = service.finished(service.call("POST", f"/targets/{target}/runs")["id"])

        until(lambda: len(site.asked("/flaky/hook/503/1")) >= 2, within_seconds=90)
        until(lambda: _states(service, webhook) == ["delivered"], within_seconds=30)

        refused, taken = site.asked("/flaky/hook/503/1")
        assert refused.header("webhook-id") == taken.header("webhook-id")
        assert refused.body == taken.body
        document = json.loads(taken.body)
        assert (document["type"], document["data"]["run"]["id"]) == ("run.finished", run["id"])
        service.open("DELETE", f"/webhooks/{webhook}").close()


def _states(service: Installation, webhook: int) -> list[str]:
    return [message["state"] for message in service.call("GET", f"/webhooks/{webhook}/deliveries")["items"]]
