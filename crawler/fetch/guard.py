"""The egress guard: resolves, judges, dials and checks every connection that is made for a user."""

from __future__ import annotations

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crawler.errors import DnsFailed, NameNotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.policy.addresses import Address, AddressPolicy

_log = logging.getLogger(__name__)

_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_NAMES_KEPT: Final = 10_000
_LOOKUPS_AT_ONCE: Final = 16


def look_up(host: str) -> list[Address]:
    """Ask the system's resolver, which blocks. Raises OSError, or UnicodeError for what is no name."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [ip_address(str(sockaddr[0])) for *_, sockaddr in found]


def own_addresses() -> frozenset[Address]:
    """Return the addresses of this machine's interfaces, as far as the system tells."""
    found: set[Address] = set()
    try:
        found.update(_local_ipv4(Path("/proc/net/fib_trie").read_text()))
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            found.add(ip_address(bytes.fromhex(line[:32])))
    except (OSError, ValueError):  # not Linux, or IPv6 switched off
        try:
            found.update(look_up(socket.gethostname()))
        except (OSError, UnicodeError):
            _log.debug("the addresses of this machine are not known")
    return frozenset(found)


def _local_ipv4(fib_trie: str) -> set[Address]:
    found: set[Address] = set()
    entry = ""
    for line in fib_trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            entry = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            found.add(ip_address(entry))
    return found


class EgressGuard:
    """Lets connections out to the addresses that its policy permits, and to no others.

    A name is looked up once and only the addresses that were judged are dialled, so an answer that
    changes between looking and dialling changes nothing. One refused address refuses the name.
    Belongs to one event loop; answers are kept up to `keep`, for as long as the guard lives.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        lookup: Callable[[str], list[Address]] = look_up,
        lookup_limit: timedelta = timedelta(seconds=5),
        keep: timedelta = timedelta(seconds=60),
    ) -> None:
        self._policy = policy if policy.own else replace(policy, own=own_addresses())
        self._lookup = lookup
        self._lookup_limit_seconds = lookup_limit.total_seconds()
        self._keep_seconds = keep.total_seconds()
        self._names: dict[str, tuple[float, asyncio.Future[list[Address]]]] = {}
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="lookup")

    def close(self) -> None:
        """Start no more lookups; one that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Return the addresses of `host`, all of which may be dialled on `port`.

        Raises NameNotFound, DnsFailed or Refused.
        """
        addresses = await self._addresses(host)
        if not addresses:
            raise NameNotFound
        for address in addresses:
            self.check(address, port, host=host)
        return addresses

    def check(self, address: Address | str, port: int, *, host: str | None = None) -> None:
        """Raise Refused unless `address` may be contacted on `port`; what it was goes to the log alone."""
        if not self._policy.permits(address, port):
            _log.warning("egress refused: %s is %s, port %d", host or "the peer", address, port)
            raise Refused

    async def _addresses(self, host: str) -> list[Address]:
        try:
            async with asyncio.timeout(self._lookup_limit_seconds):
                # a caller that gives up must not take the answer from the others
                return await asyncio.shield(self._answer(host))
        except TimeoutError:
            raise DnsFailed("the look-up of the host name took too long") from None
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                raise NameNotFound from None
            raise DnsFailed from None
        except UnicodeError:
            raise NameNotFound("the host name has an empty or too long part") from None
        except OSError:
            raise DnsFailed from None

    def _answer(self, host: str) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        kept = self._names.get(host)
        if kept is not None and kept[0] > loop.time():
            return kept[1]
        answer = loop.run_in_executor(self._threads, self._lookup, host)
        answer.add_done_callback(lambda done: self._forget_failure(host, done))
        self._names.pop(host, None)
        self._names[host] = (loop.time() + self._keep_seconds, answer)
        if len(self._names) > _NAMES_KEPT:
            del self._names[next(iter(self._names))]
        return answer

    def _forget_failure(self, host: str, answer: asyncio.Future[list[Address]]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._names.pop(host, None)
