"""The controls of a login: what they ask for, and what they show. A secret is never shown again."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict

from crawler.policy.logins import LoginKind
from crawler.services import drafts
from crawler.services.drafts.logins import SECRET

KINDS = (
    ("", "not at all"),
    (LoginKind.FORM.value, "with a form on a page"),
    (LoginKind.BASIC.value, "with user name and password in each request (HTTP basic)"),
    (LoginKind.BEARER.value, "with a token in each request (bearer)"),
)
OF_KIND = {
    LoginKind.FORM: (
        "url", "user", "user_field", "password_field", "logged_out", "check_url", "check_text",
    ),
    LoginKind.BASIC: ("user", "check_url", "check_text"),
    LoginKind.BEARER: ("check_url", "check_text"),
}  # fmt: skip
CONTROLS = ("login_kind", "login_secret", *(f"login_{key}" for key in OF_KIND[LoginKind.FORM]))


def read(post: QueryDict) -> dict[str, str] | None:
    """Return the login that the controls ask for; an empty secret leaves the stored one as it is."""
    word = post.get("login_kind", "")
    if word not in set(LoginKind):
        return {"kind": word} if word else None
    kind = LoginKind(word)
    said = {key: post.get(f"login_{key}", "").strip() for key in OF_KIND[kind]}
    secret = post.get("login_secret", "").strip()
    return {"kind": word, SECRET[kind]: secret or drafts.HIDDEN, **said}


def shown(login: Mapping[str, str] | None) -> dict[str, str]:
    """Return the texts of the controls for a stored login."""
    if not login:
        return {}
    return {f"login_{key}": login.get(key, "") for key in ("kind", *OF_KIND[LoginKind(login["kind"])])}


def control(path: str) -> str:
    """Return the control that shows what is wrong with a part of the login."""
    if path in SECRET.values():
        return "login_secret"
    return f"login_{path}" if f"login_{path}" in CONTROLS else "login_kind"
