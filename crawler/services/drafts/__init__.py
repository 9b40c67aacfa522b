"""What a person asks of a target, checked whole before anything is stored."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from crawler import conf, trials
from crawler.models import Scope
from crawler.models.targets import DEFAULT_MAX_PAGES
from crawler.policy.addresses import BadAllow
from crawler.services import reach
from crawler.services.drafts import audience, feasibility, logins, promises, proxies, timing
from crawler.services.drafts.keys import KEYS, is_secret, shown_headers
from crawler.services.drafts.logins import HIDDEN
from crawler.services.drafts.logins import shown as shown_login
from crawler.services.drafts.proxies import shown as shown_proxies
from crawler.services.drafts.timing import ScheduleDraft, draft_of
from crawler.services.drafts.values import Wrong
from scrapers import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.models import Target

log = logging.getLogger(__name__)

__all__ = [
    "HIDDEN",
    "KEYS",
    "READING",
    "Draft",
    "InvalidTarget",
    "Problem",
    "ScheduleDraft",
    "draft_of",
    "is_secret",
    "read",
    "shown",
    "shown_headers",
    "shown_login",
    "shown_proxies",
    "warnings",
]

READING: Final = ("scraper", "options", "row", "fields")
"""The keys that together make a scraper: they are checked as one."""

PROMISES: Final = ("max_age_seconds", "refresh_per_day", "deadline")
"""The keys that promise something which depends on how long a run takes."""

MOST_NAMED: Final = 10
OUT_OF_REACH: Final = (
    "the start URL {url} is not on the public web, so no run contacts it; "
    "whoever runs Trawl can open its network and port, such as EGRESS_ALLOW=10.1.0.0/16:8080"
)
NO_WEB_PORT: Final = (
    "the start URL {url} has port {port}, which is none of the web's, so no run contacts it; "
    "whoever runs Trawl can open the port with EGRESS_ALLOW=*:{port}"
)

LIMIT_COUNTS: Final = " (the page limit counts until a run has shown how many pages there are)"
NO_KEY: Final = (
    "the records of a page are told apart by all that they say, so one whose price changes is another item "
    "without a history; name the fields that stay the same, such as link or sku"
)
NO_FILES: Final = (
    "the scope is the start URLs alone, so no picture or document that these pages lead to is fetched, and "
    "only a start URL that is a file itself gives an item; choose the scope prefix, host or domain"
)
FILE: Final = re.compile(r"\.(pdf|png|jpe?g|gif|webp|bmp|ico)$", re.IGNORECASE)
NOT_TRIED: Final = "could not be tried just now, so they were not saved; save again in a while"
NOT_YOURS: Final = "only the target's owner and administrators say whether it is shared"

DEFAULTS: Final[Mapping[str, Any]] = {
    "sitemaps": [],
    "robots_sitemaps": False,
    "sitemaps_since": "",
    "scope": Scope.HOST,
    "include": [],
    "exclude": [],
    "max_depth": None,
    "max_pages": DEFAULT_MAX_PAGES,
    "max_minutes": None,
    "traps": None,
    "deadline": None,
    "max_age_seconds": None,
    "refresh_per_day": None,
    "removed_after": None,
    "priority": 5,
    "delay_seconds": None,
    "connections": None,
    "adapt_pace": True,
    "http2": False,
    "obey_robots": True,
    "cookies": False,
    "proxies": [],
    "login": {},
    "headers": {},
    "user_agent": "",
    "scraper": "auto",
    "options": {},
    "fields": {},
    "row": "",
    "key": [],
    "quality": {},
    "keep": None,
    "noise": {},
    "tags": [],
    "enabled": True,
    "shared": False,
}
"""What holds for a key that is left out, or null where null means nothing else."""

_NULL_MEANS_NONE: Final = frozenset(key for key, value in DEFAULTS.items() if value is None) | {"max_pages"}


def shown(target: Target) -> dict[str, Any]:
    """Return the settings of `target` as people may see them: without its schedule, secrets hidden."""
    secret = {
        "headers": shown_headers(target.headers),
        "login": shown_login(target.login),
        "proxies": shown_proxies(target.proxies),
    }
    return {key: secret[key] if key in secret else getattr(target, key) for key in KEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one field: its path, such as `fields.price.css`, and what to do."""

    field: str
    message: str


class InvalidTarget(Exception):
    """Settings that cannot be stored, with every problem beside its field."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Settings that can be stored.

    `values` holds all columns, those left out as they were; `changed` names what was given.
    """

    values: Mapping[str, Any]
    changed: frozenset[str]
    schedule: ScheduleDraft | None
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """What a target holds before it is changed, and what its last complete run had."""

    values: Mapping[str, Any]
    schedule: ScheduleDraft | None
    last: feasibility.LastRun | None = None


