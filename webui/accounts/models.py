"""People's roles, and API tokens: what may act for a person, and how far."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from datetime import datetime

PREFIX_LENGTH = 12
READ, WRITE = "read", "write"
SCOPES = (READ, WRITE)


class Role(models.TextChoices):
    """What a person may do, from the least on."""

    VIEWER = "viewer", "viewer"
    OPERATOR = "operator", "operator"
    ADMINISTRATOR = "administrator", "administrator"


class Membership(models.Model):
    """The role of a person who is no administrator; administrators are Django's superusers."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="membership"
    )
    role = models.CharField(
        max_length=20,
        choices=[(role.value, role.label) for role in (Role.VIEWER, Role.OPERATOR)],
        default=Role.VIEWER,
    )

    def __str__(self) -> str:
        return self.role


class ApiToken(models.Model):
    """One API token: only its beginning and its SHA-256 are kept.

    The token itself has 256 random bits, so a plain hash is enough and can be looked up.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True, default="")
    prefix = models.CharField(max_length=PREFIX_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @classmethod
    def issue(
        cls, *, user_id: int, scopes: list[str], name: str = "", expires_at: datetime | None = None
    ) -> tuple[Self, str]:
        """Store a new token and return it with its text, which cannot be had again."""
        text = f"trawl_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(
            user_id=user_id,
            name=name,
            scopes=scopes,
            prefix=text[:PREFIX_LENGTH],
            digest=digest(text),
            expires_at=expires_at,
        )
        return token, text


def digest(text: str) -> str:
    """Return what is stored of a token's text."""
    return hashlib.sha256(text.encode()).hexdigest()
