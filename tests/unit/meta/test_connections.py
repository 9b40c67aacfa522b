"""Connections are made where the egress guard is, and in the few places that talk to our own processes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.unit.meta import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

GUARDED = "crawler/fetch/"

CLIENTS = {
    "aiohttp", "aiosmtplib", "ftplib", "h2", "http.client", "httpcore", "httpx", "imaplib", "nntplib",
    "paramiko", "poplib", "pycurl", "requests", "smtplib", "socket", "socketserver", "telnetlib", "tornado",
    "twisted", "urllib.request", "urllib3", "websockets", "xmlrpc.client", "django.core.mail", "playwright",
}  # fmt: skip
CALLS = {
    "create_connection", "create_datagram_endpoint", "create_unix_connection", "getaddrinfo", "gethostbyname",
    "open_connection", "open_unix_connection", "sendto", "sock_connect", "start_tls", "urlopen",
    "urlretrieve",
}  # fmt: skip

# What connects elsewhere, and to what: never to what a person named.
OUR_OWN = {
    "crawler/stores/processes.py": {"socket": "this machine's name"},
    "demo/server.py": {"aiohttp": "a server, which connects to nobody"},
    "webui/celery.py": {"socket": "this machine's name"},
    "webui/processes/addresses.py": {
        "socket": "whether the ports of ./run up are free",
        "getaddrinfo": "where the site is to listen",
    },
    "webui/processes/health.py": {"http.client": "whether our own site answers"},
    "webui/processes/supervisor.py": {
        "http.client": "the errors of supervisord's own socket",
        "xmlrpc.client": "supervisord's own socket",
    },
    "webui/settings.py": {"socket": "this machine's name"},
}


def _connects(source: ast.Module) -> Iterator[str]:
    """Yield each client that a module imports, and each call that connects or looks a name up."""
    for node in ast.walk(source):
        match node:
            case ast.Import(names=names):
                yield from (client for alias in names if (client := _client(alias.name)))
            case ast.ImportFrom(module=str(module), names=names, level=0):
                asked = [module, *(f"{module}.{alias.name}" for alias in names)]
                yield from dict.fromkeys(client for name in asked if (client := _client(name)))
            case ast.Call(func=ast.Attribute(attr=call) | ast.Name(id=call)) if call in CALLS:
                yield call
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ) if client := _client(name):
                yield client


def _client(module: str) -> str | None:
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next((name for name in names if name in CLIENTS), None)


def _connecting() -> dict[str, set[str]]:
    found = {
        tree.name(path): set(_connects(tree.parsed(path))) for path in tree.files(".py", folders=tree.SHIPPED)
    }
    return {name: clients for name, clients in found.items() if clients and not name.startswith(GUARDED)}


def test_nobody_else_makes_connections() -> None:
    assert _connecting() == {name: set(clients) for name, clients in OUR_OWN.items()}


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("import socket", "socket"),
        ("import urllib.request as r", "urllib.request"),
        ("from urllib import parse, request", "urllib.request"),
        ("from http import client", "http.client"),
        ("from aiohttp.client import ClientSession", "aiohttp"),
        ("def f():\n    import smtplib", "smtplib"),
        ("async def f(): await asyncio.open_connection('h', 1)", "open_connection"),
        ("loop.getaddrinfo('h', 1)", "getaddrinfo"),
        ("import_module('httpx')", "httpx"),
    ],
)
def test_whatever_connects_is_seen(line: str, client: str) -> None:
    assert list(_connects(ast.parse(line))) == [client]


@pytest.mark.parametrize(
    "line", ["from http import HTTPStatus", "from urllib.parse import urlsplit", "x.connect()"]
)
def test_what_does_not_connect_is_let_through(line: str) -> None:
    assert list(_connects(ast.parse(line))) == []
