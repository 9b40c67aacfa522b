"""Prints a new API token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webui.accounts.models import SCOPES, ApiToken

if TYPE_CHECKING:
    from argparse import ArgumentParser

MOST_DAYS = 36_500


class Command(BaseCommand):
    """`./run token --user NAME`: makes a token and prints it, and nothing else."""

    help = "Print a new API token. It cannot be shown again."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="whose token it is")
        parser.add_argument(
            "--scopes", default=",".join(SCOPES), help="what it may do: read,write (default) or read"
        )
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--days", type=int, help="how long it is valid; without end when left out")

    def handle(self, *, user: str, scopes: str, name: str, days: int | None, **_options: Any) -> None:
        people = get_user_model()
        owner = people.objects.filter(**{people.USERNAME_FIELD: user}).first()
        if owner is None:
            raise CommandError(f"there is no user {user!r}", returncode=2)
        if not owner.is_active:
            raise CommandError(f"the user {user!r} is switched off", returncode=2)
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days must be between 1 and {MOST_DAYS:,}", returncode=2)
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        _token, text = ApiToken.issue(
            user_id=owner.pk, scopes=_scopes(scopes), name=name[:100], expires_at=expires_at
        )
        self.stdout.write(text)


def _scopes(text: str) -> list[str]:
    asked = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    unknown = [scope for scope in asked if scope not in SCOPES]
    if unknown or not asked:
        raise CommandError(f"--scopes must be of {', '.join(SCOPES)}, not {text!r}", returncode=2)
    return asked
