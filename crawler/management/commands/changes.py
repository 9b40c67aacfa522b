"""`./run changes`: prints or follows what becomes of items."""

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
  ./run changes
  ./run changes --target 3 --follow
  ./run changes --cursor 4711 | jq 'select(.kind == "removed")'
"""


class Command(BaseCommand):
    """Prints changes of items as lines of JSON, each once and in order."""

    help = "Print what became of items: new, changed field by field, removed, restored; a line of JSON each."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run changes"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", metavar="N", help="only of the target with this number")
        parser.add_argument("--cursor", metavar="N", help="only what comes after this change")
        parser.add_argument("--follow", action="store_true", help="go on with what comes until interrupted")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, following

        out = self.stdout
        found = following.follow(
            target=options["target"], cursor=options["cursor"], follows=options["follow"]
        )
        try:
            for line in found:
                out.write(line.decode(), ending="")
                if options["follow"]:
                    out.flush()
        except Refusal as refusal:
            self.stderr.write("\n".join(f"changes: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except KeyboardInterrupt:
            sys.exit(130)
        except BrokenPipeError:  # whoever read has enough; nothing is to be written at the end either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
