"""Who calls the API, and how far they may go: a token, or the session of a signed-in person."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security import APIKeyHeader, HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.utils import check_csrf

from webui.accounts.models import READ, SCOPES, WRITE, ApiToken, Role, digest
from webui.accounts.roles import may, refusal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USED_EVERY = timedelta(minutes=1)
SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, what for, and the name under which their requests are counted."""

    user: User
    scopes: frozenset[str]
    ident: str


def caller(request: HttpRequest) -> Caller:
    """Return who asks, once authentication has passed."""
    return cast("Caller", request.auth)  # type: ignore[attr-defined]


class Bearer(HttpBearer):
    """`Authorization: Bearer …`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        return by_token(request, token)


class ApiKey(APIKeyHeader):
    """`X-API-Key: …`."""

    param_name = "X-API-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        return by_token(request, key) if key else None


class Session(APIKeyCookie):
    """The browser's session; whatever changes state needs the CSRF token as well."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        user = request.user
        if not user.is_authenticated or not user.is_active:
            return None
        if check_csrf(request):
            raise AuthorizationError(message="the CSRF token is missing or wrong")
        _require_role(request, user)
        return Caller(user=user, scopes=frozenset(SCOPES), ident=f"user:{user.pk}")

    def authenticate(self, request: HttpRequest, key: str | None) -> None:
        raise NotImplementedError


def by_token(request: HttpRequest, text: str) -> Caller:
    """Return who the token belongs to; raises AuthenticationError, or AuthorizationError for its scope."""
    now = timezone.now()
    wanted = digest(text)
    token = ApiToken.objects.select_related("user__membership").filter(digest=wanted).first()
    if token is None or not hmac.compare_digest(token.digest, wanted) or not token.user.is_active:
        raise AuthenticationError(message="this token is not known; it may have been removed")
    if token.expires_at is not None and token.expires_at <= now:
        raise AuthenticationError(message=f"this token expired on {token.expires_at:%Y-%m-%d}")
    needed = READ if request.method in SAFE_METHODS else WRITE
    if needed not in token.scopes:
        raise AuthorizationError(message=f"this token may not {needed}; it needs the scope {needed!r}")
    _require_role(request, token.user)
    _note_use(token)
    request.user = token.user
    return Caller(user=token.user, scopes=frozenset(token.scopes), ident=f"token:{token.pk}")


def _require_role(request: HttpRequest, user: User) -> None:
    """Refuse what is beyond the person's role: no token can do more than whom it acts for."""
    if request.method not in SAFE_METHODS and not may(user, Role.OPERATOR):
        raise AuthorizationError(message=refusal(user, Role.OPERATOR))


def _note_use(token: ApiToken) -> None:
    """Keep when the token was used, at most once a minute; a database that cannot be written still reads."""
    now = timezone.now()
    unused = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        try:
            ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=now)
        except DatabaseError:
            return
