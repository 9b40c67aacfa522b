"""What every fetcher promises, written once; each fetcher's test subclasses `FetcherContract`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Protocol

import pytest

from crawler.errors import TimedOut, Unreachable
from crawler.http import Failed, Fetched, Headers, Outcome, Request


class Fetcher(Protocol):
    async def fetch(self, request: Request) -> Outcome: ...


class Web(Protocol):
    """The pages a contract needs, and what was sent to them.

    /ok has a body of some kB; /gone is a 404; /error a 500; /moved redirects to /ok with 302;
    /cookies sets two; /hangs answers nothing; /breaks closes the connection.
    """

    def url(self, path: str) -> str: ...
    def sent(self, path: str) -> list[Headers]: ...
    def forms(self, path: str) -> list[bytes]:
        """Return what was posted to `path` as application/x-www-form-urlencoded."""
        ...


def fetched(outcome: Outcome) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome


def failed(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


class FetcherContract:
    @pytest.fixture
    def web(self) -> Web:
        raise NotImplementedError

    @pytest.fixture
    def fetcher(self, web: Web) -> Fetcher:
        raise NotImplementedError

    async def test_page_arrives_whole_under_the_url_that_was_asked(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/ok"))))

        assert (page.url, page.status, page.truncated) == (web.url("/ok"), 200, False)
        assert page.body.startswith(b"<!doctype html>")
        assert page.wire_bytes == len(page.body) > 2_000
        assert page.elapsed_seconds >= 0

    async def test_header_names_compare_without_case(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/ok"))))

        assert page.headers.get("content-TYPE") == "text/html; charset=utf-8"

    @pytest.mark.parametrize(("path", "status"), [("/gone", 404), ("/error", 500)])
    async def test_error_statuses_are_responses(
        self, fetcher: Fetcher, web: Web, path: str, status: int
    ) -> None:
        assert fetched(await fetcher.fetch(Request(url=web.url(path)))).status == status

    async def test_redirect_is_a_response_and_is_not_followed(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/moved"))))

        assert page.status == 302
        assert page.headers.get("Location") == "/ok"
        assert web.sent("/ok") == []

    async def test_headers_of_the_request_are_sent(self, fetcher: Fetcher, web: Web) -> None:
        headers = (("User-Agent", "Careful/1"), ("X-Own", "yes"))
        await fetcher.fetch(Request(url=web.url("/ok"), headers=headers))

        [sent] = web.sent("/ok")
        assert sent.get_all("User-Agent") == ["Careful/1"]
        assert sent.get("X-Own") == "yes"

    async def test_repeated_headers_stay_apart_and_in_order(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/cookies"))))

        assert page.headers.get_all("Set-Cookie") == ["session=abc; Path=/", "other=1; HttpOnly"]

    async def test_only_a_new_connection_puts_a_request_off(self, fetcher: Fetcher, web: Web) -> None:
        first, second = [fetched(await fetcher.fetch(Request(url=web.url("/ok")))) for _ in range(2)]

        assert 0.0 <= first.dial_seconds <= first.elapsed_seconds
        assert second.dial_seconds == 0.0

    async def test_cookies_are_not_kept(self, fetcher: Fetcher, web: Web) -> None:
        for _ in range(2):
            await fetcher.fetch(Request(url=web.url("/cookies")))

        assert [sent.get("Cookie") for sent in web.sent("/cookies")] == [None, None]

    async def test_broken_connection_is_a_value(self, fetcher: Fetcher, web: Web) -> None:
        outcome = failed(await fetcher.fetch(Request(url=web.url("/breaks"))))

        assert isinstance(outcome.error, Unreachable)
        assert outcome.url == web.url("/breaks")

    async def test_request_may_have_less_time_than_usual(self, fetcher: Fetcher, web: Web) -> None:
        request = Request(url=web.url("/hangs"), timeout=timedelta(milliseconds=50))
        outcome = failed(await fetcher.fetch(request))

        assert isinstance(outcome.error, TimedOut)
        assert outcome.error.which == "total"
        assert 0.04 <= outcome.elapsed_seconds < 20

    async def test_cancelling_passes_through(self, fetcher: Fetcher, web: Web) -> None:
        task = asyncio.create_task(fetcher.fetch(Request(url=web.url("/hangs"))))
        await asyncio.sleep(0.02)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_slow_page_holds_up_no_other(self, fetcher: Fetcher, web: Web) -> None:
        hanging = asyncio.create_task(fetcher.fetch(Request(url=web.url("/hangs"))))
        pages = await asyncio.gather(*(fetcher.fetch(Request(url=web.url("/ok"))) for _ in range(20)))

        assert [fetched(page).status for page in pages] == [200] * 20
        assert not hanging.done()
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)

    async def test_form_is_posted_and_its_answer_a_page_like_others(self, fetcher: Fetcher, web: Web) -> None:
        form = b"user=ada&pass=%26%3D"
        page = fetched(await fetcher.fetch(Request(url=web.url("/ok"), form=form)))

        assert (page.status, web.forms("/ok")) == (200, [form])
        fetched(await fetcher.fetch(Request(url=web.url("/ok"))))
        assert web.forms("/ok") == [form]

    async def test_body_is_cut_where_the_request_says(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/ok"), keep_bytes=100)))

        assert len(page.body) == 100
        assert page.truncated

    async def test_body_shorter_than_the_cut_is_whole(self, fetcher: Fetcher, web: Web) -> None:
        page = fetched(await fetcher.fetch(Request(url=web.url("/ok"), keep_bytes=1_000_000)))

        assert len(page.body) > 2_000
        assert not page.truncated
