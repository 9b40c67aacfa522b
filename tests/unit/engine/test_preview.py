"""A test fetch: what it asks, whom it waits for, and what it says."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler import conf, runner
from crawler.engine.errands import Means, Patience
from crawler.engine.findings import Dropped, Forbidden, Held, Hop, Shown, Unfetched
from crawler.engine.preview import Preview
from crawler.engine.reading import TimedReader
from crawler.engine.work import HostLease, Ledger
from crawler.errors import ConnectFailed
from crawler.policy.retry import RetryPolicy
from crawler.services.drafts import DEFAULTS
from tests.fakes.fetcher import FakeFetcher

if TYPE_CHECKING:
    from crawler.engine.findings import Finding
    from crawler.engine.work import HostNews, RunRules
    from crawler.http import Fetched
    from scrapers.reader import Reading

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHOP = "https://shop.test/"
OTHER = "https://other.test/"
ROBOTS = "https://shop.test/robots.txt"


class StillClock:
    """A clock whose time passes only by the seconds that the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step = 0.0
        self.drawn = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        self.seconds += self.step
        return self.seconds

    def draw(self) -> float:
        return self.drawn


class FakeHosts:
    """Hosts by name; `held` are those that somebody else never gives back."""

    def __init__(self, *, held: frozenset[str] = frozenset(), ledger: Ledger | None = None) -> None:
        self.asked: list[str] = []
        self.given_back: list[HostNews] = []
        self._held = held
        self._ledger = ledger or Ledger()
        self._mine: set[int] = set()

    async def lease(self, origin: str) -> HostLease | None:
        self.asked.append(origin)
        if origin in self._held:
            return None
        assert not self._mine, "a test fetch holds one host at a time"
        self._mine.add(len(self.asked))
        return HostLease(id=len(self.asked), origin=origin, epoch=1, ledger=self._ledger)

    async def give_back(self, news: HostNews) -> None:
        self._mine.remove(news.id)
        self.given_back.append(news)


class SafeLease:
    is_safe = True


@pytest.fixture
def fetcher() -> FakeFetcher:
    fetcher = FakeFetcher()
    fetcher.answer(
        SHOP,
        '<title>Shop</title><a href="/kettle/">Kettle</a><a href="/kettle/#x">it</a><a href="//far.test/">',
    )
    return fetcher


async def look(
    fetcher: FakeFetcher,
    hosts: FakeHosts | None = None,
    *,
    url: str = SHOP,
    clock: StillClock | None = None,
    safe: bool = True,
    **settings: Any,
) -> Finding:
    lease = SafeLease()
    lease.is_safe = safe
    with TimedReader() as reader:
        parts = means(fetcher, reader, hosts=hosts or FakeHosts(), lease=lease, clock=clock or StillClock())
        return await Preview(rules=some_rules(url, **settings), means=parts).run(url)


def some_rules(url: str = SHOP, **settings: Any) -> RunRules:
    frozen = {**DEFAULTS, "delay_seconds": 0, "start_urls": [url], **settings}
    return runner.rules_from(frozen, headers={"Authorization": "secret"}, settings=conf.crawl())


def means(fetcher: FakeFetcher, reader: TimedReader, **others: Any) -> Means:
    parts = {"hosts": FakeHosts(), "lease": SafeLease(), "clock": StillClock(), **others}
    return Means(fetcher=fetcher, reader=reader, text=runner.text_of, **parts)


async def test_a_page_is_shown_with_what_a_run_would_make_of_it(fetcher: FakeFetcher) -> None:
    found = await look(fetcher)

    assert isinstance(found, Shown)
    assert (found.response.status, found.response.final_url, found.facts.title) == (200, SHOP, "Shop")
    assert found.response.headers == {"content-type": "text/html; charset=utf-8"}
    assert found.links.followed == ("https://shop.test/kettle/",)
    assert (found.links.dropped, found.links.samples[0].url) == ({"host": 1}, "https://far.test/")
    assert [item.data["title"] for item in found.items] == ["Shop"]
    assert found.items_count == 1
    assert found.text.startswith("<title>Shop")


async def test_links_that_are_not_followed_are_counted_in_json_too(fetcher: FakeFetcher) -> None:
    fetcher.answer(ROBOTS, "User-agent: *\nDisallow: /kettle\n")

    told = json.loads(json.dumps(asdict(await look(fetcher))))

    assert told["links"]["dropped"] == {"host": 1, "robots": 1}
    assert len(told["links"]["samples"]) == 2


