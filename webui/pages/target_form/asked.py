"""What a submitted form asks for, in the words of a target's keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import QueryDict

from crawler.services import drafts
from webui.pages.target_form import keeping, login, noise, paging, quality, rows, spelling, traps, units, when

NUMBERS = (
    "max_depth", "max_pages", "max_minutes", "delay_seconds", "connections", "priority", "refresh_per_day",
    "removed_after",
)  # fmt: skip


TEXTS = ("name", "scope", "user_agent", "scraper", "row", "sitemaps_since")
LINES = ("start_urls", "include", "exclude", "sitemaps")
SWITCHES = ("http2", "adapt_pace", "robots_sitemaps", "obey_robots", "cookies", "enabled", "shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a submitted form asks for: data for `services.targets`, and what could not even be read.

    `left_out` says that fields or a row were filled in which the chosen scraper does not use.
    """

    data: Mapping[str, Any]
    problems: tuple[drafts.Problem, ...]
    left_out: bool = False


def read(post: QueryDict, *, saved: Mapping[str, Any] | None = None) -> Asked:
    """Return what the controls ask for, in the keys of a target.

    Fields keep the spelling of the `saved` ones of a target that exists where they say the same.
    """
    problems: list[drafts.Problem] = []
    data: dict[str, Any] = {name: post.get(name, "").strip() for name in TEXTS}
    for name in (*LINES, "proxies"):
        data[name] = [line.strip() for line in post.get(name, "").splitlines() if line.strip()]
    for name in ("key", "tags"):
        data[name] = [word.strip() for word in post.get(name, "").split(",") if word.strip()]
    for name in NUMBERS:
        data[name] = units.number(post.get(name, "").strip())
    data["max_age_seconds"] = units.seconds(post.get("max_age", ""), post.get("max_age_unit", ""))
    data["deadline"] = _deadline(post)
    data["traps"] = traps.read(post)
    data["keep"] = keeping.read(post)
    data["noise"] = noise.read(post)
    data["quality"] = quality.read(post, problems)
    for name in ("adapt_pace", "http2", "obey_robots", "cookies", "enabled", "shared", "robots_sitemaps"):
        data[name] = post.get(name) == "on"
    data["login"] = login.read(post)
    data["headers"] = _headers(post.get("headers", ""), problems)
    data["options"] = _object("options", post.get("options", ""), problems)
    if data["scraper"] == "fields":
        data["options"] = paging.read(post, data["options"])
    left_out = data["scraper"] != "fields" and _declares(post, data)
    fields, data["row"] = _declared(post, data, problems)
    data["fields"] = spelling.kept(fields, saved or {})
    try:
        data["schedule"] = when.read(post)
    except when.Unclear as error:
        problems.append(drafts.Problem(field="schedule", message=str(error)))
    return Asked(data=data, problems=tuple(problems), left_out=left_out)


def _deadline(post: QueryDict) -> dict[str, str] | None:
    """Return the daily deadline; None when no time is named."""
    time = post.get("deadline", "").strip()
    return {"time": time, "timezone": post.get("deadline_zone", "").strip()} if time else None


def _headers(text: str, problems: list[drafts.Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            problems.append(drafts.Problem(field="headers", message=f"{line.strip()[:60]!r} needs a colon"))
        found[name.strip()] = value.strip()
    return found


def _object(name: str, text: str, problems: list[drafts.Problem]) -> object:
    if not text.strip():
        return {}
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problems.append(drafts.Problem(field=name, message=f"is not JSON: {error}"))
        return {}


def _declares(post: QueryDict, data: Mapping[str, Any]) -> bool:
    filled_in = any(post.get(name, "").strip() for name in ("fields_json", *paging.CONTROLS))
    return bool(data["row"] or rows.posted(post) or filled_in)


def _declared(post: QueryDict, data: Mapping[str, Any], problems: list[drafts.Problem]) -> tuple[object, str]:
    """Return the fields and their row selector; nothing unless the scraper is the declared one."""
    if data["scraper"] != "fields":
        return {}, ""
    if post.get("fields_as") == "json":
        return _object("fields_json", post.get("fields_json", ""), problems), data["row"]
    found = rows.posted(post)
    names = [row.name for row in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems.extend(drafts.Problem(field="fields", message=f"{name}: is there twice") for name in twice)
    return {row.name: row.said() for row in found}, data["row"]