def read(
    data: object, *, existing: Existing | None, may_hurry: bool, may_share: bool, now: datetime
) -> Draft:
    """Return the draft that `data` asks for; raises InvalidTarget.

    Only what is given is checked, so that an old setting that would be refused today does not
    keep a person from changing another. `may_hurry` allows a pace faster than the default,
    `may_share` to say whether others see the target, and to send its secrets elsewhere.
    """
    if not isinstance(data, dict):
        raise InvalidTarget((Problem(field="", message="must be an object"),))
    problems: list[Problem] = []
    values = dict(existing.values if existing else DEFAULTS)
    given = _read_given(data, values, problems)
    if existing is None:
        problems += [_missing(key) for key in ("name", "start_urls") if key not in data]
    schedule = _read_schedule(data, existing, now, problems)
    if not may_hurry:
        problems += _hurry(values, given, existing)
    if not may_share and existing and values["shared"] != existing.values["shared"]:
        problems.append(Problem(field="shared", message=NOT_YOURS))
    problems += _unreadable(values, given, existing)
    if not problems and given & {"login", "start_urls", "proxies"}:
        problems += _login_problems(data, values, existing)
    if not problems and not may_share and existing and given & {"start_urls", "proxies"}:
        found = audience.problems(data.get("headers"), values, existing.values)
        problems += [Problem(field=path, message=why) for path, why in found]
    if problems:
        raise InvalidTarget(tuple(problems))
    changed = frozenset(given | ({"schedule"} if "schedule" in data else set()))
    warned = warnings(values, schedule, last=existing.last if existing else None, now=now)
    return Draft(values=values, changed=changed, schedule=schedule, warnings=warned)


def _missing(key: str) -> Problem:
    return Problem(field=key, message="is required")


def _read_given(data: Mapping[object, object], values: dict[str, Any], problems: list[Problem]) -> set[str]:
    """Put what `data` gives into `values`; return the keys that could be read."""
    given: set[str] = set()
    for key, value in data.items():
        if key == "schedule":
            continue
        if not isinstance(key, str) or key not in KEYS:
            problems.append(Problem(field=str(key), message="is not a key of a target"))
            continue
        try:
            values[key] = _read_value(key, value, values)
        except Wrong as error:
            problems += _beside(key, error)
        else:
            given.add(key)
    return given


def _read_value(key: str, value: object, values: Mapping[str, Any]) -> object:
    if value is None and key in DEFAULTS and key not in _NULL_MEANS_NONE:
        return DEFAULTS[key]
    found = KEYS[key](value)
    if key == "login":
        return logins.unhide(found, values["login"] or {})
    if key == "proxies":
        return proxies.unhide(found, values["proxies"] or ())
    return _unhide(found, values["headers"]) if key == "headers" else found


