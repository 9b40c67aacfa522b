"""The first administrator, so that a new installation can be signed in to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model

NAME = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Whom to sign in as."""

    name: str
    password: str


def make_first(password: str = "") -> Administrator | None:
    """Make an administrator where there is none yet; None when there is one.

    Without `password` one is generated; only the returned value knows it.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    taken = users.filter(username=NAME).exists()
    administrator = Administrator(
        name=f"{NAME}-{secrets.token_hex(3)}" if taken else NAME,
        password=password or secrets.token_urlsafe(15),
    )
    users.create_superuser(username=administrator.name, password=administrator.password)
    return administrator
