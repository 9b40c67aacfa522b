"""A site with a login: a form with a CSRF token and cookie, pages for members, ways to lose the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.site.pages import HTML

if TYPE_CHECKING:
    from tests.site.reply import Reply
    from tests.site.server import HostileSite, Received

USER, PASSWORD = "ada", "correct horse & battery=staple"
FORM = (
    '<!doctype html><title>Sign in</title><form action="/search"><input name="q"></form>'
    '<form method="post" action="{action}"><input type="hidden" name="csrf" value="{token}">'
    '<input name="user"><input type="password" name="pass"><input type="checkbox" name="stay">'
    '<button name="go" value="1">Sign in</button></form>'
)


@dataclass
class Members:
    """Serves `/login`, `/members/0` to `/members/<pages>` and `/account` for those who are logged in.

    `tokens` and `sessions` are what was given out; `forms` what was sent. A session is good for `good_for`
    pages, and no page is shown while `shut`. Strangers are redirected, or get a page that says so where
    `polite`.
    """

    site: HostileSite
    pages: int = 6
    good_for: int = 1_000
    shut: bool = False
    polite: bool = False
    action: str = "/session"
    tokens: list[str] = field(default_factory=list)
    sessions: dict[str, int] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site.answer("/login", self._login)
        self.site.answer("/session", self._session)
        self.site.answer("/account", self._member)
        for number in range(self.pages + 1):
            self.site.answer(f"/members/{number}", self._member)

    @property
    def login(self) -> dict[str, Any]:
        """The login of a target."""
        return {
            "kind": "form",
            "url": self.site.url("/login"),
            "user": USER,
            "password": PASSWORD,
            "check_url": self.site.url("/account"),
            "check_text": "Hello Ada",
        }

    @property
    def start(self) -> str:
        return self.site.url("/members/0")

    async def _login(self, site: HostileSite, _request: Received, reply: Reply) -> None:
        token = f"token-{site.count('token')}"
        self.tokens.append(token)
        body = FORM.format(action=self.action, token=token).encode()
        await reply.send(200, body, [HTML, ("Set-Cookie", f"csrf={token}; Path=/; HttpOnly")])

    async def _session(self, site: HostileSite, request: Received, reply: Reply) -> None:
        said = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.forms.append(said)
        genuine = said.get("csrf") in self.tokens and f"csrf={said.get('csrf')}" in _cookies(request)
        if request.method != "POST" or not genuine:
            await reply.send(403, b"no", [HTML])
        elif (said.get("user"), said.get("pass")) != (USER, PASSWORD):
            await reply.send(302, headers=[("Location", "/login?wrong=1")])
        else:
            session = f"session-of-ada-{site.count('session'):08}"
            self.sessions[session] = 0
            cookie = f"session={session}; Path=/; HttpOnly"
            await reply.send(303, headers=[("Set-Cookie", cookie), ("Location", "/account")])

    async def leave(self, _site: HostileSite, _request: Received, reply: Reply) -> None:
        """Answer a link that logs out."""
        self.sessions.clear()
        await self._stranger(reply)

    async def _member(self, _site: HostileSite, request: Received, reply: Reply) -> None:
        session = next((s for s in self.sessions if f"session={s}" in _cookies(request)), None)
        if session is None or self.shut or self.sessions[session] >= self.good_for:
            await self._stranger(reply)
            return
        if request.path == "/account":
            await reply.send(200, b"<title>Account</title><p>Hello Ada", [HTML])
            return
        self.sessions[session] += 1
        links = "".join(f'<a href="/members/{number}">x</a>' for number in range(self.pages + 1))
        await reply.send(200, f"<title>Member {request.path}</title>{links}".encode(), [HTML])

    async def _stranger(self, reply: Reply) -> None:
        if self.polite:
            await reply.send(200, b"<title>Welcome</title><p>Please sign in to read on", [HTML])
        else:
            await reply.send(302, headers=[("Location", "/login?next=x")])


def _cookies(request: Received) -> list[str]:
    return (request.header("Cookie") or "").split("; ")
