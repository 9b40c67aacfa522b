"""People with a role, for tests that sign in."""

from __future__ import annotations

from django.contrib.auth.models import User

from webui.accounts.models import Membership, Role


def operator(name: str) -> User:
    return _person(name, Role.OPERATOR)


def viewer(name: str) -> User:
    return _person(name, Role.VIEWER)


def _person(name: str, role: Role) -> User:
    person = User.objects.create_user(name)
    person.membership = Membership.objects.create(user=person, role=role)
    return person
