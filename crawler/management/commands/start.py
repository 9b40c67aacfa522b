"""`./run start`: has the service crawl a target now."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from crawler.models import Run

EXAMPLES = """
examples:
  ./run start 3
  ./run start 3 --wait && ./run items 3 --format csv > items.csv
"""


class Command(BaseCommand):
    """Starts a run of a target, as the button in the site does, and waits for it where that is asked for."""

    help = "Have the service crawl a target now; print the number of the run."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run start"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", help="the number of a target")
        parser.add_argument(
            "--priority", metavar="N", help="0 to 9, 9 the most urgent (default: the target's own)"
        )
        parser.add_argument("--wait", action="store_true", help="wait until the run has ended, and tell how")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, starting

        try:
            run = starting.start(options["target"], priority=options["priority"])
            self.stdout.write("\n".join(starting.begun(run)))
            if not options["wait"]:
                return
            run = self._attended(run)
        except Refusal as refusal:
            self.stderr.write("\n".join(f"start: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        self.stdout.write("\n".join(starting.ended(run)))
        if failed := starting.status(run):
            sys.exit(failed)

    def _attended(self, run: Run) -> Run:
        from crawler.services.terminal import starting

        try:
            return starting.attend(run, say=lambda line: self.stderr.write(f"start: {line}"))
        except KeyboardInterrupt:
            self.stderr.write(f"start: run {run.pk} goes on without this terminal")
            sys.exit(130)
