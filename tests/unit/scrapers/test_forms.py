"""Login forms: which of a page's forms, what is sent, and what will not do."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from scrapers.forms import LoginForm, NoLoginForm, login_form
from scrapers.page import Page

URL = "https://shop.example/account/login?next=%2F"


def a_page(html: str) -> Page:
    return Page(url=URL, body=html.encode(), headers={"content-type": "text/html; charset=utf-8"})


def found(html: str, **names: str) -> LoginForm:
    return login_form(a_page(html), **names)


def sent(form: LoginForm) -> list[tuple[str, str]]:
    filled = form.filled(user="ada", password="p&=\u00e9")
    return parse_qsl(filled.decode(), keep_blank_values=True)


def test_form_with_the_password_is_sent_as_a_browser_would_send_it() -> None:
    form = found(
        '<form action="/search"><input name="q"></form>'
        '<form method="POST" action="do?x=1"><input type="hidden" name="csrf" value="t&amp;1">'
        '<input name="mail" type="email" value="old@example.org"><input type="PASSWORD" name="pw">'
        '<input type="checkbox" name="stay" checked><input type="checkbox" name="news">'
        '<input type="radio" name="lang" value="de"><input type="radio" name="lang" value="en" checked>'
        '<select name="shop"><option value="1">One<option value="2" selected>Two</select>'
        '<select name="plain"><option>First</select><textarea name="note">a note</textarea>'
        '<input name="off" disabled value="1"><input type="file" name="file"><input value="nameless">'
        '<input type="submit" name="go" value="In"><button name="forgot" value="1">Forgot</button></form>'
    )

    assert form.action == "https://shop.example/account/do?x=1"
    assert sent(form) == [
        ("csrf", "t&1"), ("stay", "on"), ("lang", "en"), ("shop", "2"), ("plain", "First"),
        ("note", "a note"), ("go", "In"), ("mail", "ada"), ("pw", "p&=\u00e9"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "url"),
    [("", URL), ("action=''", URL), ("action='//id.example/in'", "https://id.example/in")],
)
def test_form_goes_to_its_action_or_back_to_its_page(action: str, url: str) -> None:
    html = f"<form method=post {action}><input name=user><input type=password name=pw></form>"

    assert found(html).action == url


def test_inputs_are_taken_by_the_names_a_person_gives() -> None:
    html = (
        "<form method=post><input name=captcha><input name=login><input type=password name=old>"
        "<input type=text name=secret></form>"
    )

    form = found(html, user_field="login", password_field="secret")

    assert (form.user_field, form.password_field) == ("login", "secret")


@pytest.mark.parametrize(
    ("html", "names", "message"),
    [
        ("<p>no form", {}, "no form with a password input"),
        ("<form method=post><input name=q></form>", {}, "no form with a password input"),
        ("<form method=post><input type=password name=p></form>", {}, "no input for the user name"),
        (
            "<form method=post><input name=u><input type=password name=p></form>",
            {"user_field": "who"},
            "no input named 'who'",
        ),
        (
            "<form method=post><input name=u><input type=password name=p></form>",
            {"password_field": "pin"},
            "no form with an input named 'pin'",
        ),
        ("<form><input name=u><input type=password name=p></form>", {}, "in the address"),
        (
            "<form method=post action='mailto:x'><input name=u><input type=password name=p></form>",
            {},
            "nowhere",
        ),
    ],
)
def test_what_is_no_login_form_is_refused_with_what_to_do(
    html: str, names: dict[str, str], message: str
) -> None:
    with pytest.raises(NoLoginForm, match=message):
        found(html, **names)


def test_page_that_is_no_html_has_no_form() -> None:
    page = Page(url=URL, body=b'{"login": true}', headers={"content-type": "application/json"})

    with pytest.raises(NoLoginForm):
        login_form(page)
