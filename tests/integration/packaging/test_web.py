"""The site's server, as `up` runs it: it ends in time, whatever its clients do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from webui.processes import addresses, gunicorn, health
from webui.processes.layout import Installation, programs

BASE = Path(__file__).resolve().parents[3]
SPARE_SECONDS = 3
ENDS_WITHIN_SECONDS = 150

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


def test_a_request_that_never_ends_does_not_have_the_site_killed(tmp_path: Path) -> None:
    here = Installation(
        python=sys.executable,
        base=BASE,
        var=tmp_path,
        host="127.0.0.1",
        port=addresses.free_port(),
        workers=1,
    )
    web = next(program for program in programs(here) if program.name == "web")
    assert gunicorn.graceful_timeout + SPARE_SECONDS <= web.stop_within.total_seconds()
    environment = {**os.environ, "TRAWL_VAR": str(tmp_path)}
    with (
        (tmp_path / "web.log").open("wb") as log,
        subprocess.Popen(web.command, cwd=BASE, env=environment, stdout=log, stderr=log) as site,
    ):
        try:
            until(lambda: health.Site(host=here.host, port=here.port).is_ok("/healthz"), within_seconds=120)
            with socket.create_connection((here.host, here.port)) as client:
                client.sendall(
                    b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
                )
                site.send_signal(signal.SIGTERM)
                assert site.wait(ENDS_WITHIN_SECONDS) == 0
        finally:
            site.kill()