def _unhide(headers: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Put the stored secrets where the placeholder for them was sent back."""
    known = {name.lower(): value for name, value in stored.items()}
    return {
        name: known.get(name.lower(), value) if value == HIDDEN and is_secret(name) else value
        for name, value in headers.items()
    }


def _read_schedule(
    data: Mapping[object, object], existing: Existing | None, now: datetime, problems: list[Problem]
) -> ScheduleDraft | None:
    before = existing.schedule if existing else None
    if "schedule" not in data:
        return before
    try:
        return timing.read(data["schedule"], existing=before, now=now)
    except Wrong as error:
        problems += _beside("schedule", error)
        return before


def _beside(key: str, error: Wrong) -> list[Problem]:
    return [
        Problem(field=f"{key}.{path}" if path else key, message=message) for path, message in error.problems
    ]


def _hurry(values: Mapping[str, Any], given: set[str], existing: Existing | None) -> list[Problem]:
    """Return a problem for each part of the pace that is changed to be faster than the default."""
    floor = conf.crawl().default_delay.total_seconds()
    delay, connections = values["delay_seconds"], values["connections"]
    faster = {
        "delay_seconds": (delay is not None and delay < floor, f"a delay below {floor:g} s"),
        "connections": (connections is not None and connections > 1, "more than one connection to a host"),
        "adapt_pace": (not values["adapt_pace"], "leaving slow hosts no more time"),
        "obey_robots": (not values["obey_robots"], "crawling without robots.txt"),
    }
    before = existing.values if existing else DEFAULTS
    return [
        Problem(
            field=key, message=f"{what} needs the permission to crawl faster; an administrator can grant it"
        )
        for key, (is_faster, what) in faster.items()
        if key in given and is_faster and values[key] != before[key]
    ]


def _login_problems(
    data: Mapping[Any, Any], values: Mapping[str, Any], existing: Existing | None
) -> list[Problem]:
    said = data.get("login")
    retyped = isinstance(said, dict) and HIDDEN not in said.values()
    before = existing.values if existing else None
    return [
        Problem(field=path, message=why) for path, why in logins.problems(values, before, retyped=retyped)
    ]


def _unreadable(values: Mapping[str, Any], given: set[str], existing: Existing | None) -> list[Problem]:
    """Return what is wrong with the scraper, its fields and the item key taken together."""
    problems: list[Problem] = []
    if existing is None or given.intersection(READING):
        problems += _scraper_problems(values)
    if values["scraper"] == "fields" and given.intersection({"key", "fields", "scraper"}):
        problems += [
            Problem(
                field=f"key.{index}", message=f"there is no field {name!r}; choose from the names in fields"
            )
            for index, name in enumerate(values["key"])
            if name not in values["fields"]
        ]
    return problems


def _scraper_problems(values: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the scraper. Selectors are tried in a process that can be ended."""
    settings = {name: values[name] for name in ("options", "row", "fields")}
    if values["scraper"] == "fields":
        return _tried({"name": "fields", **settings})
    hint = next(iter(values.get("start_urls", ())), None)
    try:
        registry.compile(name=values["scraper"], url_hint=hint, **settings)
    except registry.InvalidScraper as error:
        return [
            Problem(field="scraper" if path in {"", "name"} else path, message=message)
            for path, message in error.problems
        ]
    return []


def _tried(settings: Mapping[str, Any]) -> list[Problem]:
    try:
        found = trials.problems_of(settings)
    except trials.CannotTry:
        log.exception("selectors could not be tried")
        return [Problem(field="fields", message=NOT_TRIED)]
    return [Problem(field=path, message=message) for path, message in found]


def warnings(
    values: Mapping[str, Any],
    schedule: ScheduleDraft | None,
    *,
    last: feasibility.LastRun | None,
    now: datetime,
) -> tuple[Problem, ...]:
    """Return what can be stored but will not do what it seems to say; `last` is what the last run had."""
    found = [
        Problem(field=f"start_urls.{index}", message=why)
        for index, why in _out_of_reach(values["start_urls"])
    ]
    if _has_no_key(values):
        found.append(Problem(field="key", message=NO_KEY))
    if _fetches_no_files(values):
        found.append(Problem(field="scope", message=NO_FILES))
    if schedule:
        kept = feasibility.judged(schedule, values, last=last, now=now)
        if kept and kept.problem:
            guessed = last is None and values["scope"] != Scope.PAGE
            found.append(Problem(field="schedule", message=kept.problem + (LIMIT_COUNTS if guessed else "")))
    if any(values[key] for key in PROMISES):
        load = feasibility.load(values, last=last)
        told = {
            "max_age_seconds": promises.unkept(values["max_age_seconds"], schedule, load, now=now),
            "refresh_per_day": promises.unspendable(values["refresh_per_day"], load),
            "deadline": promises.unmet(values["deadline"], schedule, load, now=now),
        }
        found += [Problem(field=key, message=message) for key, message in told.items() if message]
    return tuple(found)


def _has_no_key(values: Mapping[str, Any]) -> bool:
    """Say whether rows of a page have only what they say to be known by; those of pages behind have these."""
    if values["scraper"] != "fields" or not values["row"] or values["key"]:
        return False
    return not any(isinstance(said, dict) and said.get("follow") for said in values["fields"].values())


def _fetches_no_files(values: Mapping[str, Any]) -> bool:
    """Say whether pages lead to files that are out of scope; a start URL may be a file itself."""
    if values["scraper"] != "files" or values["scope"] != Scope.PAGE or values["sitemaps"]:
        return False
    return not any(FILE.search(urlsplit(url).path) for url in values["start_urls"])


def _out_of_reach(urls: Sequence[str]) -> list[tuple[int, str]]:
    """Return the first start URLs whose address or port is refused, each with its position and why."""
    try:
        refused = reach.refused(urls, allow=conf.crawl().egress_allow)
    except BadAllow:
        return []
    return [
        (found.index, (NO_WEB_PORT if found.port else OUT_OF_REACH).format(url=found.url, port=found.port))
        for found in refused[:MOST_NAMED]
    ]
