"""The target form as it is shown: the text of each control, and what is wrong beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.http import QueryDict

from crawler.models import MisfirePolicy, OverlapPolicy, Scope, Target
from crawler.services import drafts
from scrapers import folder, registry
from scrapers.fields import KINDS, Kind
from webui.pages.target_form import (
    declared,
    keeping,
    login,
    noise,
    outlined,
    paging,
    quality,
    rows,
    steps,
    traps,
    units,
    when,
)
from webui.pages.target_form.asked import LINES, NUMBERS, SWITCHES, TEXTS
from webui.pages.target_form.outlined import OutlinedField
from webui.pages.target_form.rows import MARKUP, SPARE_ROWS, FieldRow

PRIORITIES = (
    (9, "9 · urgent, before everything"),
    (8, "8 · urgent"),
    (7, "7 · high"),
    (6, "6"),
    (5, "5 · normal"),
    (4, "4"),
    (3, "3 · low"),
    (2, "2 · bulk"),
    (1, "1 · bulk"),
    (0, "0 · bulk, when nothing else waits"),
)
SHARED = (
    "proxies", "options", "headers", "start_urls", "sitemaps", "include", "exclude", "key", "tags", "fields",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForm:
    """The form as it is shown: the text of each control, the rows of fields, problems by control.

    `rowless` are the problems of the fields that stand in none of the rows.
    """

    values: Mapping[str, str]
    rows: tuple[FieldRow, ...]
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rowless: tuple[str, ...] = ()

    scopes = tuple(Scope.choices)
    kinds = KINDS
    types = ("", *Kind, *MARKUP)
    units = units.TIME_UNITS
    login_kinds = login.KINDS
    priorities = tuple((str(number), label) for number, label in PRIORITIES)
    misfires = tuple(MisfirePolicy.choices)
    overlaps = tuple(OverlapPolicy.choices)

    whens = (("never", "only when asked"), ("every", "at an interval"), ("cron", "by a cron expression"))
    remedy = folder.REMEDY
    step_choices = steps.CHOICES

    @property
    def scrapers(self) -> tuple[tuple[str, str], ...]:
        return tuple((choice.name, choice.title) for choice in registry.names())

    @property
    def scraper_hints(self) -> tuple[registry.Choice, ...]:
        return registry.names()

    @property
    def broken_scrapers(self) -> tuple[folder.Mistake, ...]:
        """Return which files of the installation's own scrapers are not among these, and why."""
        return folder.installed().mistakes

    @property
    def has_sitemaps(self) -> bool:
        """Say whether the part about sitemaps is shown open."""
        return self._says("sitemaps", "robots_sitemaps", "sitemaps_since")

    @property
    def has_patterns(self) -> bool:
        """Say whether the part about patterns is shown open."""
        return self._says("include", "exclude")

    @property
    def has_traps(self) -> bool:
        """Say whether the part about traps is shown open."""
        return self._says(*traps.CONTROLS)

    @property
    def has_advanced(self) -> bool:
        """Say whether the part about headers and options is shown open."""
        return self._says("headers", "user_agent", "options", "http2", "proxies")

    @property
    def spelled_out(self) -> tuple[str, ...]:
        """Return every problem with the name of its control, for where the controls are not at hand."""
        return tuple(
            f"{name.replace('_', ' ').capitalize()}: {message}"
            for name, messages in self.problems.items()
            for message in messages
        )

    @property
    def has_noise(self) -> bool:
        """Say whether the part about what is ignored is shown open."""
        return self._says(*noise.CONTROLS)

    @property
    def has_login(self) -> bool:
        """Say whether the part about logging in is shown open."""
        return self._says(*login.CONTROLS)

    @property
    def has_freshness(self) -> bool:
        """Say whether the part about fresh data is shown open."""
        return self._says("max_age", "refresh_per_day", "deadline") or not self.problems.keys().isdisjoint(
            {"max_age_unit", "deadline_zone"}
        )

    @property
    def has_quality(self) -> bool:
        """Say whether the part about what the data must be is shown open."""
        return self._says(*quality.CONTROLS)

    @property
    def has_keeping(self) -> bool:
        """Say whether the part about what is kept is shown open."""
        return self._says(*keeping.CONTROLS, *noise.CONTROLS)

    def _says(self, *names: str) -> bool:
        return any(self.values[name] or name in self.problems for name in names)

    @property
    def shown_rows(self) -> tuple[FieldRow, ...]:
        """Return the rows, and spare ones to fill in."""
        return (*self.rows, *(FieldRow() for _ in range(SPARE_ROWS)))

    @property
    def outlined(self) -> tuple[OutlinedField, ...]:
        """Return the fields that stand as JSON, in words."""
        return outlined.of_text(self.values["fields_json"])

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Return the problems that no control of the form can show beside itself."""
        known = {*self.values, "fields"}
        return tuple(
            f"{name}: {message}" if name else message
            for name, messages in self.problems.items()
            if name not in known
            for message in messages
        )


_TEXTS = (
    "sitemaps", "robots_sitemaps", "sitemaps_since",
    "name", "start_urls", "scope", "include", "exclude", "max_depth", "max_pages", "max_minutes", "priority",
    "delay_seconds", "connections", "adapt_pace", "http2", "obey_robots", "cookies", "headers",
    "user_agent", "scraper", "options", "row",
    "fields_as", "fields_json", "not_in_table", "key", "tags", "enabled", "shared", "max_age", "max_age_unit",
    "refresh_per_day", "removed_after", "deadline", "deadline_zone",
    *when.CONTROLS, *traps.CONTROLS, *login.CONTROLS,
    *paging.CONTROLS, "proxies", *quality.CONTROLS, *keeping.CONTROLS,
    *noise.CONTROLS,
)  # fmt: skip


BESIDE = {"schedule": when.control, "quality": quality.beside, "noise": noise.beside}
"""Who finds the control of a problem, by the key that it is about."""


def blank() -> TargetForm:
    """Return the form of a new target."""
    values = dict.fromkeys(_TEXTS, "")
    values |= {
        "scope": Scope.HOST.value,
        "priority": "5",
        "max_pages": str(drafts.DEFAULTS["max_pages"]),
        "adapt_pace": "on",
        "obey_robots": "on",
        "enabled": "on",
        "scraper": "auto",
        "fields_as": "rows",
        "options": "",
        "max_age_unit": "3600",
        "deadline_zone": "UTC",
        **when.BLANK,
    }
    return TargetForm(values=values, rows=())


def beginning(url: str) -> TargetForm:
    """Return the form of a new target that begins at `url`, named after its host.

    Without a scheme it is https.
    """
    form = blank()
    whole = url if not url or "://" in url else f"https://{url}"
    try:
        name = urlsplit(whole).hostname or ""
    except ValueError:
        name = ""
    return replace(form, values={**form.values, "start_urls": whole, "name": name})


def of_target(target: Target) -> TargetForm:
    """Return the form of a target that exists; secret header values are shown as a placeholder."""
    shown = {**blank().values, **_plain(target), **_options(target)}
    shown |= when.shown(getattr(target, "schedule", None)) | traps.shown(target.traps)
    shown |= login.shown(target.login) | quality.shown(target.quality)
    shown |= keeping.shown(target.keep) | noise.shown(target.noise)
    if target.deadline:
        shown |= {"deadline": target.deadline["time"], "deadline_zone": target.deadline["timezone"]}
    if target.max_age_seconds is not None:
        shown["max_age"], shown["max_age_unit"] = units.in_units(target.max_age_seconds)
    texts, found = declared.shown(target.fields)
    return TargetForm(values=shown | texts, rows=found)


def _plain(target: Target) -> dict[str, str]:
    """Return what is shown of the settings that are one text, number or switch, or a list of texts."""
    shown = {name: getattr(target, name) for name in TEXTS}
    for name in NUMBERS:
        value = getattr(target, name)
        shown[name] = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    for name in LINES:
        shown[name] = "\n".join(getattr(target, name))
    for name in SWITCHES:
        shown[name] = "on" if getattr(target, name) else ""
    headers = drafts.shown_headers(target.headers)
    return shown | {
        "key": ", ".join(target.key),
        "tags": ", ".join(target.tags),
        "headers": "\n".join(f"{name}: {value}" for name, value in headers.items()),
        "proxies": "\n".join(drafts.shown_proxies(target.proxies)),
    }


def _options(target: Target) -> dict[str, str]:
    """Return what is shown of the scraper's options; those of pages of a list have controls of their own."""
    texts, options = paging.shown(target.options) if target.scraper == "fields" else ({}, target.options)
    return {**texts, "options": _json(options) if options else ""}


