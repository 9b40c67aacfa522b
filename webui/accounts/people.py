"""Adds people, gives them roles, and takes both away."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from webui.accounts.models import Membership, Role
from webui.accounts.roles import role_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

LONGEST_NAME = 150


class NotPossible(Exception):
    """What was asked for would make no sense, or leave nobody who may put it right."""


def everybody() -> QuerySet[User]:
    return User.objects.select_related("membership").order_by("username", "pk")


def add(*, name: str, role: Role) -> tuple[User, str]:
    """Add a person; return them with their password, which nobody else knows. Raises NotPossible."""
    wanted, password = name.strip(), secrets.token_urlsafe(15)
    try:
        UnicodeUsernameValidator()(wanted)
    except ValidationError:
        raise NotPossible("a name has letters, digits and @ . + - _ and nothing else") from None
    if len(wanted) > LONGEST_NAME:
        raise NotPossible(f"a name has at most {LONGEST_NAME} characters")
    try:
        with transaction.atomic():
            person = User.objects.create_user(wanted, password=password)
            _put(person, role)
    except IntegrityError:
        raise NotPossible(f"there is a person named {wanted!r} already") from None
    logger.info("a person was added", extra={"person": wanted, "role": role.value})
    return person, password


@transaction.atomic
def give(*, person: User, role: Role) -> None:
    """Make `person` a viewer, operator or administrator; it holds from their next request on."""
    if role != Role.ADMINISTRATOR:
        _keep_one(person)
    _put(person, role)
    logger.info("a role was given", extra={"person": person.get_username(), "role": role.value})


@transaction.atomic
def switch(*, person: User, on: bool) -> None:
    """Let `person` in, or keep them and their tokens out from now on; what is theirs stays."""
    if not on:
        _keep_one(person)
    User.objects.filter(pk=person.pk).update(is_active=on)
    logger.info("a person was switched", extra={"person": person.get_username(), "on": on})


def new_password(*, person: User) -> str:
    """Give `person` a new password and end their sessions; nobody else knows it."""
    password = secrets.token_urlsafe(15)
    person.set_password(password)
    person.save(update_fields=["password"])
    logger.info("a password was made", extra={"person": person.get_username()})
    return password


def _put(person: User, role: Role) -> None:
    person.is_superuser = person.is_staff = role == Role.ADMINISTRATOR
    person.save(update_fields=["is_superuser", "is_staff"])
    kept = Role.OPERATOR if role == Role.ADMINISTRATOR else role
    person.membership = Membership.objects.update_or_create(user=person, defaults={"role": kept})[0]


def _keep_one(person: User) -> None:
    """Refuse to take away the last administrator."""
    active = list(User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk"))
    if role_of(person) == Role.ADMINISTRATOR and [found.pk for found in active] == [person.pk]:
        raise NotPossible(f"{person.get_username()} is the only administrator; make another one first")
