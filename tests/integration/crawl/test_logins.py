"""Logins in whole runs, against a site that knows what it was sent."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crawler import queue, runner
from crawler.engine.findings import Shown, Unfetched
from crawler.models import (
    Backlog,
    Cookie,
    OutboxMessage,
    Page,
    Request,
    Run,
    RunLogin,
    RunState,
    RunTrigger,
    Slice,
    Target,
)
from crawler.queue import Work
from crawler.services import logins, runs
from crawler.services.terminal import logging_in
from tests.crawling import a_run, one_slice
from tests.law import assert_conserved
from tests.site.members import PASSWORD, USER, Members

if TYPE_CHECKING:
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db(transaction=True)

BASIC = "ada:p:\u00e9".encode()


@pytest.fixture
def members(hostile_site: HostileSite) -> Members:
    return Members(hostile_site)


def settled(run: Run, *, turns: int = 12) -> Run:
    """Crawl, and do the logins that the run asks for, until it is over."""
    for _ in range(turns):
        run.refresh_from_db()
        if run.is_final:
            return run
        if run.awaits_login:
            logins.perform(run=run)
        else:
            one_slice()
    raise AssertionError(f"the run is still {run.state}, {run.waiting} requests wait")


def titles(run: Run) -> list[str]:
    return sorted(Page.objects.filter(target=run.target, status=200).values_list("title", flat=True))


def all_pages(members: Members) -> list[str]:
    return [f"Member /members/{number}" for number in range(members.pages + 1)]


def test_nothing_is_fetched_before_the_run_is_logged_in(members: Members) -> None:
    run = a_run(members.start, login=members.login)

    assert not Backlog.objects.get(run=run).open
    one_slice()
    assert members.site.requests == []
    assert OutboxMessage.objects.get(work=Work.LOG_IN.value).kwargs == {"run": run.pk}


def test_run_logs_in_with_the_form_and_reads_what_members_read(members: Members) -> None:
    run = settled(a_run(members.start, login=members.login))

    assert (run.state, titles(run)) == (RunState.FINISHED, all_pages(members))
    assert members.forms == [{"csrf": members.tokens[0], "user": USER, "pass": PASSWORD, "go": "1"}]
    asked = [(request.method, request.path) for request in members.site.requests[:4]]
    assert asked == [("GET", "/login"), ("POST", "/session"), ("GET", "/account"), ("GET", "/account")]
    assert not Cookie.objects.exists()
    assert_conserved(run)


def test_hosts_have_their_turn_while_a_run_logs_in(members: Members) -> None:
    run = a_run(members.start, login=members.login, delay_seconds=0.2)

    logins.perform(run=run)

    times = [request.started for request in members.site.requests]
    assert len(times) == 4
    assert times[-1] - times[0] >= 0.2 * 3 * 0.97


@pytest.mark.parametrize("polite", [False, True])
def test_run_that_is_logged_out_half_way_logs_in_again_and_stores_no_login_page(
    members: Members, *, polite: bool
) -> None:
    members.good_for, members.polite = 3, polite
    run = settled(a_run(members.start, login=members.login | {"logged_out": "Please sign in"}))

    assert (run.state, titles(run)) == (RunState.FINISHED, all_pages(members))
    assert len(members.sessions) == 3
    assert all(used <= 3 for used in members.sessions.values())
    assert_conserved(run)


def test_next_login_is_asked_for_as_soon_as_it_is_stored_that_this_one_is_over(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    members.good_for = 3
    run = a_run(members.start, login=members.login | {"logged_out": "Please sign in"})
    logins.perform(run=run)
    before = set(OutboxMessage.objects.values_list("pk", flat=True))
    sent: list[tuple[Work, dict[str, Any]]] = []
    monkeypatch.setattr(queue, "send", lambda work, *, task_id=None, **kwargs: sent.append((work, kwargs)))

    one_slice()

    assert Run.objects.get(pk=run.pk).awaits_login
    assert sent == [(Work.LOG_IN, {"run": run.pk})]
    assert OutboxMessage.objects.exclude(pk__in=before).get().published_at is not None


def test_run_that_cannot_log_in_stops_after_one_more_try_with_the_reason(members: Members) -> None:
    run = settled(a_run(members.start, login=members.login | {"password": "wrong"}))

    assert run.state == RunState.FAILED
    assert run.reason.startswith("login_failed: the text 'Hello Ada' is not on http://127.0.0.1")
    assert len(members.forms) == 2
    assert not members.site.asked("/members/0")
    assert not Page.objects.exists()
    assert_conserved(run)


def test_run_whose_login_is_over_for_good_stops_with_the_reason(members: Members) -> None:
    members.good_for = 2
    run = a_run(members.start, login=members.login)
    logins.perform(run=run)
    one_slice()
    members.shut = True

    run = settled(run)

    assert (run.state, titles(run)) == (RunState.FAILED, all_pages(members)[:2])
    assert "login_failed: the text 'Hello Ada' is not on" in run.reason
    assert_conserved(run)


def test_page_that_is_not_for_this_user_fails_alone(members: Members, hostile_site: HostileSite) -> None:
    hostile_site.serve("/members/3", status=302, headers=[("Location", "/login")])

    run = settled(a_run(members.start, login=members.login))

    assert (run.state, run.failed) == (RunState.FINISHED, 1)
    assert Request.objects.get(run=run, url__endswith="/members/3").reason == "logged_out"
    assert len(members.sessions) == 1
    assert len(titles(run)) == members.pages


def test_link_that_logs_out_costs_two_logins_and_no_page(members: Members, hostile_site: HostileSite) -> None:
    hostile_site.serve("/members/0", "".join(f'<a href="/members/{n}">x</a>' for n in range(7)))

    hostile_site.answer("/members/1", members.leave)

    run = settled(a_run(members.start, login=members.login))

    assert (run.state, run.failed, run.pages) == (RunState.FINISHED, 1, 6)
    assert len(members.forms) == 3


def test_two_links_that_log_out_do_not_stop_a_run(members: Members, hostile_site: HostileSite) -> None:
    hostile_site.serve("/members/0", "".join(f'<a href="/members/{n}">x</a>' for n in range(7)))
    for number in (1, 2):
        hostile_site.answer(f"/members/{number}", members.leave)

    run = settled(a_run(members.start, login=members.login), turns=30)

    assert (run.state, run.failed, run.pages) == (RunState.FINISHED, 2, 5)
    assert len(members.forms) == 5


def test_site_that_logs_out_after_each_page_is_not_logged_into_without_end(members: Members) -> None:
    members.good_for = 1

    run = settled(a_run(members.start, login=members.login), turns=30)

    assert run.state == RunState.FAILED
    assert "the site logged the run out 6 times in a row, each time within 10 pages and 10 min" in run.reason
    assert f"the last page that was not shown: {members.site.origin}/members/" in run.reason
    assert len(members.forms) == len(members.sessions) == 6
    assert run.pages == 6
    assert_conserved(run)


@pytest.mark.parametrize(("pages", "minutes"), [(10, 0), (1, 10)])
def test_site_that_logs_out_now_and_then_is_logged_into_as_long_as_it_takes(
    members: Members, pages: int, minutes: int
) -> None:
    members.good_for = 1
    run = a_run(members.start, login=members.login)
    logins.perform(run=run)
    one_slice()
    Run.objects.filter(pk=run.pk).update(pages=pages)
    at_its_limit = RunLogin.objects.filter(run=run)
    at_its_limit.update(streak=5, logged_in_at=timezone.now() - timedelta(minutes=minutes))

    logins.perform(run=run)

    run.refresh_from_db()
    assert (run.state, at_its_limit.get().streak, len(members.sessions)) == (RunState.RUNNING, 0, 2)


def test_page_for_others_does_not_count_as_being_logged_out(
    members: Members, hostile_site: HostileSite
) -> None:
    hostile_site.serve("/members/3", status=302, headers=[("Location", "/login")])
    run = a_run(members.start, login=members.login)
    logins.perform(run=run)
    RunLogin.objects.filter(run=run).update(streak=5)

    run = settled(run)

    assert (run.state, run.failed, RunLogin.objects.get(run=run).streak) == (RunState.FINISHED, 1, 5)
    assert len(members.sessions) == 1


def test_password_goes_to_no_other_origin(members: Members) -> None:
    with type(members.site)() as other:
        members.action = other.url("/session")

        run = settled(a_run(members.start, login=members.login))

        assert other.requests == []
    assert run.state == RunState.FAILED
    assert f"would send the password to {other.origin}" in run.reason


def test_site_that_does_not_answer_is_asked_again_before_the_run_stops(members: Members) -> None:
    members.site.serve("/login", status=503)
    run = a_run(members.start, login=members.login)

    logins.perform(run=run)
    run.refresh_from_db()
    assert (run.state, RunLogin.objects.get(run=run).tries) == (RunState.QUEUED, 1)

    logins.ask_again(now=timezone.now())
    assert OutboxMessage.objects.filter(work=Work.LOG_IN.value).count() == 1
    logins.ask_again(now=timezone.now() + logins.ASK_AGAIN * 2)
    assert OutboxMessage.objects.filter(work=Work.LOG_IN.value).count() == 2


def test_terminal_logs_its_run_in_itself(members: Members) -> None:
    run = a_run(members.start, login=members.login, trigger=RunTrigger.TERMINAL)
    RunLogin.objects.filter(run=run).update(working=True)  # by a terminal that vanished
    logins.ask_again(now=timezone.now() + logins.WORKER_IS_GONE * 2)

    logging_in.log_in(run, stopping=lambda: False)

    run.refresh_from_db()
    assert not run.awaits_login
    assert not OutboxMessage.objects.filter(work=Work.LOG_IN.value).exists()
    assert not Slice.objects.exists()


def test_terminal_waits_for_a_site_that_does_not_answer_until_it_is_to_stop(members: Members) -> None:
    members.site.serve("/login", status=503)
    run = a_run(members.start, login=members.login, trigger=RunTrigger.TERMINAL)

    logging_in.log_in(run, stopping=lambda: bool(members.site.requests))

    assert (len(members.site.asked("/login")), RunLogin.objects.get(run=run).tries) == (1, 1)


def test_login_that_a_vanished_worker_began_is_asked_for_again(members: Members) -> None:
    run = a_run(members.start, login=members.login)
    RunLogin.objects.filter(run=run).update(working=True)

    logins.perform(run=run)
    assert members.site.requests == []

    logins.ask_again(now=timezone.now() + logins.WORKER_IS_GONE * 2)
    logins.perform(run=run)
    assert len(members.sessions) == 1


@pytest.mark.parametrize(
    ("login", "header"),
    [
        (
            {"kind": "basic", "user": "ada", "password": "p:\u00e9"},
            "Basic " + b64encode("ada:p:\u00e9".encode()).decode(),
        ),
        ({"kind": "bearer", "token": "t0ken"}, "Bearer t0ken"),
    ],
)
def test_login_of_each_request_goes_to_the_targets_origins_alone(
    login: dict[str, str], header: str, hostile_site: HostileSite
) -> None:
    with type(hostile_site)() as other:
        away = other.serve("/away", "away")
        hostile_site.serve("/page", "a page")
        start = hostile_site.serve("/", f'<a href="/page">x</a><a href="{away}">x</a>')
        run = settled(a_run(start, login=login, include=["/"], scope="domain"))

        assert run.pages == 3
        assert [request.header("Authorization") for request in other.requests] == [None]
    sent = {request.path: request.header("Authorization") for request in hostile_site.requests}
    assert sent == {"/": header, "/page": header}


def test_check_of_a_token_stops_the_run_where_it_is_refused(hostile_site: HostileSite) -> None:
    start = hostile_site.serve("/", "a page")
    check = hostile_site.serve("/me", "who are you?", status=401)
    login = {"kind": "bearer", "token": "t", "check_url": check, "check_text": "Ada"}

    run = settled(a_run(start, login=login))

    assert run.reason == f"login_failed: the text 'Ada' is not on {check}, which answers with status 401"
    assert not hostile_site.asked("/")


def test_token_that_is_refused_half_way_stops_the_run_with_the_reason(hostile_site: HostileSite) -> None:
    start = hostile_site.serve("/", '<a href="/a">x</a><a href="/b">x</a>')
    check = hostile_site.serve("/me", "Hello Ada")
    hostile_site.serve("/a", status=401)
    hostile_site.serve("/b", status=401)
    run = a_run(start, login={"kind": "bearer", "token": "t", "check_url": check, "check_text": "Ada"})
    logins.perform(run=run)
    one_slice()
    hostile_site.serve("/me", status=401)

    run = settled(run)

    assert (run.state, run.pages) == (RunState.FAILED, 1)
    assert run.reason == f"login_failed: the text 'Ada' is not on {check}, which answers with status 401"


def test_page_that_a_token_does_not_open_fails_alone(hostile_site: HostileSite) -> None:
    start = hostile_site.serve("/", '<a href="/a">x</a><a href="/b">x</a>')
    check = hostile_site.serve("/me", "Hello Ada")
    hostile_site.serve("/a", status=401)
    hostile_site.serve("/b", "a page")
    login = {"kind": "bearer", "token": "t", "check_url": check, "check_text": "Ada"}

    run = settled(a_run(start, login=login))

    assert (run.state, run.pages, run.failed) == (RunState.FINISHED, 2, 1)
    assert Request.objects.get(run=run, url__endswith="/a").reason == "logged_out"


def test_test_fetch_logs_in_first(members: Members) -> None:
    target = a_run(members.start, login=members.login).target
    frozen = runs.frozen(target)

    seen = runner.preview(frozen, headers={}, secrets={"login": members.login})
    refused = runner.preview(frozen, headers={}, secrets={"login": members.login | {"password": "wrong"}})

    assert isinstance(seen, Shown)
    assert seen.text.startswith("<title>Member /members/0")
    assert isinstance(refused, Unfetched)
    assert refused.code == "login_failed"


def test_editing_a_target_changes_no_login_of_a_run(members: Members) -> None:
    run = a_run(members.start, login=members.login)
    Target.objects.filter(pk=run.target_id).update(login={})

    assert settled(run).state == RunState.FINISHED
