"""What happened to each URL of a crawl, as its rows tell it afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.frontier.decisions import Fate, Rule
from crawler.models import Request, RequestState, Run
from crawler.queries import decisions
from crawler.services import runs
from crawler.urls import BadUrl
from tests.crawling import a_run, finished

if TYPE_CHECKING:
    from crawler.queries.decisions import Told
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db(transaction=True)

LINKS = (
    *("/a?utm_source=x#part", "/gone", "/private/x", "/old", "/skip/me", "/known", "/away"),
    "http://far.test/",
)


@pytest.fixture
def crawled(hostile_site: HostileSite) -> Run:
    site = hostile_site
    site.robots = "rules"
    site.serve("/", "".join(f'<a href="{link}">x</a>' for link in LINKS))
    site.serve("/a", "<a href='/deeper'>x</a>")
    site.serve("/old", status=301, headers=[("Location", "/new")])
    site.serve("/new", "new")
    site.serve("/known", status=301, headers=[("Location", "/a")])
    site.serve("/away", status=301, headers=[("Location", "http://far.test/x")])
    site.serve("/gone", status=410)
    return finished(
        a_run(site.url("/"), obey_robots=True, exclude=["/never/", "/skip/"], max_depth=1, max_pages=50)
    )


def told(run: Run, path: str, *, origin: str = "") -> Told:
    start = Request.objects.filter(run=run, depth=0).earliest("id").url
    return decisions.of(run, (origin or start.rstrip("/")) + path, now=timezone.now())


def test_each_url_of_a_crawl_has_its_story(crawled: Run) -> None:
    run = crawled
    page = told(run, "/a?utm_source=elsewhere&utm_medium=y#other")
    assert (page.decision.fate, page.left_out) == (Fate.DONE, ("utm_source", "utm_medium", "#"))
    assert page.url.endswith("/a")
    assert page.found_on is not None
    assert page.found_on.endswith("/")

    gone = told(run, "/gone").decision
    assert (gone.fate, gone.reason) == (Fate.FAILED, "status-410")

    forbidden = told(run, "/private/x").decision
    assert forbidden.rule == Rule(name="robots", text="Disallow: /private/", number=2)
    assert forbidden.fate is Fate.SKIPPED

    skipped = told(run, "/skip/me").decision
    assert (skipped.fate, skipped.reason) == (Fate.OUTSIDE, "exclude")
    assert skipped.rule == Rule(name="exclude", text="/skip/", number=2)

    far = told(run, "/", origin="http://far.test").decision
    assert (far.fate, far.reason) == (Fate.OUTSIDE, "host")
    assert told(run, "/deeper").decision.reason == "depth"
    assert told(run, "/").depth == 0


def test_redirects_are_told_from_both_ends(crawled: Run) -> None:
    old, new = told(crawled, "/old"), told(crawled, "/new")

    assert (old.leads_to, old.decision.reason) == (new.url, "redirected")
    assert (new.via, new.found_on) == ((old.url,), old.url)


def test_redirect_to_a_page_that_the_run_has_names_it(crawled: Run) -> None:
    known, page = told(crawled, "/known"), told(crawled, "/a")

    assert known.leads_to == page.url
    assert known.decision.why == f"it redirects to {page.url}, which the run had already"
    assert page.via == ()


def test_redirect_that_is_not_followed_tells_where_it_leads(crawled: Run) -> None:
    away = told(crawled, "/away")

    assert away.leads_to == "http://far.test/x"
    assert away.decision.why == "it redirects to http://far.test/x, which the run did not take"


def test_redirect_of_before_its_place_was_stored_says_what_is_known(crawled: Run) -> None:
    Request.objects.filter(run=crawled).update(leads_to=None)

    assert told(crawled, "/old").leads_to == told(crawled, "/new").url
    known = told(crawled, "/known")
    assert (known.leads_to, known.decision.reason) == (None, "redirected")


def test_what_was_never_met_has_the_nearest_reason(crawled: Run) -> None:
    for path, reason in (("/never/1", "exclude"), ("/private/y", "robots"), ("/unlinked", "")):
        found = told(crawled, path).decision
        assert (found.fate, found.reason) == (Fate.UNSEEN, reason)


def test_requests_that_were_cleared_away_are_said_to_be(crawled: Run) -> None:
    origin = told(crawled, "/").url.rstrip("/")
    Request.objects.filter(run=crawled).delete()

    assert told_of(crawled, f"{origin}/a").decision.reason == "forgotten"


def test_whole_run_is_forgotten_where_only_what_it_did_not_get_is_kept(crawled: Run) -> None:
    origin = told(crawled, "/").url.rstrip("/")
    Request.objects.filter(run=crawled, state=RequestState.DONE).delete()
    assert Request.objects.filter(run=crawled).exists()
    crawled.saw_all = True

    assert told_of(crawled, f"{origin}/a").decision.reason == "forgotten"


def told_of(run: Run, url: str) -> Told:
    return decisions.of(run, url, now=timezone.now())


def test_links_beyond_the_page_limit_wait_for_a_place(hostile_site: HostileSite) -> None:
    site = hostile_site
    site.serve("/", "".join(f'<a href="/{number}">x</a>' for number in range(5)))
    for number in range(5):
        site.serve(f"/{number}", "x")

    run = finished(a_run(site.url("/"), max_pages=3))

    fates = [told_of(run, site.url(f"/{number}")).decision.fate for number in range(5)]
    assert fates.count(Fate.DONE) == 2
    assert fates.count(Fate.SPARE) == 3
    assert told_of(run, site.url("/other")).decision.reason == "max_pages"


def test_one_more_query_of_a_path_is_told_to_be_a_trap(hostile_site: HostileSite) -> None:
    site = hostile_site
    site.serve("/", "".join(f'<a href="/list?sort={number}">x</a>' for number in range(5)))
    site.serve("/list", "x")

    run = finished(a_run(site.url("/"), traps={"variants": 3}))

    assert told_of(run, site.url("/list?sort=4")).decision.fate is Fate.OUTSIDE
    other = told_of(run, site.url("/list?sort=other")).decision
    assert (other.reason, other.rule) == ("trap_variants", Rule(name="traps", text="variants 3"))


def test_request_that_waits_tells_what_for(hostile_site: HostileSite) -> None:
    run, url = a_run(hostile_site.url("/ok")), hostile_site.url("/ok")
    later = timezone.now() + timedelta(hours=1)
    assert told_of(run, url).decision.fate is Fate.QUEUED

    Request.objects.filter(run=run).update(not_before=later, reason="timed_out")
    runs.pause(run=run, now=timezone.now())
    paused = told_of(run, url).decision
    assert paused.why == "the run is paused; at its last attempt: the answer took too long"

    Request.objects.filter(run=run).update(state=RequestState.LEASED)
    assert told_of(run, url).decision.fate is Fate.LEASED


def test_deferred_request_tells_until_when(
    hostile_site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.queries.health.workers_alive", lambda _now: {"worker"})
    run, url = a_run(hostile_site.url("/ok")), hostile_site.url("/ok")
    later = timezone.now() + timedelta(hours=1)
    Request.objects.filter(run=run).update(not_before=later, reason="timed_out")

    found = told_of(run, url).decision

    assert found.until == later
    assert found.why.startswith("what waits failed before and is tried again then")


def test_what_is_no_url_is_refused_with_advice(hostile_site: HostileSite) -> None:
    run = a_run(hostile_site.url("/ok"))

    with pytest.raises(BadUrl, match="write it with its scheme"):
        told_of(run, "shop.test/page")
