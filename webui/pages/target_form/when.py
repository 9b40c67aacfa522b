"""The controls of a schedule: what they ask for, and what they show."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from crawler.models import MisfirePolicy, OverlapPolicy, Schedule
from crawler.services import drafts
from webui.pages.target_form import units

CONTROLS = (
    "when", "every", "every_unit", "cron", "timezone", "misfire", "overlap", "windows", "jitter", "paused",
    "spread_every", "spread_cron",
)  # fmt: skip
CONTROL_OF = {
    "every_seconds": "every",
    "cron": "cron",
    "timezone": "timezone",
    "windows": "windows",
    "jitter_seconds": "jitter",
}
BLANK = {
    "when": "never",
    "every": "1",
    "every_unit": "86400",
    "timezone": "UTC",
    "misfire": MisfirePolicy.RUN_ONCE.value,
    "overlap": OverlapPolicy.SKIP.value,
    "spread_every": "on",
    "spread_cron": "on",
}


class Unclear(ValueError):
    """The form does not say whether there is to be a schedule."""


def read(post: QueryDict) -> dict[str, Any] | None:
    """Return the schedule that the controls ask for, None for none; raises Unclear.

    The times that were not chosen are sent empty: those that were stored do not stand for them.
    """
    match post.get("when"):
        case "every":
            every = units.seconds(post.get("every", ""), post.get("every_unit", ""))
            times: dict[str, Any] = {"every_seconds": every, "cron": ""}
            times["spread"] = post.get("spread_every") == "on"
        case "cron":
            times = {"cron": post.get("cron", "").strip(), "every_seconds": None}
            times["spread"] = post.get("spread_cron") == "on"
        case "never":
            return None
        case _:
            raise Unclear("choose when runs start")
    jitter = units.number(post.get("jitter", "").strip())
    return {
        **times,
        **{name: post.get(name, "").strip() for name in ("timezone", "misfire", "overlap")},
        "windows": [line.strip() for line in post.get("windows", "").splitlines() if line.strip()],
        "jitter_seconds": 0 if jitter is None else jitter,
        "paused": post.get("paused") == "on",
    }


def shown(schedule: Schedule | None) -> dict[str, str]:
    """Return the texts of the controls for a stored schedule."""
    if schedule is None:
        return {}
    texts = {name: getattr(schedule, name) for name in ("timezone", "misfire", "overlap")}
    texts["windows"] = "\n".join(schedule.windows)
    texts["jitter"] = str(schedule.jitter_seconds or "")
    texts["paused"] = "on" if schedule.paused_at else ""
    spreads = "on" if drafts.draft_of(schedule).spreads else ""
    if schedule.every_seconds is None:
        return texts | {"when": "cron", "cron": schedule.cron, "spread_cron": spreads}
    every, unit = units.in_units(schedule.every_seconds)
    return texts | {"when": "every", "every": every, "every_unit": unit, "spread_every": spreads}


def control(path: str, message: str) -> tuple[str, str]:
    """Return which control shows what is wrong with a part of the schedule, and the words there."""
    head, _, rest = path.partition(".")
    if head not in CONTROL_OF:
        return "when", f"{path}: {message}" if path else message
    return CONTROL_OF[head], f"line {int(rest) + 1}: {message}" if rest.isdecimal() else message
