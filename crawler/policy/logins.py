"""What a target's login is, what it sends where, and by what an answer shows that it is over."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from crawler.urls import BadUrl, canonical
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.http import Fetched

LOGGED_OUT: Final = "logged_out"
LOGIN_FAILED: Final = "login_failed"
MOST_IN_VAIN: Final = 5
"""How many logins in a row may be in vain. Two links that log out make four: each is tried twice."""
PAYS_WITH_PAGES: Final = 10
PAYS_AFTER: Final = timedelta(minutes=10)

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class LoginKind(StrEnum):
    """The ways to log in."""

    BASIC = "basic"
    BEARER = "bearer"
    FORM = "form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a target's runs log in, as it lies encrypted in its row.

    `url` is the page with the form; `user_field` and `password_field` name its inputs where they
    cannot be guessed. After logging in `check_text` stands on the page at `check_url`. A page that
    has the text `logged_out` is one for strangers.
    """

    kind: LoginKind
    url: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    user_field: str = ""
    password_field: str = ""
    check_url: str = ""
    check_text: str = ""
    logged_out: str = ""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self | None:
        """Return the login that a row holds; None for none."""
        return cls(**{**stored, "kind": LoginKind(stored["kind"])}) if stored else None

    def __repr__(self) -> str:
        return f"Login({self.kind.value})"

    @property
    def needs_cookies(self) -> bool:
        return self.kind is LoginKind.FORM

    @property
    def comes_first(self) -> bool:
        """Say whether something must be asked before the first page: the form, or the check."""
        return self.kind is LoginKind.FORM or bool(self.check_url)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What goes with every request to the target's own origins."""
        match self.kind:
            case LoginKind.BASIC:
                words = b64encode(f"{self.user}:{self.password}".encode()).decode()
                return (("Authorization", f"Basic {words}"),)
            case LoginKind.BEARER:
                return (("Authorization", f"Bearer {self.token}"),)
            case LoginKind.FORM:
                return ()

    def is_over(self, answer: Fetched) -> bool:
        """Say whether `answer` is what somebody gets who is not logged in.

        That is a redirect to the page with the form, 401, or a page with the text for strangers. What
        is sent with each request is over with 401, where a check can tell that from a page for others.
        """
        if self.kind is not LoginKind.FORM:
            return answer.status == 401 and self.comes_first
        if place_of(answer.url) == place_of(self.url):
            return False
        if answer.status == 401:
            return True
        if answer.status in _REDIRECTS:
            return _leads_to(answer, self.url)
        return bool(self.logged_out) and self.logged_out in text_of(answer)


def was_in_vain(*, pages: int, lasted: timedelta) -> bool:
    """Say whether a login was over before it had given enough to log in again without a thought.

    A site that ends sessions after hours, or after some hundred pages, may do so for days.
    """
    return pages < PAYS_WITH_PAGES and lasted < PAYS_AFTER


def place_of(url: str) -> str:
    """Return a URL without its query."""
    return url.partition("?")[0]


def _leads_to(answer: Fetched, url: str) -> bool:
    try:
        location = canonical(answer.headers.get("Location", ""), base=answer.url).text
    except BadUrl:
        return False
    return place_of(location) == place_of(url)


def text_of(answer: Fetched) -> str:
    """Return the source of a page as text."""
    return page_of(answer).text


def page_of(answer: Fetched) -> Page:
    headers = {name.lower(): value for name, value in answer.headers}
    return Page(url=answer.url, body=answer.body, status=answer.status, headers=headers)
