"""How pages write times, spans, numbers, addresses and states."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from crawler.errors import explain, explain_outside, explain_problem, spoken
from crawler.frontier import dry_run, waiting
from crawler.models import Host, Run
from crawler.policy.robots import RobotsState
from crawler.queries.rates import Rates
from crawler.queue import lane_for

register = template.Library()

STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
LONGEST_TEXT = 200
ROBOTS: dict[str, tuple[str, str]] = {
    RobotsState.USABLE: ("good", "read"),
    RobotsState.NONE: ("", "no rules"),
    RobotsState.UNREACHABLE: ("warn", "unreachable"),
    RobotsState.EXHAUSTED: ("bad", "given up"),
}
TRIGGERS = {
    "manual": "a person",
    "api": "the API",
    "schedule": "its schedule",
    "terminal": "the terminal",
    "refresh": "its refresh",
}
NOTHING = SafeString('<span class="none">–</span>')


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], name: str, label: str, *also: str) -> str:
    """Return a link of the main navigation, marked when the page lies below it or one of `also`."""
    request: HttpRequest | None = context.get("request")
    url = reverse(name)
    path = request.path if request else ""
    below = (url, *also)
    here = path == url if url == "/" else path.startswith(below)
    mark = SafeString(' aria-current="page"') if here else ""
    return format_html('<a href="{}"{}>{}</a>', url, mark, label)


@register.filter
def ago(moment: datetime | None) -> str:
    """Return how long ago, or in how long, with the moment itself in the title."""
    if moment is None:
        return NOTHING
    seconds = (timezone.now() - moment).total_seconds()
    if abs(seconds) < 1.5:
        words = "now"
    else:
        words = f"{_rough(abs(seconds))} ago" if seconds > 0 else f"in {_rough(abs(seconds))}"
    stamp = moment.strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), stamp, words)


@register.filter
def span(length: timedelta | float | None) -> str:
    """Return a length of time with its two largest units: `1 h 12 min`; a number is seconds."""
    if length is None:
        return NOTHING
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 10 and seconds % 1:
        return f"{seconds:.1f} s"
    return _exact(int(seconds))


@register.filter
def number(value: float | None) -> str:
    """Return a number with its thousands set apart; one decimal below ten."""
    if value is None:
        return NOTHING
    small = value < 10 and bool(value % 1)
    return f"{value:.1f}" if small else f"{round(value):,}"


@register.filter
def size(length: int | None) -> str:
    """Return a number of bytes in decimal units."""
    if length is None:
        return NOTHING
    amount = float(length)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@register.filter
def web_link(url: object, text: str = "") -> str:
    """Return an outgoing link, or plain text for what is not a web address."""
    address = str(url)
    if _scheme(address) not in {"http", "https"}:
        return format_html("{}", text or address)
    return format_html('<a href="{}" rel="noopener noreferrer nofollow">{}</a>', address, text or address)


@register.filter
def host_of(url: object) -> str:
    """Return the host of an address, or the address when it has none."""
    try:
        return urlsplit(str(url)).netloc or str(url)
    except ValueError:
        return str(url)


@register.filter
def path_of(url: object) -> str:
    """Return an address without its scheme and host."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return str(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@register.filter
def state_badge(state: object) -> str:
    """Return the badge of a run's or request's state."""
    word = str(state)
    kind = word if word.isalpha() else "unknown"
    return format_html('<span class="state {}">{}</span>', kind, word)


@register.filter
def reason_words(reason: str) -> str:
    """Return what the code of a reason means; empty where there is nothing to add to it."""
    words = explain(reason)
    return words if words != reason else ""


@register.filter
def hold_words(code: str) -> str:
    """Return why a host is left alone."""
    return waiting.hold_words(code)


@register.filter
def with_words(reason: str) -> str:
    """Return a reason with the code in it explained."""
    return spoken(reason)


@register.filter
def outside_words(reason: str) -> str:
    """Return what is true of a link that was not followed for this reason; empty where nobody says so."""
    return explain_outside(reason)


@register.filter
def dry_run_words(reason: str) -> str:
    """Return what is true of a URL that fares otherwise under changed settings."""
    return dry_run.words(reason)


@register.filter
def problem_words(code: str) -> str:
    """Return what a problem of reading means; empty for a scraper's own code."""
    return explain_problem(code)


@register.filter
def trigger_words(trigger: str) -> str:
    """Return who started a run."""
    return TRIGGERS.get(trigger, trigger)


@register.filter
def lane_of(priority: int) -> str:
    """Return a priority with the word that says how urgent it is."""
    return f"{priority} · {lane_for(priority).value}"


@register.filter
def field(data: object, name: str) -> object:
    """Return one field of an item's data; None when it has none."""
    return data.get(name) if isinstance(data, dict) else None


@register.filter
def pairs(data: object) -> list[tuple[str, object]]:
    """Return the names and values of an object; a template's own `.items` is a field of that name."""
    return list(data.items()) if isinstance(data, dict) else []


@register.filter
def cell(value: object) -> str:
    """Return a scraped value as short text for a table; the tag escapes it."""
    if value in (None, "", [], {}):
        return NOTHING
    if isinstance(value, str) and _scheme(value) in {"http", "https"} and " " not in value:
        return web_link(value, _cut(value.partition("://")[2]))
    return format_html("{}", _cut(_plain(value)))


@register.filter
def pretty(value: object) -> str:
    """Return a scraped value in full: text as it is, anything else as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def is_plain(value: object) -> bool:
    """Say whether a scraped value is one short line."""
    return not isinstance(value, dict | list) and len(str(value)) <= LONGEST_TEXT


@register.filter
def in_zone(moment: datetime, zone: str) -> str:
    """Return the moment on the clock of a time zone."""
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError):
        local = moment
    return local.strftime("%a %d %b %H:%M")


@register.filter
def lost(run: Run) -> int:
    """Return how many of a run's requests failed or died."""
    return run.failed + run.dead


@register.filter
def took(run: Run) -> timedelta | None:
    """Return how long a run has taken, so far or in all; None before it began."""
    return (run.finished_at or timezone.now()) - run.started_at if run.started_at else None


@register.filter
def chart_data(rates: Rates) -> str:
    """Return a run's speed as the JSON script that `chart.js` draws; the escaping is `json_script`'s."""
    lines = [{"label": "Pages", "values": rates.pages}]
    if any(rates.failures):
        lines.append({"label": "Failures", "values": rates.failures})
    return json_script({"times": rates.times, "lines": lines})


@register.filter
def robots_badge(host: Host) -> str:
    """Return the badge of what is known of a host's robots.txt."""
    kind, words = ROBOTS.get(host.robots_state, ("", host.robots_state))
    return format_html('<span class="state {}">{}</span>', kind, words) if words else NOTHING


def _scheme(address: str) -> str | None:
    """Return the scheme of an address in lower case; None when it cannot be read."""
    try:
        parts = urlsplit(address)
        return parts.scheme.lower() if parts.netloc else None
    except ValueError:
        return None


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _rough(seconds: float) -> str:
    for length, unit in STEPS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "1 s"


def _exact(seconds: int) -> str:
    parts: list[str] = []
    for length, unit in STEPS:
        many, seconds = divmod(seconds, length)
        if many or parts:
            parts.append(f"{many} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 "))
