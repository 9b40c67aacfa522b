"""`demo_target`: registers the demo shop and starts a first run, as `up --demo` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crawler.services import demo, targets
from crawler.services.terminal import Refusal, registering

if TYPE_CHECKING:
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
            target = demo.register(owner=registering.owner_of(user), url=url, now=now)
        except (Refusal, targets.InvalidTarget) as error:
            raise CommandError(str(error), returncode=2) from None
        run = demo.crawl(target, now=now)
        self.stdout.write(f"target {target.pk}, run {run.pk}" if run else f"target {target.pk}")
