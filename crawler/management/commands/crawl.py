"""`./run crawl`: crawls in the terminal."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

EXAMPLES = """
examples:
  ./run crawl https://example.com/ --pages 50 -o pages.jsonl
  ./run crawl https://example.com/shop/ --scope prefix --row .product \\
      --field name=css:h2 --field price=css:.price -O products.csv
  ./run crawl --resume 12
"""


class Command(BaseCommand):
    """Crawls a site now, in this terminal, with the same engine and the same politeness as the service."""

    help = "Crawl now, in this terminal. Items go to standard output as JSON lines, or to a file."
    requires_system_checks = ()
    suppressed_base_arguments = {
        "--version",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--no-color",
        "--force-color",
        "--skip-checks",
        "--traceback",
    }

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run crawl"
        parser.error = _refuse  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        for names, options in OPTIONS:
            parser.add_argument(*names, **options)

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services import terminal

        names = terminal.Asked.__slots__
        given = {name: options[name] for name in names}
        repeated = {name: tuple(options[name]) for name in ("urls", "sitemaps", "fields", "keys")}
        sys.exit(terminal.crawl(terminal.Asked(**given | repeated)))


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"crawl: {message}\n")
    sys.exit(2)


def _repeated(name: str, metavar: str, text: str) -> dict[str, Any]:
    return {"dest": name, "metavar": metavar, "help": text, "action": "append", "default": []}


OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("urls",), {"nargs": "*", "metavar": "URL", "help": "where to start"}),
    (("--pages",), {"metavar": "N", "help": "fetch at most N pages (default: 10,000)"}),
    (("--depth",), {"metavar": "N", "help": "follow links at most N clicks from the start"}),
    (
        ("--sitemap",),
        _repeated("sitemaps", "URL", "begin with what this sitemap or feed lists, too; repeatable"),
    ),
    (
        ("--robots-sitemaps",),
        {"action": "store_true", "help": "begin with the sitemaps that robots.txt names"},
    ),
    (("--scope",), {"metavar": "WORD", "help": "stay within page, prefix, host (default) or domain"}),
    (("--delay",), {"metavar": "SECONDS", "help": "between two requests to a host (default: 1)"}),
    (("--connections",), {"metavar": "N", "help": "to a host at once (default: 1, or 16 without delay)"}),
    (("--no-robots",), {"action": "store_true", "help": "do not ask robots.txt (for your own sites)"}),
    (("--cookies",), {"action": "store_true", "help": "send back the cookies that sites set"}),
    (("--scraper",), {"metavar": "NAME", "help": "what reads the pages (default: auto)"}),
    (("--field",), _repeated("fields", "NAME=css:SELECTOR", "declare a field of the items; repeatable")),
    (("--row",), {"metavar": "SELECTOR", "help": "one item for each match, with the fields inside it"}),
    (("--key",), _repeated("keys", "FIELD", "items with the same value are one; repeatable")),
    (
        ("-o",),
        {"dest": "append", "metavar": "FILE", "help": "append to FILE (.jsonl, .ndjson, .json, .csv)"},
    ),
    (("-O",), {"dest": "replace", "metavar": "FILE", "help": "replace FILE when the crawl ends"}),
    (("--resume",), {"metavar": "RUN", "help": "go on with a run that was interrupted"}),
    (("--quiet",), {"action": "store_true", "help": "show no progress and no summary"}),
)
