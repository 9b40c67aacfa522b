"""`./run items`: prints items as they are or were, and brings them back."""

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
  ./run items 3 > items.jsonl
  ./run items 3 --as-of 2026-01-31T12:00Z --format csv > january.csv
  ./run items 3 --removed
  ./run items 3 --key GAR-003 --field price
  ./run items 3 --key GAR-003 --restore 2
"""


class Command(BaseCommand):
    """Prints the items of a target, or the history of one, which it can bring back."""

    help = "Print a target's items, as they are or were at a moment; tell one item's history, or restore it."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run items"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="TARGET", help="the number of the target")
        parser.add_argument(
            "--format",
            default="jsonl",
            choices=("jsonl", "json", "csv", "markdown"),
            help="how they are written",
        )
        parser.add_argument("--as-of", metavar="TIME", help="those that there were then, as they were")
        parser.add_argument("--run", metavar="N", help="what this run saw, as it saw it")
        parser.add_argument(
            "--raw", action="store_true", help="CSV for machines: what looks like a formula stays as it is"
        )
        parser.add_argument(
            "--removed", action="store_true", help="those that are not there any more, and since when"
        )
        parser.add_argument("--key", metavar="KEY", help="tell what the item with this key said, and when")
        parser.add_argument(
            "--field", default="", metavar="NAME", help="with --key: only when this field changed"
        )
        parser.add_argument(
            "--restore",
            nargs="?",
            const="",
            metavar="VERSION",
            help="with --key: bring back what a version, or it at a TIME, said; without, a removed item",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal

        try:
            if options["removed"]:
                self._removed(options)
            elif options["key"] is None:
                self._export(options)
            else:
                self._one(options)
        except Refusal as refusal:
            self.stderr.write("\n".join(f"items: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        except BrokenPipeError:  # whoever read has enough; nothing is to be written at the end either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _export(self, options: dict[str, Any]) -> None:
        from crawler.services.terminal import Refusal, items

        if options["restore"] is not None or options["field"]:
            raise Refusal("--key: name the item that is meant; exports have each item's key as _key")
        found = items.export(
            options["target"],
            form=options["format"],
            run=options["run"],
            as_of=options["as_of"],
            raw=options["raw"],
        )
        for chunk in found:
            self.stdout.write(chunk.decode(), ending="")

    def _removed(self, options: dict[str, Any]) -> None:
        from crawler.services.terminal import Refusal, items

        others = ("as_of", "run", "key", "restore")
        if (
            options["field"]
            or options["format"] != "jsonl"
            or any(options[name] is not None for name in others)
        ):
            raise Refusal("--removed: prints lines of JSON, and goes with no other option")
        for line in items.removed(options["target"]):
            self.stdout.write(line.decode())

    def _one(self, options: dict[str, Any]) -> None:
        from crawler.services.terminal import items

        item = items.find(options["target"], options["key"])
        if options["restore"] is not None:
            self.stdout.write(items.restore(item, options["restore"]))
            return
        for line in items.history(item, field=options["field"]):
            self.stdout.write(line.decode())
