"""`./run target`: registers targets, tells and changes their settings, deletes them."""

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
  ./run target --new 'A shop' https://shop.example/ --set max_pages=500 --set 'tags=["shops"]'
  ./run target 3
  ./run target 3 --set removed_after=2 --set 'quality={"min_items": 50}'
  ./run target 3 --set 'noise={"dates": true, "css": [".related"]}'
  ./run target 3 > shop.json; ./run target --from shop.json
  ./run suggest https://shop.example/ --json | ./run target --from - --set name='A shop'
  ./run target 3 --delete
"""


class Command(BaseCommand):
    """Lists the targets; registers one, prints its settings, changes those that are given, deletes it."""

    help = "List the targets, register or delete one, print the settings of one, or change some of them."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run target"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("target", metavar="TARGET", nargs="?", help="the number of a target")
        chosen.add_argument(
            "--new",
            nargs="+",
            metavar=("NAME", "URL"),
            help="register a target of this name that starts at these addresses",
        )
        chosen.add_argument(
            "--from",
            metavar="FILE",
            dest="file",
            help="register the target that this file of JSON says, or make the one of its name that",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="give or change this setting; the value is JSON or a text",
        )
        parser.add_argument(
            "--user",
            default="",
            help="with --new and --from: whose target it is (default: the first administrator's)",
        )
        parser.add_argument("--delete", action="store_true", help="delete it, and cancel its runs")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, settings

        try:
            told = _done(options)
        except Refusal as refusal:
            self.stderr.write("\n".join(f"target: {line}" for line in refusal.lines))
            sys.exit(refusal.status)
        self.stdout.write(told)
        if options["target"] and options["set"]:
            for line in settings.warned(options["target"]):
                self.stderr.write(line)


def _done(options: dict[str, Any]) -> str:
    """Do what was asked for, and return what to say. Raises Refusal."""
    from crawler.services.terminal import Refusal, registering, settings

    number, new, file, words = options["target"], options["new"], options["file"], options["set"]
    if options["user"] and not (new or file):
        raise Refusal("--user: says whose a target is that is registered with --new or --from")
    if not options["delete"]:
        if file:
            return "\n".join(registering.put(file, words, user=options["user"]))
        if new:
            return "\n".join(registering.register(new, words, user=options["user"]))
        return settings.tell(number, words)
    if number is None or words:
        raise Refusal("--delete: name one target, and nothing else; ./run target lists them")
    return registering.delete(number)
