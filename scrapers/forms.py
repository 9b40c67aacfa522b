"""The form of a login page: where it goes, and what is sent with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from scrapers.page import Page

_NO_VALUES: Final = frozenset({"file", "reset", "button", "image"})
_USER_TYPES: Final = frozenset({"text", "email", "tel", ""})


class NoLoginForm(ValueError):
    """A page without a form to log in with; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginForm:
    """A form to log in with: its absolute address, and the inputs as the page has them."""

    action: str
    fields: tuple[tuple[str, str], ...]
    user_field: str
    password_field: str

    def filled(self, *, user: str, password: str) -> bytes:
        """Return the form as it is sent (application/x-www-form-urlencoded, UTF-8)."""
        said = {self.user_field: user, self.password_field: password}
        kept = [(name, value) for name, value in self.fields if name not in said]
        return urlencode([*kept, *said.items()]).encode()


def login_form(page: Page, *, user_field: str = "", password_field: str = "") -> LoginForm:
    """Return the form of `page` that has a password; its inputs are guessed where they are not named.

    Raises NoLoginForm.
    """
    for form in page.tree.css("form") if page.is_html else []:
        inputs = form.css("input, select, textarea, button")
        password = password_field or _first(inputs, frozenset({"password"}))
        if password and any(_name(node) == password for node in inputs):
            return _read(page, form, inputs, user_field=user_field, password_field=password)
    named = f"an input named {password_field!r}" if password_field else "a password input"
    raise NoLoginForm(
        f"the login page has no form with {named}; check its address and the names of its inputs"
    )


def _read(
    page: Page, form: LexborNode, inputs: list[LexborNode], *, user_field: str, password_field: str
) -> LoginForm:
    user = user_field or _first(inputs, _USER_TYPES)
    if not user or not any(_name(node) == user for node in inputs):
        what = f"named {user_field!r}" if user_field else "for the user name"
        raise NoLoginForm(f"the form of the login page has no input {what}; give the name of that input")
    if (form.attributes.get("method") or "get").strip().lower() != "post":
        raise NoLoginForm(
            "the form of the login page would send the password in the address (GET), which is not done"
        )
    reference = (form.attributes.get("action") or "").strip()
    action = page.absolute(reference) if reference else page.url
    if action is None:
        raise NoLoginForm("the form of the login page leads nowhere")
    return LoginForm(
        action=action, fields=tuple(_values(inputs)), user_field=user, password_field=password_field
    )


def _first(inputs: list[LexborNode], kinds: frozenset[str]) -> str:
    """Return the name of the first input of one of `kinds`."""
    found = (node for node in inputs if node.tag == "input" and _type(node) in kinds and _name(node))
    return next((_name(node) for node in found), "")


def _values(inputs: list[LexborNode]) -> list[tuple[str, str]]:
    """Return what a browser would send of the inputs as they stand; of the buttons the first."""
    found: list[tuple[str, str]] = []
    pressed = False
    for node in inputs:
        name, kind = _name(node), _type(node)
        if not name or "disabled" in node.attributes or kind in _NO_VALUES:
            continue
        if kind == "submit":
            if pressed:
                continue
            pressed = True
        if kind in {"checkbox", "radio"} and "checked" not in node.attributes:
            continue
        found.append((name, _value(node, kind)))
    return found


def _value(node: LexborNode, kind: str) -> str:
    if node.tag == "select":
        chosen = node.css_first("option[selected]") or node.css_first("option")
        if chosen is None:
            return ""
        value = chosen.attributes.get("value")
        return chosen.text().strip() if value is None else value
    if node.tag == "textarea":
        return node.text()
    value = node.attributes.get("value")
    return ("on" if kind in {"checkbox", "radio"} else "") if value is None else value


def _name(node: LexborNode) -> str:
    return node.attributes.get("name") or ""


def _type(node: LexborNode) -> str:
    if node.tag == "button":
        return (node.attributes.get("type") or "submit").strip().lower()
    return (node.attributes.get("type") or "").strip().lower() if node.tag == "input" else node.tag or ""
