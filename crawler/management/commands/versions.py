"""`./run versions`: prints what a page was, and what changed."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from crawler.models import Page

EXAMPLES = """
examples:
  ./run versions http://127.0.0.1:8001/product/two-person-tent/
  ./run versions http://127.0.0.1:8001/product/two-person-tent/ --compare now
  ./run versions 17 --compare now --since 4 --json
  ./run versions 17 --body 4 > page.html
"""


class Command(BaseCommand):
    """Lists the versions of a page, prints one of them, or compares two."""

    help = "Print what a page is and was, newest first, or how its text changed."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run versions"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL", help="the address of a stored page, or its number")
        parser.add_argument("--target", metavar="N", help="the number of the target, where several have it")
        parser.add_argument("--compare", metavar="VERSION", help="what changed up to a version, or now")
        parser.add_argument("--since", metavar="VERSION", help="with --compare: from this version on")
        parser.add_argument(
            "--ignored", action="store_true", help="with --compare: what the target ignores, too"
        )
        parser.add_argument("--body", metavar="VERSION", help="print the stored bytes of a version")
        parser.add_argument("--json", action="store_true", help="print lines of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        from crawler.services.terminal import Refusal, versions

        try:
            page = versions.page_of(options["url"], target=options["target"])
            if options["body"] is not None:
                self.stdout.flush()
                sys.stdout.buffer.write(versions.body(page, options["body"]))
            elif options["compare"] is not None:
                self._compare(page, options)
            else:
                self._list(page, as_json=options["json"])
        except Refusal as refusal:
            self.stderr.write("\n".join(f"versions: {line}" for line in refusal.lines))
            sys.exit(refusal.status)

    def _list(self, page: Page, *, as_json: bool) -> None:
        from crawler.services.terminal import versions

        found = versions.history(page)
        for line in (versions.document(one).decode() for one in found) if as_json else versions.listed(found):
            self.stdout.write(line)

    def _compare(self, page: Page, options: dict[str, Any]) -> None:
        from crawler.services.terminal import versions

        asked = {"since": options["since"], "ignored": options["ignored"]}
        found = versions.compare(page, options["compare"], **asked)
        if options["json"]:
            self.stdout.write(orjson.dumps(asdict(found)).decode())
        else:
            self.stdout.write("\n".join(versions.told(found)))
        sys.exit(0 if found.is_empty else 1)
