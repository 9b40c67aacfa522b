"""The login of a target: what it may be, and that its secret stays where it is and goes nowhere new."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from crawler.models import Run, RunTrigger, Target
from crawler.services import drafts, runs, targets
from crawler.services.drafts import HIDDEN

if TYPE_CHECKING:
    from crawler.services.drafts import Problem

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "hush-hush"
FORM = {
    "kind": "form",
    "url": "https://id.test/login",
    "user": "ada",
    "password": SECRET,
    "check_url": "https://shop.test/me",
    "check_text": "Ada",
}
PROXY = "http://ada:p%40ss@proxy.test:8080"
BASIC = {"kind": "basic", "user": "ada", "password": SECRET}


def a_target(login: object, **more: Any) -> Target:
    data = {"name": "Shop", "start_urls": ["https://shop.test/"], "login": login}
    return targets.create(owner=None, data=data | more, now=NOW)


def change(target: Target, **data: Any) -> Target:
    target = targets.update(target=target, data=data, now=NOW)
    target.refresh_from_db()
    return target


def wrong(work: Any) -> dict[str, str]:
    with pytest.raises(targets.InvalidTarget) as refused:
        work()
    problems: tuple[Problem, ...] = refused.value.problems
    return {problem.field: problem.message for problem in problems}


@pytest.mark.parametrize(
    "login",
    [
        FORM,
        FORM | {"user_field": "mail", "password_field": "pin", "logged_out": "Sign in"},
        BASIC,
        BASIC | {"check_url": "https://shop.test/me", "check_text": "Ada"},
        {"kind": "bearer", "token": "abc.def"},
    ],
)
def test_login_is_kept_as_it_was_given(login: dict[str, str]) -> None:
    assert a_target(login).login == login


@pytest.mark.parametrize(
    ("login", "problems"),
    [
        ("yes", {"login": "must be an object or null, not text"}),
        ({}, {"login.kind": "must be one of basic, bearer, form"}),
        ({"kind": "oauth"}, {"login.kind": "must be one of basic, bearer, form"}),
        (BASIC | {"url": "https://x.test/"}, {"login.url": "is no key of a login of kind basic"}),
        (BASIC | {"user": "a:b"}, {"login.user": "must not have a colon: HTTP basic cannot send one"}),
        (BASIC | {"password": ""}, {"login.password": "is required"}),
        (BASIC | {"check_text": "Ada"}, {"login.check_url": "is required"}),
        (
            BASIC | {"check_url": "https://else.test/", "check_text": "x"},
            {"login.check_url": "must have the origin of a start URL: the login is sent nowhere else"},
        ),
        (
            {"kind": "bearer", "token": "Bearer x"},
            {"login.token": "must be ASCII without spaces; leave out the word Bearer"},
        ),
        (
            {"kind": "form", "user": "ada"},
            dict.fromkeys(
                ["login.url", "login.password", "login.check_url", "login.check_text"], "is required"
            ),
        ),
        (BASIC | {"password": HIDDEN}, {"login.password": "is required"}),
    ],
)
def test_what_is_no_login_is_refused_beside_its_part(login: object, problems: dict[str, str]) -> None:
    assert wrong(lambda: a_target(login)) == problems


def test_secret_is_stored_encrypted_and_never_shown() -> None:
    target = a_target(FORM)
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    with connection.cursor() as cursor:
        cursor.execute("SELECT login FROM crawler_target WHERE id = %s", [target.pk])
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT secrets, settings FROM crawler_run WHERE id = %s", [run.pk])
        frozen = str(cursor.fetchone())
    assert SECRET not in stored + frozen
    assert drafts.shown_login(target.login) == FORM | {"password": HIDDEN}
    assert Run.objects.get(pk=run.pk).secrets == {"login": FORM}
    assert SECRET not in repr(run) + repr(target)


def test_placeholder_that_comes_back_leaves_the_secret() -> None:
    target = a_target(FORM)

    target = change(target, login=FORM | {"password": HIDDEN, "user": "eve"})

    assert target.login == FORM | {"user": "eve"}
    assert change(target, login=None).login == {}


@pytest.mark.parametrize(
    ("login", "data"),
    [
        (BASIC, {"start_urls": ["https://shop.test/", "https://evil.test/"]}),
        (BASIC, {"start_urls": ["https://evil.test/"], "login": BASIC | {"password": HIDDEN}}),
        (FORM, {"login": FORM | {"password": HIDDEN, "url": "https://evil.test/login"}}),
    ],
)
def test_kept_secret_goes_nowhere_new(login: dict[str, str], data: dict[str, Any]) -> None:
    target = a_target(login)

    assert wrong(lambda: change(target, **data)) == {
        "login.password": "type it again: it would now be sent to https://evil.test as well"
    }


def test_kept_secret_that_goes_without_tls_goes_through_no_new_proxy() -> None:
    plain = a_target(BASIC, start_urls=["http://shop.test/"], proxies=[PROXY])
    assert wrong(lambda: change(plain, proxies=[PROXY, "http://evil.test:8080"])) == {
        "login.password": "type it again: it would now be sent to http://evil.test:8080 as well"
    }
    assert change(plain, proxies=[]).proxies == []

    hidden_by_tls = a_target(BASIC)
    assert change(hidden_by_tls, proxies=[PROXY]).proxies == [PROXY]


def test_secret_that_is_typed_again_may_go_to_new_places() -> None:
    target = a_target(BASIC)

    target = change(target, start_urls=["https://other.test/"], login=BASIC | {"password": "new"})

    assert target.login == BASIC | {"password": "new"}


def test_start_urls_elsewhere_do_not_concern_a_form() -> None:
    assert change(a_target(FORM), start_urls=["https://other.test/"]).login == FORM


def test_proxies_are_stored_encrypted_and_shown_without_passwords() -> None:
    target = a_target(None, proxies=[PROXY, " https://plain.test "])
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    assert target.proxies == [PROXY, "https://plain.test:443"]
    assert Run.objects.get(pk=run.pk).secrets == {"proxies": target.proxies}
    shown = drafts.shown_proxies(target.proxies)
    assert shown == [f"http://ada:{HIDDEN}@proxy.test:8080", "https://plain.test:443"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT proxies FROM crawler_target WHERE id = %s", [target.pk])
        assert "p%40ss" not in cursor.fetchone()[0]
    assert change(target, proxies=shown).proxies == target.proxies
    assert change(target, proxies=None).proxies == []


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("socks5://proxy.test:1080", "SOCKS is not spoken; use a proxy that speaks http or https"),
        ("proxy.test", "is no address of a proxy; write it like http://proxy.example.org:8080"),
        (f"http://ada:{HIDDEN}@evil.test:8080", "needs its password again: its address or user has changed"),
    ],
)
def test_what_is_no_proxy_is_refused_beside_its_line(proxy: str, message: str) -> None:
    target = a_target(None, proxies=[PROXY])

    assert wrong(lambda: change(target, proxies=[PROXY, proxy])) == {"proxies.1": message}
