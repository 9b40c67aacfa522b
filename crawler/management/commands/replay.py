"""`./run replay`: reads the stored pages of a target again."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from crawler.management.commands.crawl import WHAT

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run replay 3 --field name=css:h1 --field price=css:.price
  ./run replay 3 --pages 100 --scraper article
  ./run replay 3 --field price=css:.cost --store
  ./run replay 3 --field price=css:.price --field stock=css:.stock --earlier --store
"""


class Command(BaseCommand):
    """Reads stored pages with other settings of a scraper, and tells what that would change."""

    help = "Read the stored pages of a target again, without asking the site; what is left out is as saved."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run replay"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", help="the number of the target")
        parser.add_argument("--pages", metavar="N", help="only N pages from all over the target")
        parser.add_argument(
            "--earlier", action="store_true", help="then the earlier versions of the pages that are kept, too"
        )
        parser.add_argument(
            "--store", action="store_true", help="save the settings with the target and update its items"
        )
        parser.add_argument("--json", action="store_true", help="print what was found as a line of JSON")
        for names, options in WHAT:
            parser.add_argument(*names, **options)

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Asked, Refusal, replaying

        asked = Asked(
            scraper=options["scraper"],
            options=tuple(options["options"]),
            fields=tuple(options["fields"]),
            declaration=options["declaration"],
            row=options["row"],
            keys=tuple(options["keys"]),
        )
        try:
            row = replaying.replay(
                options["target"],
                asked,
                pages=options["pages"],
                earlier=options["earlier"],
                stores=options["store"],
                say=self._progress,
            )
        except Refusal as refusal:
            self.stderr.write("\n".join(f"replay: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except KeyboardInterrupt:
            self.stderr.write("replay: cancelled; what was stored stays")
            sys.exit(130)
        if options["json"]:
            self.stdout.write(replaying.document(row).decode())
        else:
            self.stdout.write("\n".join(replaying.lines(row)))
        sys.exit(0 if row.state == "done" else 1)

    def _progress(self, line: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{line}", ending="")
            self.stderr.flush()