async def test_an_item_without_its_key_field_is_a_problem(fetcher: FakeFetcher) -> None:
    found = await look(fetcher, key=["sku"])

    assert isinstance(found, Shown)
    assert (found.items_count, found.problems[0].code, found.problems[0].field) == (0, "key_missing", "key")


async def test_robots_are_asked_first_and_obeyed(fetcher: FakeFetcher) -> None:
    fetcher.answer(ROBOTS, "User-agent: *\nDisallow: /\n")

    found = await look(fetcher)

    assert found == Forbidden(url=SHOP, rule="Disallow: /", line=2)
    assert [request.url for request in fetcher.requests] == [ROBOTS]


async def test_robots_are_not_asked_where_they_need_not_be_obeyed(fetcher: FakeFetcher) -> None:
    fetcher.answer(ROBOTS, "User-agent: *\nDisallow: /\n")

    assert isinstance(await look(fetcher, obey_robots=False), Shown)
    assert [request.url for request in fetcher.requests] == [SHOP]


async def test_what_robots_said_goes_into_the_ledger(fetcher: FakeFetcher) -> None:
    hosts = FakeHosts()

    await look(fetcher, hosts)

    (news,) = hosts.given_back
    assert (news.ledger.robots_state, news.ledger.last_status) == ("none", "200")


async def test_a_host_without_robots_to_be_had_is_left_alone(fetcher: FakeFetcher) -> None:
    fetcher.fail(ROBOTS, ConnectFailed())
    hosts = FakeHosts()

    found = await look(fetcher, hosts)

    assert isinstance(found, Unfetched)
    assert found.code == "robots_unreachable: connect_failed"
    assert found.message.endswith("nothing on this host may be: the host accepted no connection")
    assert hosts.given_back[0].ledger.robots_state == "unreachable"


async def test_a_file_that_was_given_up_is_asked_for_anew(fetcher: FakeFetcher) -> None:
    ledger = Ledger(
        robots_state="exhausted",
        robots_reason="address_refused",
        robots_failed_at=NOW - timedelta(seconds=5),
        robots_until=NOW + timedelta(seconds=55),
    )

    assert isinstance(await look(fetcher, FakeHosts(ledger=ledger)), Shown)


async def test_redirects_lead_on_without_secrets_and_one_host_at_a_time(fetcher: FakeFetcher) -> None:
    fetcher.answer(OTHER, status=302, headers=[("Location", SHOP)])
    hosts = FakeHosts()

    found = await look(fetcher, hosts, url=OTHER)

    assert isinstance(found, Shown)
    assert found.response.hops == (Hop(url=OTHER, status=302),)
    assert (found.response.url, found.response.final_url) == (OTHER, SHOP)
    assert hosts.asked == ["https://other.test", "https://shop.test"]
    assert len(hosts.given_back) == 2
    sent = {request.url: dict(request.headers) for request in fetcher.requests}
    assert sent[OTHER]["Authorization"] == "secret"
    assert "Authorization" not in sent[SHOP]


async def test_redirects_that_lead_back_are_a_loop(fetcher: FakeFetcher) -> None:
    fetcher.answer(OTHER, status=302, headers=[("Location", "/next")])
    fetcher.answer("https://other.test/next", status=302, headers=[("Location", "/")])
    hosts = FakeHosts()

    found = await look(fetcher, hosts, url=OTHER)

    assert isinstance(found, Unfetched)
    assert found.code == "redirect_loop"
    assert len(hosts.given_back) == 1


async def test_a_host_that_stays_held_is_named(fetcher: FakeFetcher) -> None:
    clock = StillClock()
    clock.step = 6.0
    hosts = FakeHosts(held=frozenset({"https://shop.test"}))

    assert await look(fetcher, hosts, clock=clock) == Held(origin="https://shop.test")
    assert len(hosts.asked) > 1
    assert not fetcher.requests


async def test_network_trouble_is_told_with_its_code(fetcher: FakeFetcher) -> None:
    fetcher.fail(OTHER, ConnectFailed())
    hosts = FakeHosts()

    found = await look(fetcher, hosts, url=OTHER)

    assert found == Unfetched(url=OTHER, code="connect_failed", message=ConnectFailed.summary)
    assert hosts.given_back[0].ledger.failures == 1


