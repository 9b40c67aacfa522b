"""Changed settings tried out on the URLs of a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from crawler.models import Page, Request, Run, SpareLink, Target
from crawler.queries import dry_runs as queried
from crawler.services import dry_runs
from crawler.services.targets import InvalidTarget
from tests.crawling import a_run, a_target, finished

if TYPE_CHECKING:
    from crawler.frontier.dry_run import Found, Side
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the process that reads pages what a busy machine needs to start it."""
    monkeypatch.setattr("crawler.queries.stored_links.WAIT_SECONDS", 120.0)
    monkeypatch.setattr("crawler.queries.stored_links.CPU_SECONDS", 60.0)


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def crawled(hostile_site: HostileSite) -> Run:
    """A crawl of a start page, two lists with a page each, something forbidden and something left out."""
    site = hostile_site
    site.robots = "rules"
    links = ("/list/1", "/list/2", "/private/x", "/skip/me", "http://far.test/")
    site.serve("/", "".join(f'<a href="{link}">x</a>' for link in links))
    site.serve("/list/1", '<a href="/page/a">x</a>')
    site.serve("/list/2", '<a href="/page/b">x</a>')
    for path in ("/page/a", "/page/b"):
        site.serve(path, "a page")
    return finished(a_run(site.url("/"), obey_robots=True, exclude=["/skip/"]))


def tried(run: Run, person: User, **changes: Any) -> Found:
    found = dry_runs.try_out(target=run.target, data=changes, user=person, now=timezone.now())
    assert found is not None
    return found


def shown(side: Side) -> dict[str, str]:
    return {sample.url.partition("127.0.0.1:")[2][5:] or sample.url: sample.reason for sample in side.samples}


def test_nothing_changed_changes_nothing_and_nobody_is_asked(
    crawled: Run, person: User, hostile_site: HostileSite
) -> None:
    sent, before = len(hostile_site.requests), crawled.target.updated_at

    found = tried(crawled, person)

    assert (found.run, found.kept, found.still_out) == (crawled.pk, 5, 3)
    assert (found.followed.count, found.dropped.count, found.is_partial) == (0, 0, False)
    assert (found.looked_at, found.requests) == (6, 6)
    assert len(hostile_site.requests) == sent
    assert Target.objects.get(pk=crawled.target_id).updated_at == before


def test_excluded_page_takes_along_what_was_found_on_it(crawled: Run, person: User) -> None:
    found = tried(crawled, person, exclude=["/list/1"])

    assert shown(found.dropped) == {"/list/1": "exclude", "/page/a": "parent"}
    assert shown(found.followed) == {"/skip/me": "exclude"}


def test_without_robots_what_it_forbade_is_followed(crawled: Run, person: User) -> None:
    found = tried(crawled, person, obey_robots=False)

    assert shown(found.followed) == {"/private/x": "robots"}


def test_robots_is_judged_by_what_is_known_of_it(
    hostile_site: HostileSite, crawled: Run, person: User
) -> None:
    free = finished(a_run(hostile_site.url("/"), hostile_site.url("/private/y"), obey_robots=False))

    found = tried(free, person, obey_robots=True)

    assert shown(found.dropped) == {"/private/x": "robots", "/private/y": "robots"}
    assert found.unknown_hosts == 0


def test_depth_limit_and_new_start_urls_count(crawled: Run, person: User, hostile_site: HostileSite) -> None:
    start = hostile_site.url("/")

    found = tried(crawled, person, max_depth=1, max_pages=2, start_urls=[start, hostile_site.url("/new")])

    assert shown(found.dropped) == {"/list/2": "max_pages", "/page/a": "depth", "/page/b": "depth"}
    assert shown(found.followed) == {"/new": "start"}


def test_scope_may_grow_over_links_that_were_left_out(crawled: Run, person: User) -> None:
    far = tried(crawled, person, start_urls=[*crawled.settings["start_urls"], "http://far.test/home"])

    assert set(far.followed.reasons) == {"host", "start"}


def test_entries_of_sitemaps_are_judged_and_the_sitemaps_are_no_pages(
    hostile_site: HostileSite, person: User
) -> None:
    site = hostile_site
    site.serve("/", "a page")
    site.serve("/list.txt", f"{site.url('/page/a')}\n{site.url('/page/b')}\n")
    for path in ("/page/a", "/page/b"):
        site.serve(path, "a page")
    run = finished(a_run(site.url("/"), sitemaps=[site.url("/list.txt")], max_depth=0))

    same, other = tried(run, person), tried(run, person, exclude=["/b$"])

    assert (same.kept, same.dropped.count, same.looked_at) == (3, 0, 4)
    assert shown(other.dropped) == {"/page/b": "exclude"}


