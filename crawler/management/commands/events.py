"""`./run events`: prints what happened to targets and runs."""

from __future__ import annotations

import os
import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run events
  ./run events --target 3 --kind data.breach
  ./run events --kind run.held --last 1 | jq .data
"""


class Command(BaseCommand):
    """Prints events as lines of JSON, the newest last."""

    help = "Print what happened to targets and runs: ends, breaches, drifts, held runs; a line of JSON each."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run events"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", metavar="N", help="only of the target with this number")
        parser.add_argument("--run", metavar="N", help="only of the run with this number")
        parser.add_argument("--kind", metavar="KIND", help="only of this kind, such as run.held")
        parser.add_argument("--last", metavar="N", default="20", help="so many, the newest (20)")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, happened

        words = {name: options[name] for name in ("target", "run", "kind", "last")}
        try:
            for line in happened.tell(**words):
                self.stdout.write(line.decode())
        except Refusal as refusal:
            self.stderr.write("\n".join(f"events: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except BrokenPipeError:  # whoever read has enough; nothing is to be written at the end either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
