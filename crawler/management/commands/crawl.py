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
  ./run crawl https://example.com/ --login-url https://example.com/login \\
      --user ada --password @env:SHOP_PASSWORD \\
      --check-url https://example.com/account --check-text 'Log out'
  ./run crawl --resume 12

* secrets: @env:NAME, @file:PATH or @- (standard input; at a keyboard it is asked for and not
  shown) instead of the value keep it out of the shell's history and the list of processes.
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
        parser.add_argument("urls", nargs="*", metavar="URL", help="where to start")
        for title, declared in GROUPS.items():
            group = parser.add_argument_group(title)
            for names, options in declared:
                group.add_argument(*names, **options)

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services import terminal

        names = terminal.Asked.__slots__
        given = {name: options[name] for name in names}
        repeated = {name: tuple(options[name]) for name in REPEATED}
        sys.exit(terminal.crawl(terminal.Asked(**given | repeated)))


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"crawl: {message}\n")
    sys.exit(2)


def _repeated(name: str, metavar: str, text: str) -> dict[str, Any]:
    return {"dest": name, "metavar": metavar, "help": text, "action": "append", "default": []}


Options = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]

WHERE: Options = (
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
    (
        ("--sitemaps-since",),
        {"metavar": "WHEN", "help": "of sitemaps only what changed since: 12h, 7d, 2w, 2026-01-31"},
    ),
    (("--scope",), {"metavar": "WORD", "help": "stay within page, prefix, host (default) or domain"}),
    (("--include",), _repeated("include", "PATTERN", "only URLs that match (RE2); repeatable")),
    (("--exclude",), _repeated("exclude", "PATTERN", "never URLs that match (RE2); repeatable")),
    (("--trap",), _repeated("traps", "BOUND=N", "a bound against traps, such as variants=500; repeatable")),
)
HOW: Options = (
    (("--delay",), {"metavar": "SECONDS", "help": "between two requests to a host (default: 1)"}),
    (("--connections",), {"metavar": "N", "help": "to a host at once (default: 1, or 16 without delay)"}),
    (("--no-robots",), {"action": "store_true", "help": "do not ask robots.txt (for your own sites)"}),
    (("--http2",), {"action": "store_true", "help": "speak HTTP/2 where the host offers it"}),
    (("--user-agent",), {"metavar": "TEXT", "help": "another User-Agent than Trawl's own"}),
    (("--header", "-H"), _repeated("headers", "'NAME: VALUE'", "send this header, too; repeatable *")),
    (("--cookies",), {"action": "store_true", "help": "send back the cookies that sites set"}),
    (("--proxy",), _repeated("proxies", "URL", "ask through this proxy; several take turns *")),
)
LOGIN: Options = (
    (("--login-url",), {"metavar": "URL", "help": "the page with the form; without it HTTP basic is used"}),
    (("--user",), {"metavar": "NAME", "help": "who logs in"}),
    (("--password",), {"metavar": "SECRET", "help": "with this password *"}),
    (("--token",), {"metavar": "SECRET", "help": "a bearer token instead *"}),
    (("--check-url",), {"metavar": "URL", "help": "a page that shows whether the login worked"}),
    (("--check-text",), {"metavar": "TEXT", "help": "what only who is logged in sees there"}),
    (("--logged-out",), {"metavar": "TEXT", "help": "what only strangers see on a page"}),
    (("--user-field",), {"metavar": "NAME", "help": "the form's input for the user, where it is not found"}),
    (("--password-field",), {"metavar": "NAME", "help": "the same for the password"}),
)
WHAT: Options = (
    (("--scraper",), {"metavar": "NAME", "help": "what reads the pages (default: auto)"}),
    (("--option",), _repeated("options", "NAME=VALUE", "tell the scraper, such as links=true; repeatable")),
    (("--field",), _repeated("fields", "NAME=css:SELECTOR", "declare a field of the items; repeatable")),
    (
        ("--fields",),
        {"dest": "declaration", "metavar": "FILE", "help": "declare fields by a file of JSON"},
    ),
    (("--row",), {"metavar": "SELECTOR", "help": "one item for each match, with the fields inside it"}),
    (("--key",), _repeated("keys", "FIELD", "items with the same value are one; repeatable")),
)
OUTPUT: Options = (
    (
        ("-o",),
        {"dest": "append", "metavar": "FILE", "help": "append to FILE (.jsonl, .ndjson, .json, .csv)"},
    ),
    (("-O",), {"dest": "replace", "metavar": "FILE", "help": "replace FILE when the crawl ends"}),
    (("--resume",), {"metavar": "RUN", "help": "go on with a run that was interrupted"}),
    (("--quiet",), {"action": "store_true", "help": "show no progress and no summary"}),
)
GROUPS: dict[str, Options] = {
    "which pages": WHERE,
    "how they are asked for": HOW,
    "login": LOGIN,
    "what is taken from them": WHAT,
    "where it goes": OUTPUT,
}
REPEATED = (
    "urls", "sitemaps", "include", "exclude", "traps", "headers", "proxies", "options", "fields", "keys",
)  # fmt: skip
