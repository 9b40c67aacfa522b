"""Every fetcher, the fake included, keeps the contract."""

from __future__ import annotations

import pytest

from crawler.errors import ConnectionLost
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.http import FORM, Failed, Headers, Outcome, Request
from tests.conformance.fetchers import FetcherContract
from tests.fakes.fetcher import FakeFetcher
from tests.site import HostileSite
from tests.site.pages import TEXT

_COOKIES = [("Set-Cookie", "session=abc; Path=/"), ("Set-Cookie", "other=1; HttpOnly")]


class SiteWeb:
    """The contract's pages on the hostile site."""

    _PATHS = {
        "/gone": "/status/404",
        "/error": "/status/500",
        "/moved": "/redirect/1",
        "/cookies": "/cookies/set",
        "/hangs": "/slow/never",
        "/breaks": "/broken/close",
    }

    def __init__(self, site: HostileSite) -> None:
        self._site = site

    def url(self, path: str) -> str:
        return self._site.url(self._PATHS.get(path, path))

    def sent(self, path: str) -> list[Headers]:
        return [Headers(request.headers) for request in self._site.asked(self._PATHS.get(path, path))]

    def forms(self, path: str) -> list[bytes]:
        return [
            request.body
            for request in self._site.asked(path)
            if (request.method, request.header("Content-Type")) == ("POST", FORM)
        ]


class FakeWeb:
    """The contract's pages as canned answers."""

    def __init__(self, fake: FakeFetcher) -> None:
        self._fake = fake
        fake.answer(self.url("/ok"), TEXT)
        fake.answer(self.url("/error"), status=500)
        fake.answer(self.url("/moved"), status=302, headers=[("Location", "/ok")])
        fake.answer(self.url("/cookies"), headers=_COOKIES)
        fake.hang(self.url("/hangs"))
        fake.fail(self.url("/breaks"), ConnectionLost())

    def url(self, path: str) -> str:
        return f"https://web.example{path}"

    def sent(self, path: str) -> list[Headers]:
        return [Headers(request.headers) for request in self._fake.requests if request.url == self.url(path)]

    def forms(self, path: str) -> list[bytes]:
        asked = [request for request in self._fake.requests if request.url == self.url(path)]
        return [request.form for request in asked if request.form is not None]


class TestHttpFetcher(FetcherContract):
    @pytest.fixture
    def web(self, hostile_site: HostileSite) -> SiteWeb:
        return SiteWeb(hostile_site)

    @pytest.fixture
    def fetcher(self, fetcher: HttpFetcher) -> HttpFetcher:
        return fetcher


class Http2Alone:
    """The client for HTTP/2 as a fetcher: the site offers it, so there is always an outcome."""

    def __init__(self, fetcher: Http2Fetcher) -> None:
        self._fetcher = fetcher

    async def fetch(self, request: Request) -> Outcome:
        outcome = await self._fetcher.fetch(request)
        assert outcome is not None
        assert isinstance(outcome, Failed) or outcome.http2
        return outcome


class TestHttp2Fetcher(FetcherContract):
    @pytest.fixture
    def web(self, hostile_http2_site: HostileSite) -> SiteWeb:
        return SiteWeb(hostile_http2_site)

    @pytest.fixture
    def fetcher(self, web: SiteWeb, http2_fetcher: Http2Fetcher) -> Http2Alone:
        assert web.url("/").startswith("https://")
        return Http2Alone(http2_fetcher)


class TestFakeFetcher(FetcherContract):
    @pytest.fixture
    def web(self, fetcher: FakeFetcher) -> FakeWeb:
        return FakeWeb(fetcher)

    @pytest.fixture
    def fetcher(self) -> FakeFetcher:
        return FakeFetcher()