def test_time_that_is_up_gives_a_part(crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.queries.dry_runs.READ", 2)
    seconds = iter(range(0, 100, 3))

    found = dry_runs.try_out(
        target=crawled.target,
        data={},
        user=person,
        now=timezone.now(),
        monotonic=lambda: float(next(seconds)),
    )

    assert found is not None
    assert (found.is_partial, found.looked_at, found.requests) == (True, 4, 6)


def test_pages_stay_small_where_a_run_follows_a_long_stretch_of_others(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queried, "READ", 2)
    ids = list(Request.objects.filter(run=crawled).order_by("pk").values_list("pk", flat=True))
    far = max(ids) + 1_000
    for place, id_ in enumerate(ids[1:]):
        Request.objects.filter(pk=id_).update(id=far + place)

    read = [len(page) for page in queried._pages(crawled)]

    assert (sum(read), max(read)) == (len(ids), 2)
    assert len(read) < 20, "stretches without the run are passed over in ever larger steps"
    assert tried(crawled, person).looked_at == len(ids)


@pytest.fixture
def sampled(hostile_site: HostileSite, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A crawl that keeps two samples a reason, with more links to leave out on its pages."""
    monkeypatch.setattr("crawler.stores.results.SAMPLES_A_REASON", 2)
    monkeypatch.setattr("crawler.queries.left_out.SAMPLES_A_REASON", 2)
    left_out = "".join(f'<a href="/skip/{number}">x</a>' for number in range(5))
    hostile_site.serve("/", f'<a href="/list/1">x</a><a href="/list/2">x</a>{left_out}')
    hostile_site.serve("/list/1", '<a href="/skip/4">x</a><a href="/skip/of-1">x</a><a href="/">x</a>')
    hostile_site.serve("/list/2", '<a href="/skip/of-2">x</a>', headers=(("X-Robots-Tag", "nofollow"),))
    return finished(a_run(hostile_site.url("/"), exclude=["/skip/"]))


def test_links_beyond_the_samples_are_read_from_the_stored_pages(sampled: Run, person: User) -> None:
    found = tried(sampled, person, exclude=[])

    assert set(shown(found.followed)) == {f"/skip/{number}" for number in range(5)} | {"/skip/of-1"}
    assert set(shown(found.followed).values()) == {"exclude"}
    assert (found.outside_known, found.pages_read, found.pages) == (6, 3, 3)
    assert tried(sampled, person).still_out == 6


def test_links_of_pages_that_would_be_dropped_are_not_found(sampled: Run, person: User) -> None:
    found = tried(sampled, person, exclude=["/list/1"])

    assert set(shown(found.followed)) == {f"/skip/{number}" for number in range(5)}
    assert (found.pages_read, found.pages) == (2, 3)


def test_links_beyond_the_page_limit_are_read_from_the_stored_pages(
    hostile_site: HostileSite, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = "".join(f'<a href="/page/{number}">x</a>' for number in range(6))
    hostile_site.serve("/", links)
    for number in range(6):
        hostile_site.serve(f"/page/{number}", "a page")
    run = finished(a_run(hostile_site.url("/"), max_pages=2))
    SpareLink.objects.filter(run=run).delete()

    found = tried(run, person, max_pages=None)

    assert found.followed.reasons == {"max_pages": 5}
    assert (found.beyond_known, found.pages_read) == (5, 2)


def test_few_and_small_pages_are_read_and_those_without_a_body_are_not(
    sampled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Page.objects.filter(url__endswith="/list/1").update(body_hash=b"gone")
    assert tried(sampled, person, exclude=[]).pages_read == 2
    monkeypatch.setattr("crawler.queries.stored_links.MOST_BYTES", 1)
    assert tried(sampled, person, exclude=[]).pages_read == 0


def test_run_whose_requests_are_gone_is_not_compared_with(crawled: Run, person: User) -> None:
    Request.objects.filter(run=crawled).delete()

    assert dry_runs.try_out(target=crawled.target, data={}, user=person, now=timezone.now()) is None


def test_target_without_a_run_has_nothing_to_compare(person: User) -> None:
    assert dry_runs.try_out(target=a_target(), data={}, user=person, now=timezone.now()) is None


def test_what_could_not_be_saved_is_refused(crawled: Run, person: User) -> None:
    with pytest.raises(InvalidTarget, match="exclude"):
        tried(crawled, person, exclude=["("])
