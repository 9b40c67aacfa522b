"""`./run scraper`: scrapers of one's own, listed, tried on their cases, and begun from a live page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from crawler import conf
from crawler.management.commands import crawl

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

NO_FOLDER = "set TRAWL_SCRAPERS to a folder of yours, such as var/scrapers, and make it"


class Command(BaseCommand):
    """Looks after the Python scrapers of the folder that `TRAWL_SCRAPERS` names."""

    help = "Scrapers of your own: list them, test them on their cases, make a new one from a live page."
    requires_system_checks = ()
    suppressed_base_arguments = crawl.Command.suppressed_base_arguments

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = "./run scraper"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("step", metavar="STEP", choices=("list", "test", "new"), help="list, test or new")
        parser.add_argument("name", nargs="?", metavar="NAME", help="which scraper; needed for new")
        parser.add_argument("url", nargs="?", metavar="URL", help="for new: a page that it is to read")
        parser.add_argument(
            "--accept", action="store_true", help="with test: let what is read now be what is expected"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        sys.exit(_STEPS[options["step"]](options))


def _list(_options: dict[str, Any]) -> int:
    from scrapers import folder, registry

    loaded = folder.installed()
    own = {scraper.name: file for file, scraper in loaded.scrapers}
    for choice in registry.names():
        _say(f"{choice.name:<24} {own.get(choice.name, 'Trawl'):<24} {choice.title}")
    for mistake in loaded.mistakes:
        _complain(f"{mistake.file}: {mistake.message}")
    return 1 if loaded.mistakes else 0


def _test(options: dict[str, Any]) -> int:
    from crawler.services import scraping
    from scrapers import folder, registry

    path = folder.installed().path
    if path is None:
        return _complain(NO_FOLDER, status=2)
    known = {choice.name for choice in registry.names()}
    failed = [_complain(f"{said.file}: {said.message}") for said in folder.installed().mistakes]
    cases = list(scraping.cases(path, scraper=options["name"]))
    if not cases:
        return _complain(f"no cases in {path / folder.CASES / (options['name'] or '')}", status=2)
    for case in cases:
        if case.scraper not in known:
            failed.append(_complain(f"{case.name}: there is no scraper named {case.scraper}"))
            continue
        if options["accept"]:
            case.accept()
        differences = case.differences()
        _say(f"{'FAILED' if differences else 'passed'} {case.name}")
        for line in differences:
            _say(f"    {line}")
        failed += [1] if differences else []
    return 1 if failed else 0


def _new(options: dict[str, Any]) -> int:
    from crawler.engine.findings import why_nothing
    from crawler.services import scraping, targets, terminal

    path = conf.crawl().scrapers_folder
    if not path or not Path(path).is_dir():
        return _complain(NO_FOLDER, status=2)
    if not (options["name"] and options["url"]):
        return _complain("new: say its name and the URL of a page, such as new my_shop https://…", status=2)
    try:
        terminal.prepare()
        made = scraping.make(Path(path), name=options["name"], url=options["url"])
    except (scraping.CannotMake, terminal.Refusal) as error:
        return _complain(str(error), status=2)
    except targets.InvalidTarget as error:
        return _complain("; ".join(problem.message for problem in error.problems), status=2)
    if isinstance(made, Path):
        _say(f"{made}: change it, then ./run scraper test {options['name']} --accept")
        return 0
    return _complain(f"{options['url']}: {why_nothing(made)}")


_STEPS = {"list": _list, "test": _test, "new": _new}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _complain(line: str, *, status: int = 1) -> int:
    sys.stderr.write(f"scraper: {line}\n")
    return status
