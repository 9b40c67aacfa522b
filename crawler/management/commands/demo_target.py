"""`demo_target`: registers the demo shop and starts a first run, as `up --demo` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crawler.services import demo, targets

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Registers the demo shop for somebody; called again, it only sees to the address."""

    help = "Register the demo shop as a target and crawl it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", required=True, help="where the shop is served")
        parser.add_argument("--user", default="", help="whose target (default: the first administrator's)")

    def handle(self, *_args: Any, url: str, user: str, **_options: Any) -> None:
        now = timezone.now()
        try:
            target = demo.register(owner=_owner(user), url=url, now=now)
        except targets.InvalidTarget as error:
            raise CommandError(str(error), returncode=2) from None
        run = demo.crawl(target, now=now)
        self.stdout.write(f"target {target.pk}, run {run.pk}" if run else f"target {target.pk}")


def _owner(name: str) -> User:
    people = get_user_model().objects
    found = people.filter(username=name) if name else people.filter(is_superuser=True).order_by("pk")
    owner = found.first()
    if owner is None:
        raise CommandError(
            f"there is no user {name!r}" if name else "there is no administrator", returncode=2
        )
    return owner
