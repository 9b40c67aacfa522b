"""Reads a target's login; its secret is only ever written, and stays with those it was meant for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.policy.logins import Login, LoginKind
from crawler.services.drafts.proxies import overhearing
from crawler.services.drafts.values import Wrong, choice, gather, kind_of, text, wrong
from crawler.urls import BadUrl, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.services.drafts.values import Reader

HIDDEN: Final = "(hidden)"
"""What a secret reads as; sent back, it leaves the stored value as it is."""

SECRET: Final = {LoginKind.BASIC: "password", LoginKind.BEARER: "token", LoginKind.FORM: "password"}


def _address(value: object) -> str:
    line = text(most=10_000)(value)
    try:
        return canonical(line).text if line else ""
    except BadUrl as error:
        raise wrong(str(error)) from None


def _user(value: object) -> str:
    line = text(most=300)(value)
    if ":" in line:
        raise wrong("must not have a colon: HTTP basic cannot send one")
    return line


def _token(value: object) -> str:
    line = text(most=4_000)(value)
    if not line.isascii() or " " in line:
        raise wrong("must be ASCII without spaces; leave out the word Bearer")
    return line


_CHECK: Final[Mapping[str, Reader[str]]] = {"check_url": _address, "check_text": text(most=500)}
_KEYS: Final[Mapping[LoginKind, Mapping[str, Reader[str]]]] = {
    LoginKind.BASIC: {"user": _user, "password": text(most=1_000), **_CHECK},
    LoginKind.BEARER: {"token": _token, **_CHECK},
    LoginKind.FORM: {
        "url": _address,
        "user": text(most=300),
        "password": text(most=1_000),
        "user_field": text(most=200),
        "password_field": text(most=200),
        "logged_out": text(most=500),
        **_CHECK,
    },
}
_REQUIRED: Final = {
    LoginKind.BASIC: ("user", "password"),
    LoginKind.BEARER: ("token",),
    LoginKind.FORM: ("url", "user", "password", "check_url", "check_text"),
}


def read(value: object) -> dict[str, str]:
    """Read a login; null is none, which is stored as an empty object."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(f"must be an object or null, not {kind_of(value)}")
    try:
        kind = LoginKind(choice(LoginKind)(value.get("kind")))
    except Wrong as error:
        raise Wrong(("kind", str(error))) from None
    keys = _KEYS[kind]
    unknown = sorted(str(key) for key in value.keys() - keys - {"kind"})
    if unknown:
        raise Wrong(*((key, f"is no key of a login of kind {kind.value}") for key in unknown))
    given = {key: said for key, said in value.items() if key != "kind"}
    found = dict(zip(given, gather((key, said, keys[key]) for key, said in given.items()), strict=True))
    checks = tuple(_CHECK) if any(found.get(key) for key in _CHECK) else ()  # both or neither
    missing = [key for key in dict.fromkeys((*_REQUIRED[kind], *checks)) if not found.get(key)]
    if missing:
        raise Wrong(*((key, "is required") for key in missing))
    return {"kind": kind.value, **{key: line for key, line in found.items() if line}}


def unhide(login: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Put the stored secret where the placeholder for it was sent back."""
    if not login:
        return {}
    secret = SECRET[LoginKind(login["kind"])]
    if login[secret] != HIDDEN:
        return dict(login)
    if not stored or login["kind"] != stored["kind"]:
        raise Wrong((secret, "is required"))
    return {**login, secret: stored[secret]}


def shown(login: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return a login as people may see it: `HIDDEN` instead of the secret, None for none."""
    return {**login, SECRET[LoginKind(login["kind"])]: HIDDEN} if login else None


def problems(
    values: Mapping[str, Any], before: Mapping[str, Any] | None, *, retyped: bool
) -> list[tuple[str, str]]:
    """Return what is wrong with a login, the start URLs and the proxies taken together.

    A secret that was not typed anew goes to nobody whom it did not go to before: who may edit a
    target could otherwise have it sent to themselves.
    """
    login = Login.read(values["login"])
    if login is None:
        return []
    found = []
    with_each_request = login.kind is not LoginKind.FORM
    if with_each_request and _origins([login.check_url]) - _origins(values["start_urls"]):
        why = "must have the origin of a start URL: the login is sent nowhere else"
        found.append(("login.check_url", why))
    if not retyped and before is not None:
        new = sorted(_audience(values) - _audience(before))
        new += overhearing(values, before, sent_to=_audience(values))
        if new:
            secret = SECRET[login.kind]
            found.append((f"login.{secret}", f"type it again: it would now be sent to {new[0]} as well"))
    return found


def _audience(values: Mapping[str, Any]) -> set[str]:
    login = Login.read(values["login"])
    if login is not None and login.kind is LoginKind.FORM:
        return {canonical(login.url).origin}
    return _origins(values["start_urls"])


def _origins(urls: list[str]) -> set[str]:
    return {canonical(url).origin for url in urls if url}
