"""`./run suggest`: says what may be scraped from a page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from crawler.management.commands import crawl

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Looks at one page, fetched as a test fetch is, or stored, and proposes records with their fields."""

    help = "Suggest what to scrape from a page: rows, named and typed fields, and the next page."
    requires_system_checks = ()
    suppressed_base_arguments = crawl.Command.suppressed_base_arguments

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run suggest"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", nargs="?", metavar="URL", help="the page to look at")
        parser.add_argument(
            "--page", metavar="ID", type=int, help="a stored page instead: nothing is fetched"
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="print the settings of a target that reads the first candidate",
        )
        parser.add_argument(
            "--candidate",
            metavar="N",
            type=int,
            help="the Nth alone, with how each field is read and all samples; with --json, its settings",
        )
        parser.add_argument(
            "--behind",
            action="store_true",
            help="look at the page that the first record leads to, too, with one more request",
        )
        parser.add_argument(
            "--no-robots", action="store_true", help="do not ask robots.txt (for your own sites)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services import terminal

        asked = terminal.SuggestionAsked(
            **{name: options[name] for name in terminal.SuggestionAsked.__slots__}
        )
        sys.exit(terminal.suggest(asked))
