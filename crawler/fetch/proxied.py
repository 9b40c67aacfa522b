"""What is different when a request goes through a proxy: who is judged, and whose trouble it is."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from crawler.errors import FetchError, ProxyFailed

if TYPE_CHECKING:
    from multidict import CIMultiDict

    from crawler.fetch.guard import EgressGuard
    from crawler.http import Proxy

AUTHENTICATION_REQUIRED = 407


async def judge(guard: EgressGuard, proxy: Proxy, url: URL) -> None:
    """Ask the guard for the host that is meant and for the proxy; raises FetchError.

    The proxy looks the host up itself, but where we would not go it is not sent either.
    """
    await guard.resolve(url.raw_host or "", url.port or 80)
    place = URL(proxy.url)
    try:
        await guard.resolve(place.raw_host or "", place.port or 80)
    except FetchError as error:
        raise ProxyFailed(f"the proxy {proxy}: {error.message}") from None


def options(proxy: Proxy | None, url: URL, headers: CIMultiDict[str]) -> dict[str, Any]:
    """Return how aiohttp is told to send `headers`, through a proxy where there is one.

    The proxy's credentials go with the request itself, or with the CONNECT before one over TLS.
    """
    if proxy is None:
        return {"headers": headers}
    said = {"Proxy-Authorization": _basic(proxy)} if proxy.user else {}
    if url.scheme == "https":
        return {"headers": headers, "proxy": URL(proxy.url), "proxy_headers": said}
    own = headers.copy()
    own.update(said)
    return {"headers": own, "proxy": URL(proxy.url)}


def _basic(proxy: Proxy) -> str:
    return f"Basic {b64encode(f'{proxy.user}:{proxy.password}'.encode()).decode()}"


def refused(proxy: Proxy, status: int) -> ProxyFailed:
    if status == AUTHENTICATION_REQUIRED:
        return ProxyFailed(f"the proxy {proxy} does not accept its user name and password")
    return ProxyFailed(f"the proxy {proxy} answers with status {status}")


def failed(proxy: Proxy, error: Exception) -> ProxyFailed | None:
    """Return the proxy's trouble in one of aiohttp's errors; None where it is the host's."""
    place = URL(proxy.url)
    match error:
        case aiohttp.ClientConnectorCertificateError(host=place.raw_host, port=place.port):
            why = getattr(error.certificate_error, "verify_message", "") or "it is not its own"
            return ProxyFailed(f"the certificate of the proxy {proxy} is not valid: {why}")
        case aiohttp.ClientConnectorSSLError(host=place.raw_host, port=place.port):
            return ProxyFailed(f"the proxy {proxy} does not speak TLS as it should")
        case aiohttp.ClientHttpProxyError():
            return refused(proxy, error.status)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ServerTimeoutError():
            return ProxyFailed(f"the proxy {proxy} accepts no connection")
        case _:
            return None
