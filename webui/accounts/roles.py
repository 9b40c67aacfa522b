"""What people may do: viewers read, operators work, administrators look after people and everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from webui.accounts.models import Membership, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RANKS: Final = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMINISTRATOR: 2}
_MARK: Final = "least_role"
NOT_ENOUGH: Final = "this needs the role of {needed}, and yours is {role}; an administrator can give it"


def role_of(user: AbstractBaseUser | AnonymousUser) -> Role:
    """Return a person's role; who was given none reads."""
    if getattr(user, "is_superuser", False):
        return Role.ADMINISTRATOR
    membership: Membership | None = getattr(user, "membership", None)
    return Role(membership.role) if membership else Role.VIEWER


def may(user: AbstractBaseUser | AnonymousUser, needed: Role) -> bool:
    return _RANKS[role_of(user)] >= _RANKS[needed]


def refusal(user: AbstractBaseUser | AnonymousUser, needed: Role) -> str:
    """Return why `user` may not do what needs the role `needed`."""
    return NOT_ENOUGH.format(needed=needed.label, role=role_of(user).label)


def least(role: Role) -> Callable[[View], View]:
    """Mark a view with the least role that it is for, whatever the method."""

    def marked(view: View) -> View:
        setattr(view, _MARK, role)
        return view

    return marked


class People(ModelBackend):
    """Loads each person with their role, so that asking for it costs no query of its own."""

    def get_user(self, user_id: Any) -> User | None:
        found = User.objects.select_related("membership").filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None


class RoleMiddleware:
    """Keeps every page from those whose role is not enough.

    Reading is for everybody who is signed in, all else for operators, the admin for administrators;
    a view that is marked with `least` says otherwise. Views that judge their callers by themselves,
    as the API does, are left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: object, _kwargs: object
    ) -> None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return
        needed = _needed(request, view)
        if not may(request.user, needed):
            raise PermissionDenied(refusal(request.user, needed))


def _needed(request: HttpRequest, view: Callable[..., Any]) -> Role:
    place = request.resolver_match
    if place is not None and "admin" in place.namespaces:
        return Role.ADMINISTRATOR
    by_method = Role.VIEWER if request.method in SAFE_METHODS else Role.OPERATOR
    return getattr(view, _MARK, by_method)


def rights(request: HttpRequest) -> dict[str, bool]:
    """Tell templates which buttons are of use to whom."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"may_work": False, "may_administer": False}
    return {"may_work": may(user, Role.OPERATOR), "may_administer": may(user, Role.ADMINISTRATOR)}
