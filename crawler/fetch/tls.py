"""Whose certificates are believed: the system's authorities, and an operator's own."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Final

HTTP1: Final = ("http/1.1",)
HTTP2: Final = ("h2", "http/1.1")


@cache  # reading the system's authorities takes 30 ms
def trust(ca_file: str = "", *, alpn: tuple[str, ...] = HTTP1) -> ssl.SSLContext:
    """Return a client's context that offers `alpn`; `ca_file` adds authorities in PEM.

    Raises OSError, of which ssl.SSLError is one, when the file holds none.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    context.set_alpn_protocols(list(alpn))
    return context
