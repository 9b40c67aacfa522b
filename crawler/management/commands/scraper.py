"""`./run scraper`: scrapers, Trawl's and one's own: listed, tried on their cases, begun from a live page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from crawler import conf
from crawler.management.commands import crawl

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from crawler.services.scraping import Case

NO_FOLDER = "set TRAWL_SCRAPERS to a folder of yours, such as var/scrapers, and make it"


class Command(BaseCommand):
    """Looks after the Python scrapers of the folder that `TRAWL_SCRAPERS` names."""

    help = "Site scrapers: list them, test Trawl's and yours on their cases, make a new one from a live page."
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
    """Try the cases that come with Trawl for its site scrapers, then those of the folder of one's own."""
    from crawler.services import scraping
    from scrapers import folder

    own, name = folder.installed(), options["name"]
    failed = [_complain(f"{said.file}: {said.message}") for said in own.mistakes]
    places = [(folder.SHIPPED_CASES, "Trawl's own", list(scraping.shipped_cases(scraper=name)))]
    if own.path is not None:
        places.append((own.path / folder.CASES, "yours", list(scraping.cases(own.path, scraper=name))))
    if not any(found for *_place, found in places):
        return _complain(_no_cases([path for path, *_rest in places], name), status=2)
    for path, whose, found in places:
        if found or name is None:
            _say(f"{whose}, in {path}:" if found else f"{whose}: no cases in {path}")
        failed += [1 for case in found if not _passes(case, accept=options["accept"])]
    if own.path is None and name is None:
        _say(f"yours: none; for scrapers of your own, {NO_FOLDER}")
    return 1 if failed else 0


def _no_cases(places: list[Path], name: str | None) -> str:
    said = f"no cases{f' of {name}' if name else ''} in {' or '.join(map(str, places))}"
    return said if len(places) > 1 else f"{said}; for scrapers of your own, {NO_FOLDER}"


def _passes(case: Case, *, accept: bool) -> bool:
    """Try one case and tell how it went; with `accept`, what it reads otherwise is expected from now on."""
    from scrapers import registry

    if case.scraper not in {choice.name for choice in registry.names()}:
        _complain(f"{case.name}: there is no scraper named {case.scraper}")
        return False
    differences = case.differences()
    if differences and accept:
        case.accept()
        differences = case.differences()
    _say(f"{'FAILED' if differences else 'passed'} {case.name}")
    for line in differences:
        _say(f"    {line}")
    return not differences


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
