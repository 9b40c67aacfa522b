"""`./run keep`: how long a target keeps earlier versions of its pages."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run keep 3
  ./run keep 3 --versions 5 --days 90
  ./run keep 3 --megabytes 500 --save
  ./run keep 3 --judge-again
"""


class Command(BaseCommand):
    """Tells what a target keeps of its pages' earlier versions, and what other bounds would free."""

    help = (
        "Tell what is kept of pages' earlier versions, and what other bounds would free; --save saves them."
    )
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run keep"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", help="the number of the target")
        parser.add_argument("--versions", metavar="N", help="at most N versions of a page, with the newest")
        parser.add_argument("--days", metavar="N", help="for N days since a newer version took its place")
        parser.add_argument(
            "--megabytes", metavar="N", help="at most N MB of all earlier versions, as stored"
        )
        parser.add_argument("--save", action="store_true", help="save these bounds with the target")
        parser.add_argument(
            "--judge-again",
            action="store_true",
            help="have earlier changes judged by what the target ignores now",
        )
        parser.add_argument("--json", action="store_true", help="print it as a line of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, keeping

        try:
            if options["judge_again"]:
                self.stdout.write(keeping.judge_again(options["target"]))
                return
            kept = keeping.keep(options["target"], options, saves=options["save"])
        except Refusal as refusal:
            self.stderr.write("\n".join(f"keep: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        if options["json"]:
            self.stdout.write(keeping.document(kept).decode())
        else:
            self.stdout.write("\n".join(keeping.lines(kept)))