def submitted(post: QueryDict, problems: tuple[drafts.Problem, ...] = ()) -> TargetForm:
    """Return the form as a person filled it in, with what is wrong beside each control."""
    beside: dict[str, tuple[str, ...]] = {}
    for problem in problems:
        name, message = _control(problem, declares=post.get("scraper") == "fields")
        beside[name] = (*beside.get(name, ()), message)
    found, rowless = declared.placed(rows.posted(post), problems)
    return TargetForm(
        values={name: post.get(name, "") for name in blank().values} | {"login_secret": ""},
        rows=found,
        problems=beside,
        rowless=rowless,
    )


def filled(form: TargetForm, declaration: Mapping[str, Any]) -> TargetForm:
    """Return `form` with the row, the fields, the next page and the item key of a suggested declaration.

    A key that was filled in stays where the fields that it names are still there.
    """
    texts, found = declared.shown(declaration["fields"])
    said = {"scraper": "fields", "row": declaration["row"], **texts}
    if declaration["options"]:
        said |= paging.shown(declaration["options"])[0]
    typed = [name.strip() for name in str(form.values["key"]).split(",") if name.strip()]
    if "key" in declaration and not (typed and set(typed) <= declaration["fields"].keys()):
        said["key"] = ", ".join(declaration["key"])
    return replace(form, values={**form.values, **said}, rows=found)


def _control(problem: drafts.Problem, *, declares: bool) -> tuple[str, str]:
    """Return which control shows `problem`, and its words there; `declares` for the scraper `fields`."""
    if declares and problem.field in paging.CONTROL_OF:
        return paging.CONTROL_OF[problem.field], problem.message
    head, _, rest = problem.field.partition(".")
    if head in BESIDE:
        return BESIDE[head](rest, problem.message)
    if head == "deadline":
        return "deadline_zone" if rest == "timezone" else "deadline", problem.message
    if head == "traps" and f"trap_{rest}" in traps.CONTROLS:
        return f"trap_{rest}", problem.message
    if head in {"login", "keep"}:
        return (login if head == "login" else keeping).control(rest), problem.message
    if head == "max_age_seconds":
        return "max_age", problem.message
    if head in SHARED and rest:
        return head, f"{_place(head, rest)}: {problem.message}"
    return head, problem.message


def _place(head: str, rest: str) -> str:
    """Return where in a control something is wrong, in words that may begin with a capital letter."""
    if head in {"fields", "options"}:
        return f"at {rest}"
    return f"line {int(rest) + 1}" if rest.isdecimal() else rest


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
