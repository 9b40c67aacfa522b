"""`./run data`: what the data of a run is like."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run data 12
  ./run data 12 --json | jq .breaches
"""


class Command(BaseCommand):
    """Tells the figures of a run's fields, which rules it breaks, and in what it looks otherwise."""

    help = "Tell what a finished run's data is like: figures of its fields, broken rules, differences."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run data"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", help="the number of a run")
        parser.add_argument("--json", action="store_true", help="print it as a line of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, data

        try:
            run = data.examined(options["run"])
        except Refusal as refusal:
            self.stderr.write("\n".join(f"data: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        told = data.document(run).decode() if options["json"] else "\n".join(data.lines(run))
        self.stdout.write(told)
        sys.exit(0 if data.as_it_should_be(run) else 1)
