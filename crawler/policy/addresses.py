"""Which addresses may be reached: the egress guard's decision, over addresses and never over names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WEB_PORTS: Final = frozenset({80, 443, 8080, 8443})

_V4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_V4_COMPATIBLE: Final = IPv6Network("::/96")
_SIIT: Final = IPv6Network("::ffff:0:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LAST_32_BITS: Final = (_V4_MAPPED, _V4_COMPATIBLE, _SIIT, _NAT64)
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_TEREDO: Final = IPv6Network("2001::/32")
_6TO4: Final = IPv6Network("2002::/16")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, text.split()))


# `ipaddress.is_global` differs between Python versions and passes half of these
_SPECIAL: Final = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 "
    "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "224.0.0.0/4 240.0.0.0/4 2001::/23 2001:db8::/32 2002::/16 3ffe::/16 3fff::/20"
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")

# What a cloud tells a machine about itself, credentials included: not to be had even with EGRESS_ALLOW.
# Nearly all clouds; then Alibaba, Azure, Oracle, AWS, Google, Scaleway and OpenStack.
_METADATA: Final = _networks(
    "169.254.0.0/16 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 fd00:ec2::/32 fd20:ce::254/128 "
    "fd00:42::42/128 fe80::a9fe:a9fe/128"
)


class BadAllow(ValueError):
    """An entry of EGRESS_ALLOW that cannot be read; the message tells the operator what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Ports `first_port` to `last_port` of `network`; of every public address when that is None."""

    network: Network | None
    first_port: int = 1
    last_port: int = 65_535

    def covers(self, address: Address, port: int) -> bool:
        return (
            self.network is not None and address in self.network and self.first_port <= port <= self.last_port
        )

    def opens(self, port: int) -> bool:
        """Whether a public address may be asked on `port`."""
        return self.network is None and self.first_port <= port <= self.last_port


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Judges one address and port. `own` are this machine's addresses, refused like private ones.

    An IPv6 address that carries IPv4 addresses passes when it and all of them would.
    """

    allow: tuple[Allowed, ...] = ()
    own: frozenset[Address] = frozenset()

    def permits(self, ip: Address | str, port: int) -> bool:
        """Whether `ip` may be contacted on `port`. What is no address is not permitted."""
        if isinstance(ip, str):
            try:
                ip = ip_address(ip.partition("%")[0])
            except ValueError:
                return False
        forms = embedded(ip) if _only_carries(ip) else (ip, *embedded(ip))
        if any(_is_metadata(form) for form in forms):
            return False
        return all(self._permits_form(form, port) for form in forms)

    def opens(self, port: int) -> bool:
        """Whether any address at all may be contacted on `port`."""
        return port in WEB_PORTS or any(
            allowed.first_port <= port <= allowed.last_port for allowed in self.allow
        )

    def _permits_form(self, address: Address, port: int) -> bool:
        if any(allowed.covers(address, port) for allowed in self.allow):
            return True
        if address in self.own or not is_public(address):
            return False
        return port in WEB_PORTS or any(allowed.opens(port) for allowed in self.allow)


def is_public(address: Address) -> bool:
    """Whether `address` itself, not what it may carry, belongs to the public Internet."""
    if any(address in network for network in _SPECIAL):
        return False
    return address.version == 4 or address in _GLOBAL_UNICAST


def _only_carries(address: Address) -> bool:
    """Whether `address` is another spelling of the IPv4 address in it (RFC 4291 §2.5.5.2, RFC 6052 §2.1)."""
    return address in _V4_MAPPED or address in _NAT64


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """Return every IPv4 address that `address` may stand for (RFC 4291, 6052, 3056, 4380, 5214, 7915)."""
    if isinstance(address, IPv4Address):
        return ()
    bits = int(address)
    low = IPv4Address(bits & 0xFFFF_FFFF)
    found: list[IPv4Address] = []
    if any(address in network for network in _LAST_32_BITS) and bits > 1:
        found.append(low)
    elif address in _NAT64_LOCAL:
        found.extend(_rfc6052(bits))
    elif address in _6TO4:
        found.append(IPv4Address(bits >> 80 & 0xFFFF_FFFF))
    elif address in _TEREDO:
        found += [IPv4Address(bits >> 64 & 0xFFFF_FFFF), IPv4Address(~bits & 0xFFFF_FFFF)]
    if bits >> 32 & 0xFFFF_FFFF in _ISATAP:
        found.append(low)
    return tuple(found)


def _rfc6052(bits: int) -> list[IPv4Address]:
    """Read the address where each prefix length under 64:ff9b:1::/48 may put it (RFC 6052 §2.2)."""
    # /48 and /56 lie around the reserved octet
    by_48 = (bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF
    by_56 = (bits >> 64 & 0xFF) << 24 | bits >> 32 & 0xFF_FFFF
    by_64 = bits >> 24 & 0xFFFF_FFFF
    return [IPv4Address(found) for found in (by_48, by_56, by_64, bits & 0xFFFF_FFFF)]


def _is_metadata(address: Address) -> bool:
    return any(address in network for network in _METADATA)


def parse_allow(text: str) -> tuple[Allowed, ...]:
    """Read EGRESS_ALLOW: networks separated by commas, each with ports or open on all of them.

    `10.1.0.0/16`, `10.1.0.0/16:8000-8999`, `127.0.0.1:8000`, `[fd00:1::/32]:8080`; `*:8000-8999`
    opens ports on public addresses beside 80, 443, 8080 and 8443. Raises BadAllow.
    """
    return tuple(_parse_entry(entry) for part in text.split(",") if (entry := part.strip()))


_ENTRY: Final = re.compile(
    r"(?:\[(?P<v6>[^\]]+)\](?::(?P<v6_ports>.+))?|(?P<bare_v6>[^:]*:[^:]*:.*)|(?P<v4>[^:]+)(?::(?P<ports>.+))?)"
)


def _parse_entry(entry: str) -> Allowed:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise BadAllow(f"{entry!r} in EGRESS_ALLOW is not a network; write it like 10.1.0.0/16:8000-8999")
    name = found["v6"] or found["bare_v6"] or found["v4"]
    first, last = _parse_ports(found["ports"] or found["v6_ports"], entry)
    if name == "*":
        return Allowed(network=None, first_port=first, last_port=last)
    return Allowed(network=_parse_network(name, entry), first_port=first, last_port=last)


def _parse_network(name: str, entry: str) -> Network:
    try:
        network = ip_network(name, strict=False)
    except ValueError:
        raise BadAllow(
            f"{entry!r} in EGRESS_ALLOW is not a network; write it like 10.1.0.0/16:8000-8999 "
            "(addresses, not host names)"
        ) from None
    if "/" in name and str(network.network_address) != str(ip_address(name.partition("/")[0])):
        raise BadAllow(f"{entry!r} in EGRESS_ALLOW has bits set beyond its prefix; write {network}")
    if network.prefixlen < (8 if network.version == 4 else 16):
        raise BadAllow(f"{entry!r} in EGRESS_ALLOW is too wide; name the networks that are meant")
    return network


def _parse_ports(text: str | None, entry: str) -> tuple[int, int]:
    if text is None:
        if entry == "*":
            raise BadAllow("'*' in EGRESS_ALLOW needs ports, such as *:8000-8999")
        return 1, 65_535
    found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 65_535:
        raise BadAllow(f"{entry!r} in EGRESS_ALLOW has no valid ports; write 8000 or 8000-8999")
    return first, last
