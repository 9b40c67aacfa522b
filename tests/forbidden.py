"""Addresses that are not on the public web, and every IPv6 address that carries one of IPv4."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

INTERNAL_V4 = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.1.1", "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.254", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "100.100.100.200",
    "192.0.0.192",
]  # fmt: skip
INTERNAL_V6 = [
    "::", "::1", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "3ffe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd00:42::42", "fd12:3456::1", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "::ffff:0:8.8.8.8", "::8.8.8.8", "2002:808:808::",
]  # fmt: skip


def carriers(inner: IPv4Address) -> list[IPv6Address]:
    """Return every IPv6 address that carries `inner` to somebody."""
    bits = int(inner)
    return [
        IPv6Address(0xFFFF << 32 | bits),  # v4-mapped
        IPv6Address(bits) if bits > 1 else IPv6Address(0xFFFF << 32 | bits),  # v4-compatible
        IPv6Address(0xFFFF << 48 | bits),  # SIIT
        IPv6Address(0x64_FF9B << 96 | bits),  # NAT64
        IPv6Address(0x64_FF9B_0001 << 80 | bits),  # NAT64 of one's own, /96
        IPv6Address(0x64_FF9B_0001 << 80 | (bits >> 16) << 64 | (bits & 0xFFFF) << 40),  # /48
        IPv6Address(0x64_FF9B_0001 << 80 | (bits >> 24) << 64 | (bits & 0xFF_FFFF) << 32),  # /56
        IPv6Address(0x64_FF9B_0001 << 80 | bits << 24),  # /64
        IPv6Address(0x2002 << 112 | bits << 80),  # 6to4
        IPv6Address(0x2001 << 112 | 0x0808_0808 << 64 | bits ^ 0xFFFF_FFFF),  # Teredo client
        IPv6Address(0x2001 << 112 | bits << 64 | 0xF7F7_F7F7),  # Teredo server
        IPv6Address(0x2606_4700 << 96 | 0x0000_5EFE << 32 | bits),  # ISATAP
        IPv6Address(0x2606_4700 << 96 | 0x0200_5EFE << 32 | bits),
    ]
