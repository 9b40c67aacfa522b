"""Fixtures that start the hostile web for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.site.certificates import self_signed
from tests.site.server import HostileSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hostile_site() -> Iterator[HostileSite]:
    """The hostile web on one free port of 127.0.0.1, with an empty log."""
    with HostileSite() as site:
        yield site


@pytest.fixture
def hostile_http2_site(tmp_path: Path) -> Iterator[HostileSite]:
    """The same over HTTP/2; its authority is `certificate.pem` in the test's folder."""
    with HostileSite(tls=self_signed(tmp_path, alpn=("h2", "http/1.1"))) as site:
        yield site


@pytest.fixture
def hostile_tls_site(tmp_path: Path) -> Iterator[HostileSite]:
    """The same over TLS, with a certificate that nobody vouches for."""
    with HostileSite(tls=self_signed(tmp_path)) as site:
        yield site
