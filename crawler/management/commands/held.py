"""`./run held`: runs that are held, and what is decided of them."""

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
  ./run held
  ./run held 12
  ./run held 12 --items | jq .changes
  ./run held 12 --accept
  ./run held 12 --proposals
  ./run held 12 --repair
  ./run held 12 --repair --take price=2 --take name=0
"""


DECISIONS = ("accept", "discard", "proposals", "repair")


class Command(BaseCommand):
    """Lists the runs that are held; shows, accepts, discards or repairs one."""

    help = "List the runs whose items are held because their data looks otherwise than before; decide on one."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run held"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", metavar="RUN", nargs="?", help="the number of a run: tell what is held of it"
        )
        decided = parser.add_mutually_exclusive_group()
        decided.add_argument(
            "--items",
            action="store_true",
            help="print its records beside the items as they are, a line of JSON each; decide nothing",
        )
        decided.add_argument(
            "--accept",
            action="store_true",
            help="publish it, or take it for usual; later runs are compared with it",
        )
        decided.add_argument(
            "--discard",
            action="store_true",
            help="drop it; the items stay as they are, the pages stay stored",
        )
        decided.add_argument(
            "--proposals",
            action="store_true",
            help="print what reads its broken fields, tried on its pages (5,000 at most), by number; "
            "decide nothing",
        )
        decided.add_argument(
            "--repair",
            action="store_true",
            help="save the first of what is proposed for each of its broken fields, read its pages again",
        )
        parser.add_argument(
            "--take",
            metavar="FIELD=N",
            action="append",
            default=[],
            help="with --repair: take that proposal for a field; 0 leaves the field as it is",
        )
        parser.add_argument(
            "--more",
            action="store_true",
            help="with --repair: take other rows also where they give more records than were known",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, apart, holding

        decision = next((word for word in DECISIONS if options[word]), "")
        try:
            lines = (
                (line.decode() for line in apart.lines(options["run"]))
                if options["items"]
                else holding.tell(options["run"], decision, take=options["take"], more=options["more"])
            )
            for line in lines:
                self.stdout.write(line)
        except Refusal as refusal:
            self.stderr.write("\n".join(f"held: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except BrokenPipeError:  # whoever read has enough; nothing is to be written at the end either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
