"""What was typed after `./run crawl`: as a target's settings, or as lines that say what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crawler.services.drafts import Problem

CONNECTIONS_WITHOUT_DELAY: Final = 16
SETTINGS: Final[Mapping[str, str]] = {
    "max_pages": "--pages",
    "max_depth": "--depth",
    "sitemaps": "--sitemap",
    "robots_sitemaps": "--robots-sitemaps",
    "scope": "--scope",
    "delay_seconds": "--delay",
    "connections": "--connections",
    "obey_robots": "--no-robots",
    "cookies": "--cookies",
    "scraper": "--scraper",
    "fields": "--field",
    "row": "--row",
    "key": "--key",
}
"""The option of each setting that has one."""


class Refusal(Exception):
    """The terminal does not crawl: what to say, a line for each reason, and the exit status."""

    def __init__(self, *lines: str, status: int = 2) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, word for word; None or empty where something was left out."""

    urls: tuple[str, ...] = ()
    pages: str | None = None
    depth: str | None = None
    sitemaps: tuple[str, ...] = ()
    robots_sitemaps: bool = False
    scope: str | None = None
    delay: str | None = None
    connections: str | None = None
    no_robots: bool = False
    cookies: bool = False
    scraper: str | None = None
    fields: tuple[str, ...] = ()
    row: str | None = None
    keys: tuple[str, ...] = ()
    append: str | None = None
    replace: str | None = None
    resume: str | None = None
    quiet: bool = False


def settings_of(asked: Asked) -> dict[str, object]:
    """Return the settings of the target that `asked` describes, not checked yet. Raises Refusal."""
    if not asked.urls:
        raise Refusal("URL: say where to start, such as https://example.org/, or which run to --resume")
    problems: list[str] = []
    given: dict[str, object] = {
        "max_pages": _read(asked.pages, int, "--pages: must be a whole number", problems),
        "max_depth": _read(asked.depth, int, "--depth: must be a whole number", problems),
        "sitemaps": list(asked.sitemaps) or None,
        "robots_sitemaps": asked.robots_sitemaps or None,
        "scope": asked.scope,
        "delay_seconds": _read(asked.delay, float, "--delay: must be a number of seconds", problems),
        "connections": _read(asked.connections, int, "--connections: must be a whole number", problems),
        "obey_robots": False if asked.no_robots else None,
        "cookies": asked.cookies or None,
        "fields": _fields(asked.fields, problems) or None,
        "scraper": asked.scraper or ("fields" if asked.fields else None),
        "row": asked.row,
        "key": list(asked.keys) or None,
    }
    if problems:
        raise Refusal(*problems)
    if given["delay_seconds"] == 0 and given["connections"] is None:
        given["connections"] = CONNECTIONS_WITHOUT_DELAY
    chosen = {name: value for name, value in given.items() if value is not None}
    return {"name": "terminal", "start_urls": list(asked.urls), **chosen}


def _read(
    word: str | None, kind: Callable[[str], int | float], wrong: str, problems: list[str]
) -> int | float | None:
    if word is None:
        return None
    try:
        return kind(word)
    except ValueError:
        problems.append(f"{wrong}, not {word!r}")
        return None


def _fields(words: Iterable[str], problems: list[str]) -> dict[str, Any]:
    """Read `name=css:h1`, where the part after `=` may also be a declared field as JSON."""
    fields: dict[str, Any] = {}
    for word in words:
        name, equals, declared = (part.strip() for part in word.partition("="))
        if not (name and equals and declared):
            problems.append(f"--field: {word!r} is not of the form name=css:selector")
        elif name in fields:
            problems.append(f"--field: {name} is declared twice")
        else:
            fields[name] = _declared(name, declared, problems)
    return fields


def _declared(name: str, declared: str, problems: list[str]) -> Any:
    if not declared.startswith("{"):
        return declared
    try:
        return orjson.loads(declared)
    except orjson.JSONDecodeError as error:
        problems.append(f"--field: {name} is not valid JSON: {error}")
        return declared


def run_number(asked: Asked) -> int:
    """Return the run to resume. Raises Refusal when the word is no number or a setting goes with it."""
    extra = [option for option, value in _not_for_resuming(asked) if value]
    if extra:
        raise Refusal(*(f"{option}: a run keeps the settings it began with" for option in extra))
    word = asked.resume or ""
    if not (word.isascii() and word.isdecimal() and len(word) < 19):
        raise Refusal(f"--resume: must be the number of a run, not {word!r}")
    return int(word)


def _not_for_resuming(asked: Asked) -> tuple[tuple[str, object], ...]:
    return (
        ("URL", asked.urls),
        ("--pages", asked.pages),
        ("--depth", asked.depth),
        ("--sitemap", asked.sitemaps),
        ("--robots-sitemaps", asked.robots_sitemaps),
        ("--scope", asked.scope),
        ("--delay", asked.delay),
        ("--connections", asked.connections),
        ("--no-robots", asked.no_robots),
        ("--cookies", asked.cookies),
        ("--scraper", asked.scraper),
        ("--field", asked.fields),
        ("--row", asked.row),
        ("--key", asked.keys),
    )


def lines_of(problems: Iterable[Problem], *, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return one line for each problem of a target's settings, named by the option it came from."""
    return tuple(dict.fromkeys(f"{_place(problem.field, urls)}: {problem.message}" for problem in problems))


def _place(path: str, urls: tuple[str, ...]) -> str:
    """Return the option of a field's path: `fields.price.css` is `--field price`."""
    name, _, rest = path.partition(".")
    if name == "start_urls":
        return f"URL {urls[int(rest)]}" if rest.isdecimal() and len(urls) > 1 else "URL"
    option = SETTINGS.get(name, name)
    return f"{option} {rest.partition('.')[0]}" if name == "fields" and rest else option
