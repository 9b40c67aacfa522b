"""Hostile spellings of addresses that nobody may reach, as URLs."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from tests.forbidden import INTERNAL_V4, INTERNAL_V6, carriers

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL_WIDTH = str.maketrans("0123456789abcdefx.", "０１２３４５６７８９ａｂｃｄｅｆｘ．")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
BOLD = str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

# One of each network is spelled in every way, and the most wanted ones hidden beside a public name too.
SPELLED = [
    "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254",
    "172.16.0.1", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
]  # fmt: skip
TRICKED = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1"]
LOCAL_NAMES = [
    "localhost", "LOCALHOST", "localhost.", "ｌｏｃａｌｈｏｓｔ", "loc%61lhost", "localhost.localdomain",
    "sub.localhost", "ip6-localhost", "ip6-loopback", "Ⓛocalhost", "localho\u00adst", "0", "0.", "0x", "00",
]  # fmt: skip


def urls() -> list[str]:
    """Return every spelling once."""
    found: dict[str, None] = {}
    for address in map(IPv4Address, INTERNAL_V4):
        found.setdefault(f"http://{address}/")
        found.update(dict.fromkeys(f"http://[{carrier}]/" for carrier in carriers(address)))
    for address in map(IPv4Address, SPELLED):
        found.update(dict.fromkeys(f"http://{host}/" for host in hosts(address)))
    for address in map(IPv4Address, TRICKED):
        found.update(dict.fromkeys(tricks(str(address))))
    for text in INTERNAL_V6:
        for host in v6_hosts(IPv6Address(text.partition("%")[0])):
            found.setdefault(f"http://{host}/")
    found.update(dict.fromkeys(f"http://{name}/" for name in LOCAL_NAMES))
    return list(found)


def hosts(address: IPv4Address) -> Iterator[str]:
    """Yield `address` as inet_aton, browsers and careless normalisers read it."""
    a, b, c, d = address.packed
    whole, low24, low16 = int(address), int(address) & 0xFF_FFFF, int(address) & 0xFFFF
    dotted = str(address)
    yield from (dotted, f"{dotted}.", f"{dotted}..", f"{whole}", f"{whole}.", f"0x{whole:x}", f"0X{whole:X}")
    yield from (f"0{whole:o}", f"000000{whole:o}", f"0x00000000{whole:x}", f"{whole + 2**32}")
    yield from (
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"000{a:o}.0{b:o}.{c}.{d}",
    )
    yield from (f"0x{a:02x}.{b}.0{c:o}.{d}", f"{a}.{low24}", f"{a}.0x{low24:x}", f"0x{a:x}.0{low24:o}")
    yield from (f"{a}.{b}.{low16}", f"0{a:o}.{b}.0x{low16:x}")
    yield from (f"{a + 256}.{b}.{c}.{d}", f"{a}.{b}.{c}.{d + 256}", f"{dotted}.0")
    yield from (dotted.translate(FULL_WIDTH), f"0x{whole:x}".translate(FULL_WIDTH), dotted.translate(CIRCLED))
    yield from (dotted.translate(BOLD), dotted.translate(SUPERSCRIPT), str(whole).translate(FULL_WIDTH))
    yield from (dotted.replace(".", dot) for dot in "。．｡")
    yield from ("".join(f"%{ord(sign):02X}" for sign in dotted), dotted.replace(".", "%2e"))
    yield from (dotted.replace(".", "\u00ad."), dotted.replace(".", "\t."), dotted.replace(".", ".\n"))
    yield from (f"{dotted}%00", f"{dotted}%09", f"{dotted}:080", f"{dotted}:8080", f"{dotted}:8443")
    yield from (f"{dotted}:22", f"{dotted}:", f"{dotted}.control.test", f"{dotted}%00.control.test")


def v6_hosts(address: IPv6Address) -> Iterator[str]:
    """Yield `address` in brackets: short, with a dotted tail, whole and in capitals, and with a zone."""
    short, high = address.compressed, IPv6Address(int(address) >> 32 << 32).exploded.rpartition(":")[0]
    yield f"[{short}]"
    yield f"[{high.rpartition(':')[0]}:{IPv4Address(int(address) & 0xFFFF_FFFF)}]"
    yield f"[{address.exploded.upper()}]"
    yield f"[{short}]:8080"
    yield f"[{short}%25lo]"
    yield f"[{short}%lo]"


def tricks(host: str) -> Iterator[str]:
    """Yield URLs that one parser reads with this host and another with a public one."""
    for public in ("control.test", "93.184.215.14"):
        yield f"http://{public}@{host}/"
        yield f"http://{public}:80@{host}/"
        yield f"http://{public}%40{host}/"
        yield f"http://{public}\\@{host}/"
        yield f"http://{host}\\@{public}/"
        yield f"http://{host}#@{public}/"
        yield f"http://{host}?@{public}/"
        yield f"http://{host}%2f@{public}/"
        yield f"http://{host}%23@{public}/"
        yield f"http://{public}@{host}:80@{public}/"
        yield f"http://{host} {public}/"
        yield f"http://{host},{public}/"
    yield from (
        f"http:{host}/",
        f"http:\\\\{host}\\",
        f"http:///{host}/",
        f"HTTP://{host}/",
        f" http://{host}/ ",
    )
    yield from (f"\x00http://{host}/", f"http://@{host}/", f"http://:@{host}/", f"ht\ntp://{host}/")
    yield from (f"https://{host}/", f"http://{host}/%2e%2e/", f"//{host}/", f"\\\\{host}/", f"ftp://{host}/")
    yield from (
        f"gopher://{host}:6379/_x",
        f"file://{host}/etc/passwd",
        f"jar:http://{host}!/",
        f"ws://{host}/",
    )
