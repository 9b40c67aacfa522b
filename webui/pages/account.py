"""One's own account: role, password, API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from webui.accounts.models import READ, WRITE, ApiToken, Role
from webui.accounts.roles import least, role_of

SCOPES = (("read", "read only", [READ]), ("write", "read and change", [READ, WRITE]))
LENGTHS = (("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "without end"))


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    scopes = {word: scopes for word, _label, scopes in SCOPES}.get(request.POST.get("scopes", ""))
    days = request.POST.get("days", "")
    if scopes is None or days not in dict(LENGTHS):
        messages.error(request, "Choose what the token may do and how long.")
        return redirect("account")
    ends = timezone.now() + timedelta(days=int(days)) if days else None
    name = "".join(filter(str.isprintable, request.POST.get("name", "")))[:100]
    _row, text = ApiToken.issue(user_id=_person(request).pk, scopes=scopes, name=name, expires_at=ends)
    return _page(request, token=text)


@least(Role.VIEWER)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one of one's own tokens."""
    token = get_object_or_404(ApiToken, pk=pk, user=_person(request))
    token.delete()
    messages.success(request, f"The token {token} is no longer good.")
    return redirect("account")


def _page(request: HttpRequest, *, token: str = "") -> HttpResponse:
    person = _person(request)
    context = {
        "role": role_of(person),
        "tokens": person.api_tokens.order_by("-pk"),
        "token": token,
        "scopes": [(word, label) for word, label, _scopes in SCOPES],
        "lengths": LENGTHS,
        "now": timezone.now(),
    }
    response = render(request, "account/show.html", context)
    add_never_cache_headers(response)
    return response


def _person(request: HttpRequest) -> User:
    """Return who asks; LoginRequiredMiddleware lets nobody else come this far."""
    return cast("User", request.user)
