"""What was typed after `./run crawl`: as a target's settings, or as lines that say what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.services.seeds import LAST_RUN
from crawler.services.terminal import access
from crawler.services.terminal.sources import Sources
from scrapers.fields.selectors import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crawler.services.drafts import Problem

CONNECTIONS_WITHOUT_DELAY: Final = 16
SETTINGS: Final[Mapping[str, str]] = {
    "max_pages": "--pages",
    "max_depth": "--depth",
    "sitemaps": "--sitemap",
    "robots_sitemaps": "--robots-sitemaps",
    "sitemaps_since": "--sitemaps-since",
    "scope": "--scope",
    "include": "--include",
    "exclude": "--exclude",
    "traps": "--trap",
    "delay_seconds": "--delay",
    "connections": "--connections",
    "obey_robots": "--no-robots",
    "http2": "--http2",
    "user_agent": "--user-agent",
    "headers": "--header",
    "cookies": "--cookies",
    "proxies": "--proxy",
    **{f"login.{key}": option for key, option in access.LOGIN.items()},
    "scraper": "--scraper",
    "options": "--option",
    "fields": "--field",
    "row": "--row",
    "key": "--key",
}
"""The option of each setting that has one."""
WORDS: Final[Mapping[str, str]] = {
    "max_pages": "pages",
    "max_depth": "depth",
    "delay_seconds": "delay",
    "obey_robots": "no_robots",
    "key": "keys",
    **{f"login.{key}": option[2:].replace("-", "_") for key, option in access.LOGIN.items()},
}
"""The field of `Asked` of each setting that has another name there."""
AT_THE_START: Final[Mapping[str, str]] = {
    "urls": "URL",
    **{WORDS.get(name, name): option for name, option in SETTINGS.items()},
    "declaration": "--fields",
}
"""The options that a run keeps from its beginning."""
DECLARED: Final = ("fields", "row", "options", "scraper")
"""What a file of declared records may hold."""
NAMED_PARTS: Final = ("fields", "headers", "options", "traps")
"""The settings whose parts are given one by one, each with its name."""


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
    sitemaps_since: str | None = None
    scope: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    delay: str | None = None
    connections: str | None = None
    no_robots: bool = False
    http2: bool = False
    user_agent: str | None = None
    headers: tuple[str, ...] = field(default=(), repr=False)
    cookies: bool = False
    proxies: tuple[str, ...] = field(default=(), repr=False)
    login_url: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    user_field: str | None = None
    password_field: str | None = None
    check_url: str | None = None
    check_text: str | None = None
    logged_out: str | None = None
    scraper: str | None = None
    options: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    declaration: str | None = None
    row: str | None = None
    keys: tuple[str, ...] = ()
    append: str | None = None
    replace: str | None = None
    resume: str | None = None
    quiet: bool = False


def settings_of(asked: Asked, sources: Sources | None = None) -> dict[str, object]:
    """Return the settings of the target that `asked` describes, not checked yet. Raises Refusal.

    Secrets are read from where `sources` find them.
    """
    if not asked.urls:
        raise Refusal("URL: say where to start, such as https://example.org/, or which run to --resume")
    problems: list[str] = []
    given = _reach(asked, problems) | reading(asked, problems)
    given |= access.settings(asked, sources or Sources(), problems)
    if problems:
        raise Refusal(*problems)
    if given["delay_seconds"] == 0 and given["connections"] is None:
        given["connections"] = CONNECTIONS_WITHOUT_DELAY
    chosen = {name: value for name, value in given.items() if value is not None}
    return {"name": "terminal", "start_urls": list(asked.urls), **chosen}


def _reach(asked: Asked, problems: list[str]) -> dict[str, object]:
    """Return what says which pages are asked for, and how; None for what was left out."""
    return {
        "max_pages": _read(asked.pages, int, "--pages: must be a whole number", problems),
        "max_depth": _read(asked.depth, int, "--depth: must be a whole number", problems),
        "sitemaps": list(asked.sitemaps) or None,
        "robots_sitemaps": asked.robots_sitemaps or None,
        "sitemaps_since": _since(asked.sitemaps_since, problems),
        "scope": asked.scope,
        "include": list(asked.include) or None,
        "exclude": list(asked.exclude) or None,
        "traps": _traps(asked.traps, problems) or None,
        "delay_seconds": _read(asked.delay, float, "--delay: must be a number of seconds", problems),
        "connections": _read(asked.connections, int, "--connections: must be a whole number", problems),
        "obey_robots": False if asked.no_robots else None,
        "http2": asked.http2 or None,
        "user_agent": asked.user_agent,
        "cookies": asked.cookies or None,
    }


def reading(asked: Asked, problems: list[str]) -> dict[str, object]:
    """Return what says how pages are read, None for what was left out; add to `problems` what is wrong."""
    declared = _declaration(asked.declaration, problems) if asked.declaration else {}
    fields = declared.pop("fields", {})
    own = _fields(asked.fields, problems)
    if isinstance(fields, dict):
        problems += [f"--field: {name} is in {asked.declaration} too" for name in own if name in fields]
        fields = {**fields, **own}
    scraper = "fields" if asked.fields or asked.declaration else None
    given = {
        "fields": fields or None,
        "scraper": asked.scraper or scraper,
        "options": _options(asked.options, problems) or None,
        "row": asked.row,
        "key": list(asked.keys) or None,
    }
    return given | {name: value for name, value in declared.items() if given.get(name) is None}


def _declaration(path: str, problems: list[str]) -> dict[str, Any]:
    """Read a file with what `GET /api/v1/schemas/fields` describes: the fields, and what belongs to them."""
    try:
        said = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        problems.append(f"--fields: {path} cannot be read: {error.strerror}")
        return {}
    except orjson.JSONDecodeError as error:
        problems.append(f"--fields: {path} is not valid JSON: {error}")
        return {}
    if not isinstance(said, dict) or "fields" not in said:
        problems.append(
            f"--fields: {path} must hold an object with {', '.join(DECLARED[:3])}; fields has to be there"
        )
        return {}
    unknown = sorted(set(said) - set(DECLARED))
    problems += [
        f"--fields: {name} in {path} is unknown; known are {', '.join(DECLARED)}" for name in unknown
    ]
    return {name: value for name, value in said.items() if name in DECLARED}


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


def _since(word: str | None, problems: list[str]) -> str | None:
    if word is not None and word.replace(" ", "_").lower() == LAST_RUN:
        problems.append(
            "--sitemaps-since: a crawl in the terminal knows no run before it; "
            "give an age such as 7d, or a date such as 2026-01-31"
        )
    return word


def _traps(words: Iterable[str], problems: list[str]) -> dict[str, int | None]:
    """Read `variants=500`; `none`, and 0, for no bound of this kind."""
    bounds: dict[str, int | None] = {}
    for word in words:
        name, equals, number = (part.strip() for part in word.partition("="))
        if not (name and equals and number):
            problems.append(f"--trap: {word!r} is not of the form variants=500")
        elif name in bounds:
            problems.append(f"--trap: {name} is given twice")
        elif number in {"none", "0"}:
            bounds[name] = None
        else:
            bounds[name] = _whole(number, f"--trap {name}: must be a whole number or none", problems)
    return bounds


def _whole(word: str, wrong: str, problems: list[str]) -> int | None:
    found = _read(word, int, wrong, problems)
    return None if found is None else int(found)


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


def _options(words: Iterable[str], problems: list[str]) -> dict[str, Any]:
    """Read `links=true`; what is not true or false is a word."""
    options: dict[str, Any] = {}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not (name and equals and value):
            problems.append(f"--option: {word!r} is not of the form links=true")
        elif name in options:
            problems.append(f"--option: {name} is given twice")
        else:
            options[name] = {"true": True, "false": False}.get(value, value)
    return options


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
    extra = [option for name, option in AT_THE_START.items() if getattr(asked, name)]
    if extra:
        raise Refusal(*(f"{option}: a run keeps the settings it began with" for option in extra))
    word = asked.resume or ""
    if not (word.isascii() and word.isdecimal() and len(word) < 19):
        raise Refusal(f"--resume: must be the number of a run, not {word!r}")
    return int(word)


def lines_of(problems: Iterable[Problem], *, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return one line for each problem of a target's settings, named by the option it came from."""
    return tuple(dict.fromkeys(f"{_place(problem.field, urls)}: {problem.message}" for problem in problems))


def _place(path: str, urls: tuple[str, ...]) -> str:
    """Return the option of a field's path: `fields.price.css` is `--field price`.

    What is wrong inside of a field has its place there, too: `--field price.transform.0`. The kind of its own
    selector is left out, as `price=css:h1` says it and the message does.
    """
    name, _, rest = path.partition(".")
    if name == "start_urls":
        return f"URL {urls[int(rest)]}" if rest.isdecimal() and len(urls) > 1 else "URL"
    option = SETTINGS.get(path) or SETTINGS.get(name, name)
    if name not in NAMED_PARTS or not rest:
        return option
    part, _, inside = rest.partition(".")
    deeper = name == "fields" and inside and inside not in KINDS
    return f"{option} {part}.{inside}" if deeper else f"{option} {part}"
