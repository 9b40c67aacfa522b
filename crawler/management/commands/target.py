"""`./run target`: tells the settings of targets, and changes them."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run target
  ./run target 3
  ./run target 3 --set removed_after=2 --set 'quality={"min_items": 50}'
  ./run target 3 --set 'noise={"dates": true, "css": [".related"]}'
"""


class Command(BaseCommand):
    """Lists the targets; prints the settings of one, and changes those that are given."""

    help = "List the targets, print the settings of one, or change some of them."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run target"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", nargs="?", help="the number of a target")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="change this setting; the value is JSON or a text",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, settings

        try:
            told = settings.tell(options["target"], options["set"])
        except Refusal as refusal:
            self.stderr.write("\n".join(f"target: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        self.stdout.write(told)
