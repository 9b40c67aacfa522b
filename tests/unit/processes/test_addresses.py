"""Ports and hosts to listen on."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from webui.processes import addresses
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path


def test_a_free_port_is_free_and_given_to_nobody_meanwhile() -> None:
    port = addresses.free_port()
    addresses.require_free("127.0.0.1", port)
    assert port in addresses.QUIET_PORTS


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} is in use"):
            addresses.require_free("127.0.0.1", port)


def test_a_preferred_port_in_use_gives_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert addresses.free_port(preferred=port) != port


@pytest.mark.parametrize(
    ("said", "port"),
    [(b"8123\n", 8123), (b"", 8001), (b"0", 8001), (b"65536", 8001), (b"-5", 8001), (b"\xff", 8001)],
)
def test_a_port_is_remembered_as_long_as_it_is_one(tmp_path: Path, said: bytes, port: int) -> None:
    file = tmp_path / "port"
    assert addresses.remembered(file, otherwise=8001) == 8001
    file.write_bytes(said)
    assert addresses.remembered(file, otherwise=8001) == port


def listens(port: int, *options: int) -> bool:
    with socket.socket() as other:
        for option in options:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            other.bind(("127.0.0.1", port))
            other.listen()
        except OSError:
            return False
    return True


def test_a_reserved_port_is_only_for_who_shares_it() -> None:
    with addresses.reserved(preferred=0) as keeper:
        port = keeper.getsockname()[1]
        assert not listens(port)
        assert not listens(port, socket.SO_REUSEADDR)
        assert listens(port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)
    assert listens(port)


def test_what_another_keeps_or_shares_is_not_reserved() -> None:
    with addresses.reserved(preferred=0) as keeper, socket.socket() as shop:
        port = keeper.getsockname()[1]
        with addresses.reserved(preferred=port) as second:
            assert second.getsockname()[1] != port
        shop.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shop.bind(("127.0.0.1", port))
        shop.listen()
        with addresses.reserved(preferred=port) as third:
            assert third.getsockname()[1] != port


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CannotStart, match=r"192\.0\.2\.1 is not an address of this machine"):
        addresses.require_free("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        ("0.0.0.0", "http://127.0.0.1:80/"),
        ("::", "http://[::1]:80/"),
        ("box.lan", "http://box.lan:80/"),
    ],
)
def test_the_url_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert addresses.url(host, 80) == url


def test_a_site_answers_to_the_host_it_listens_on() -> None:
    assert "192.168.7.7" in addresses.names("192.168.7.7")
    assert "[fd00::7]" in addresses.names("fd00::7")