async def test_a_host_on_hold_is_not_asked(fetcher: FakeFetcher) -> None:
    ledger = Ledger(next_at=NOW + timedelta(minutes=10), hold_reason="status-429")

    found = await look(fetcher, FakeHosts(ledger=ledger))

    assert isinstance(found, Unfetched)
    assert found.code == "host_waits"
    assert "10:10:00 UTC (the server answered with status 429)" in found.message
    assert not fetcher.requests


async def test_a_server_that_asks_us_to_wait_is_left_alone_for_as_long(fetcher: FakeFetcher) -> None:
    fetcher.answer(OTHER, status=429, headers=[("Retry-After", "120")])
    hosts = FakeHosts()

    found = await look(fetcher, hosts, url=OTHER)

    assert isinstance(found, Shown)
    assert (found.problems[0].code, found.items_count) == ("status-429", 0)
    assert hosts.given_back[0].ledger.next_at == NOW + timedelta(seconds=120)


async def test_a_server_that_names_no_time_is_left_alone_longer_each_time(fetcher: FakeFetcher) -> None:
    fetcher.answer(OTHER, status=429)
    clock = StillClock()
    clock.drawn = 0.5
    hosts = FakeHosts(ledger=Ledger(failures=5))

    await look(fetcher, hosts, url=OTHER, clock=clock, obey_robots=False)

    assert hosts.given_back[0].ledger.next_at == NOW + RetryPolicy().base_delay * 2**5 * clock.drawn


async def test_the_next_holder_waits_at_least_as_long_as_the_last_one_did(fetcher: FakeFetcher) -> None:
    hosts = FakeHosts(ledger=Ledger(delay_seconds=0.05))

    await look(fetcher, hosts, obey_robots=False)

    assert hosts.given_back[0].ledger.next_at == NOW + timedelta(seconds=0.05)


async def test_nothing_is_sent_on_a_lease_that_may_be_gone(fetcher: FakeFetcher) -> None:
    found = await look(fetcher, obey_robots=False, safe=False)

    assert isinstance(found, Unfetched)
    assert found.code == "lease_lost"
    assert not fetcher.requests


async def test_a_fetch_that_does_not_end_is_given_up_and_its_host_given_back(fetcher: FakeFetcher) -> None:
    fetcher.hang(OTHER)
    hosts = FakeHosts()
    patience = Patience(total=timedelta(milliseconds=20))
    with TimedReader() as reader:
        parts = means(fetcher, reader, hosts=hosts)
        rules = some_rules(OTHER, obey_robots=False)
        found = await Preview(rules=rules, means=parts, patience=patience).run(OTHER)

    assert isinstance(found, Unfetched)
    assert found.code == "timed_out"
    assert len(hosts.given_back) == 1


def read_for_ever(_page: object) -> Any:
    while True:
        pass


def trip(_page: object) -> Any:
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    ("read", "code", "said"),
    [(read_for_ever, "reader_timed_out", "time limit"), (trip, "reader_failed", "RecursionError: too deep")],
)
async def test_a_page_that_cannot_be_read_is_shown_without_items(
    fetcher: FakeFetcher, read: Any, code: str, said: str
) -> None:
    rules = replace(some_rules(), read=read)
    with TimedReader(limit_seconds=0.02) as reader:
        found = await Preview(rules=rules, means=means(fetcher, reader)).run(SHOP)

    assert isinstance(found, Shown)
    assert [trouble.code for trouble in found.problems] == [code]
    assert said in found.problems[0].message


async def test_links_that_robots_forbid_are_shown_as_such(fetcher: FakeFetcher) -> None:
    fetcher.answer(ROBOTS, "User-agent: *\nDisallow: /kettle\n")

    found = await look(fetcher)

    assert isinstance(found, Shown)
    assert (found.links.followed, found.links.followed_count) == ((), 0)
    assert found.links.dropped == {"host": 1, "robots": 1}
    assert found.links.samples[0] == Dropped(
        reason="robots: line 2, Disallow: /kettle", url="https://shop.test/kettle/"
    )


async def test_links_on_hosts_whose_robots_are_not_known_are_followed(fetcher: FakeFetcher) -> None:
    fetcher.answer("http://example.com/robots.txt", "User-agent: *\nDisallow: /x\n")
    fetcher.answer("http://example.com/", '<a href="//sub.example.com/x">')

    found = await look(fetcher, url="http://example.com/", scope="domain")

    assert isinstance(found, Shown)
    assert found.links.followed == ("http://sub.example.com/x",)


