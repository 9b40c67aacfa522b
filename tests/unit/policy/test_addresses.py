"""Which addresses may be reached, in every spelling an address has."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.addresses import AddressPolicy, BadAllow, embedded, parse_allow
from tests.forbidden import INTERNAL_V4, INTERNAL_V6, carriers

PUBLIC = AddressPolicy()


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111"])
@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_public_web_is_open(address: str, port: int) -> None:
    assert PUBLIC.permits(address, port)


@pytest.mark.parametrize("port", [1, 22, 25, 81, 3306, 6379, 65_535])
def test_other_ports_are_closed(port: int) -> None:
    assert not PUBLIC.permits("8.8.8.8", port)


@pytest.mark.parametrize("address", INTERNAL_V4 + INTERNAL_V6)
def test_internal_addresses_are_closed(address: str) -> None:
    assert not PUBLIC.permits(address, 80)


@pytest.mark.parametrize("inner", INTERNAL_V4)
def test_no_spelling_hides_an_internal_address(inner: str) -> None:
    found = carriers(IPv4Address(inner))

    assert [str(carrier) for carrier in found if PUBLIC.permits(carrier, 80)] == []


@given(st.integers(2, 2**32 - 1).map(IPv4Address))
def test_every_spelling_is_unwrapped(inner: IPv4Address) -> None:
    assert [str(carrier) for carrier in carriers(inner) if inner not in embedded(carrier)] == []


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_other_spelling_of_a_public_address_is_open(address: str) -> None:
    assert PUBLIC.permits(address, 443)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "8.8.8.8/32", "1.1.1.1 "])
def test_what_is_no_address_is_closed(text: str) -> None:
    assert not PUBLIC.permits(text, 80)


def test_own_addresses_are_closed_unless_allowed() -> None:
    own = frozenset({ip_address("93.184.215.14")})

    assert not AddressPolicy(own=own).permits("93.184.215.14", 443)
    assert AddressPolicy(parse_allow("93.184.215.14"), own).permits("93.184.215.14", 443)


def test_allowed_network_is_open_on_every_port() -> None:
    policy = AddressPolicy(parse_allow("10.1.0.0/16"))

    assert policy.permits("10.1.2.3", 1)
    assert policy.permits("10.1.2.3", 65_535)
    assert policy.permits("::ffff:10.1.2.3", 6379)
    assert not policy.permits("10.2.0.1", 80)


def test_allowed_ports_are_the_only_ones() -> None:
    policy = AddressPolicy(parse_allow("10.1.0.0/16:8000-8999, [fd00:1::/32]:80"))

    assert policy.permits("10.1.2.3", 8000)
    assert policy.permits("10.1.2.3", 8999)
    assert policy.permits("fd00:1::1", 80)
    assert not policy.permits("10.1.2.3", 80)
    assert not policy.permits("10.1.2.3", 9000)
    assert not policy.permits("fd00:1::1", 443)


def test_ports_of_the_public_web_can_be_opened() -> None:
    policy = AddressPolicy(parse_allow("*:8000-8999"))

    assert policy.permits("8.8.8.8", 8500)
    assert not policy.permits("10.0.0.1", 8500)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::", "fe80::a9fe:a9fe", "fd00:42::42", "64:ff9b:1:a9:fe:a9fe::",
    ],
)  # fmt: skip
def test_cloud_metadata_stays_closed_whatever_is_allowed(address: str) -> None:
    everything = (
        "169.254.0.0/16, 100.64.0.0/10, 168.63.129.16, 192.0.0.0/24, fd00:ec2::/32, fd20:ce::/32, "
        "64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, fd00:42::/32, fe80::/16, ::ffff:0:0/96"
    )

    assert not AddressPolicy(parse_allow(everything)).permits(address, 80)


def test_carrier_needs_what_it_carries_allowed_too() -> None:
    assert not AddressPolicy(parse_allow("2002::/16")).permits("2002:a00:1::", 80)
    assert AddressPolicy(parse_allow("2002::/16, 10.0.0.0/8")).permits("2002:a00:1::", 80)


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_nothing_allows_nothing(text: str) -> None:
    assert parse_allow(text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("localhost", "not host names"),
        ("intranet.example:80", "not host names"),
        ("10.1.2.3/16", "write 10.1.0.0/16"),
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("fc00::/7", "too wide"),
        ("*", "needs ports"),
        ("10.0.0.0/8:http", "no valid ports"),
        ("10.0.0.0/8:0", "no valid ports"),
        ("10.0.0.0/8:9000-8000", "no valid ports"),
        ("10.0.0.0/8:70000", "no valid ports"),
        ("[fd00::/16", "not a network"),
        ("10.0.0.0/33", "not a network"),
    ],
)
def test_entry_that_cannot_be_read_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(BadAllow, match=message) as refusal:
        parse_allow(f"127.0.0.1, {text}")
    assert "EGRESS_ALLOW" in str(refusal.value)
