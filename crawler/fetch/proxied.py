"""What is different when a request goes through a proxy: who is judged, and whose trouble it is."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from crawler.errors import BadResponse, ConnectionLost, FetchError, ProxyFailed
from crawler.fetch import sent

if TYPE_CHECKING:
    from crawler.fetch.connection import Connection
    from crawler.fetch.guard import EgressGuard
    from crawler.fetch.limits import Deadline
    from crawler.fetch.sent import Place
    from crawler.http import Proxy

AUTHENTICATION_REQUIRED: Final = 407
_OPEN: Final = range(200, 300)


async def judge(guard: EgressGuard, proxy: Proxy, place: Place) -> None:
    """Ask the guard for the host that is meant and for the proxy; raises FetchError.

    The proxy looks the host up itself, but where we would not go it is not sent either.
    """
    await guard.resolve(place.host, place.port)
    own, _ = sent.split(proxy.url)
    try:
        await guard.resolve(own.host, own.port)
    except FetchError as error:
        raise ProxyFailed(f"the proxy {proxy}: {error.message}") from None


async def open_tunnel(connection: Connection, proxy: Proxy, place: Place, deadline: Deadline) -> None:
    """Ask a proxy for a tunnel to `place`; raises ProxyFailed.

    Who hangs up instead, or answers what is no HTTP, is the proxy, not the host.
    """
    try:
        answer = await connection.ask(sent.tunnel(place, proxy), deadline, most=0, cuts=True, tunnel=True)
    except ConnectionLost:
        raise ProxyFailed(f"the proxy {proxy} hangs up instead of opening a tunnel") from None
    except BadResponse as error:
        raise ProxyFailed(f"the proxy {proxy}: {error.message}") from None
    if answer.status not in _OPEN:
        raise refused(proxy, answer.status)
    if not connection.usable:
        raise ProxyFailed(f"the proxy {proxy} does not open a tunnel as it should")


def refused(proxy: Proxy, status: int) -> ProxyFailed:
    if status == AUTHENTICATION_REQUIRED:
        return ProxyFailed(f"the proxy {proxy} does not accept its user name and password")
    return ProxyFailed(f"the proxy {proxy} answers with status {status}")


def failed(proxy: Proxy, error: OSError) -> ProxyFailed:
    """Return the proxy's trouble in an error of dialling it."""
    match error:
        case ssl.SSLCertVerificationError():
            why = error.verify_message or "it is not its own"
            return ProxyFailed(f"the certificate of the proxy {proxy} is not valid: {why}")
        case ssl.SSLError():
            return ProxyFailed(f"the proxy {proxy} does not speak TLS as it should")
        case _:
            return ProxyFailed(f"the proxy {proxy} accepts no connection")