async def test_a_redirect_that_says_nowhere_to_is_a_bad_one_here_as_in_a_run(fetcher: FakeFetcher) -> None:
    fetcher.answer(OTHER, status=302)

    found = await look(fetcher, url=OTHER)

    assert isinstance(found, Unfetched)
    assert found.code == "bad_redirect"


LIST = f"{SHOP}list"
FOLLOWED: dict[str, Any] = {
    "scraper": "fields",
    "row": "li",
    "fields": {
        "name": {"css": "a", "required": True},
        "link": {"css": "a", "type": "url"},
        "text": {"css": "p", "follow": "link"},
    },
}


async def test_first_record_that_goes_on_is_shown_as_its_page_completes_it(fetcher: FakeFetcher) -> None:
    fetcher.answer(LIST, '<li><a href="/old">One</a></li><li><a href="/two">Two</a></li>')
    fetcher.answer(f"{SHOP}old", status=302, headers=[("Location", "/one")])
    fetcher.answer(f"{SHOP}one", "<p>first")

    found = await look(fetcher, url=LIST, **FOLLOWED)

    assert isinstance(found, Shown)
    assert [item.data.get("text") for item in found.items] == ["first", None]
    assert (found.items_count, found.follows_count, found.problems_count) == (2, 2, 0)
    assert found.completed_on == (f"{SHOP}one",)


async def test_record_whose_page_is_not_had_is_shown_without_it_and_says_why(fetcher: FakeFetcher) -> None:
    fetcher.answer(LIST, '<li><a href="/gone">One</a></li>')
    fetcher.answer(f"{SHOP}gone", status=404)

    found = await look(fetcher, url=LIST, **FOLLOWED)

    assert isinstance(found, Shown)
    assert [item.data["name"] for item in found.items] == ["One"]
    assert [problem.code for problem in found.problems] == ["record_incomplete"]
    assert found.problems[0].message.endswith("the server answered with status 404")


async def test_record_whose_page_is_out_of_scope_is_not_followed(fetcher: FakeFetcher) -> None:
    fetcher.answer(LIST, f'<li><a href="{OTHER}">One</a></li>')

    found = await look(fetcher, url=LIST, **FOLLOWED)

    assert isinstance(found, Shown)
    assert found.problems[0].message.endswith("its page lies outside of the start URLs' hosts")
    assert OTHER not in [request.url for request in fetcher.requests]


@pytest.mark.parametrize(("href", "why"), [(OTHER, "hosts"), ("https://user:pw@shop.test/", "asked for")])
async def test_record_goes_on_from_its_second_page_only_where_a_run_would_go(
    fetcher: FakeFetcher, href: str, why: str
) -> None:
    fetcher.answer(LIST, '<li><a href="/one">One</a></li>')
    fetcher.answer(f"{SHOP}one", f'<p>first</p><a href="{href}">Maker</a>')
    maker = {"css": "a", "type": "url", "follow": "link"}
    fields = FOLLOWED["fields"] | {"maker": maker, "town": {"css": "p", "follow": "maker"}}

    found = await look(fetcher, url=LIST, **FOLLOWED | {"fields": fields})

    assert isinstance(found, Shown)
    assert found.problems[0].message.endswith(why)
    assert OTHER not in [request.url for request in fetcher.requests]


async def test_record_whose_page_takes_too_much_memory_is_shown_without_it(fetcher: FakeFetcher) -> None:
    def resume(_page: Fetched, _carried: object, _again: object) -> Reading:
        raise MemoryError

    fetcher.answer(LIST, '<li><a href="/one">One</a></li>')
    fetcher.answer(f"{SHOP}one", "<p>first</p>")
    with TimedReader() as reader:
        parts = means(fetcher, reader, hosts=FakeHosts(), lease=SafeLease(), clock=StillClock())
        rules = replace(some_rules(LIST, **FOLLOWED), resume=resume)
        found = await Preview(rules=rules, means=parts).run(LIST)

    assert isinstance(found, Shown)
    assert [item.data["name"] for item in found.items] == ["One"]
    assert found.problems[-1].message.endswith("reading it takes more memory than a page may")
