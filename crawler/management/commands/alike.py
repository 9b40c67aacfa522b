"""`./run alike`: prints which stored pages are near copies of each other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Reads the stored pages of a target and prints the groups of near copies among them."""

    help = "Print which stored pages of a target are near copies of each other."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run alike"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", help="the number of the target")
        parser.add_argument("--json", action="store_true", help="print a line of JSON for each group")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, alike

        try:
            found = alike.find(options["target"], say=self._progress)
        except Refusal as refusal:
            self.stderr.write("\n".join(f"alike: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except KeyboardInterrupt:
            self.stderr.write("alike: interrupted; what was read is not read again")
            sys.exit(130)
        if options["json"]:
            self.stdout.write(
                "".join(f"{alike.document(group).decode()}\n" for group in found.groups), ending=""
            )
        else:
            self.stdout.write("\n".join(alike.lines(found)))

    def _progress(self, line: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{line}", ending="")
        else:
            self.stderr.write(f"alike: {line}")  # a step takes seconds, so a log has not too many of them
        self.stderr.flush()
