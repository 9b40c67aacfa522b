"""How pages tell of events and of freshness."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html

from crawler.models import Event, EventKind, Run
from webui.pages.templatetags.trawl import number, span
from webui.pages.templatetags.trawl_quality import breach_words

register = template.Library()

BADGES = {
    EventKind.RUN_FINISHED: "finished",
    EventKind.RUN_FAILED: "failed",
    EventKind.RUN_CANCELLED: "cancelled",
    EventKind.DEADLINE_MET: "good",
    EventKind.DEADLINE_MISSED: "bad",
    EventKind.ITEMS_CHANGED: "",
    EventKind.FRESHNESS_LATE: "bad",
    EventKind.FRESHNESS_RECOVERED: "good",
    EventKind.DATA_BREACH: "bad",
    EventKind.DATA_DRIFT: "warn",
    EventKind.RUN_HELD: "warn",
    EventKind.RUN_ACCEPTED: "good",
    EventKind.RUN_DISCARDED: "",
}


MOST_PAGES = 10
"""So many pages of an event are named; those of each difference are on the page of its run."""

AGES = {"awaited": "", "fresh": "good", "late": "bad", "recovered": "good"}


@register.filter
def freshness_badge(state: str) -> str:
    """Return the badge of how a target's data stands."""
    return format_html('<span class="state {}">{}</span>', AGES.get(state, ""), state)


@register.filter
def deadline_badge(run: Run) -> str:
    """Return the badge of how a run stands to its deadline."""
    match run.deadline_met:
        case True:
            kind, words = "good", "deadline met"
        case False:
            kind, words = "bad", "deadline missed"
        case _:
            kind, words = "", "no deadline any more" if run.is_final else "deadline ahead"
    return format_html('<span class="state {}">{}</span>', kind, words)


@register.filter
def event_badge(kind: str) -> str:
    """Return the badge of an event's kind; a kind of a newer version is shown by its name."""
    known = kind in EventKind.values
    badge, words = (BADGES[EventKind(kind)], EventKind(kind).label) if known else ("", kind)
    return format_html('<span class="state {}">{}</span>', badge, words)


@register.filter
def event_words(event: Event) -> str:
    """Return what an event says beside its kind, in a few words; often nothing."""
    said: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    match event.kind:
        case EventKind.RUN_FINISHED | EventKind.RUN_FAILED | EventKind.RUN_CANCELLED:
            counted = [_many(said, name) for name in ("pages", "items", "failed")]
            return "; ".join(filter(None, (", ".join(filter(None, counted)), _reason(event, said))))
        case EventKind.ITEMS_CHANGED:
            counted = [_many(said, name) for name in ("new", "changed", "removed", "restored")]
            return ", ".join(filter(None, counted))
        case EventKind.DEADLINE_MET | EventKind.DEADLINE_MISSED if said.get("deadline"):
            return f"to be done by {_moment(said['deadline'])}"
        case EventKind.FRESHNESS_LATE | EventKind.FRESHNESS_RECOVERED if "max_age_seconds" in said:
            return f"no older than {span(said['max_age_seconds'])} is wanted"
        case EventKind.DATA_BREACH | EventKind.DATA_DRIFT if "rule" in said:
            return _and_more(breach_words(said), said.get("more"))
        case EventKind.RUN_HELD if said.get("drifts"):
            drifts = said["drifts"]
            more = len(drifts) - 1 + drifts[-1].get("more", 0)
            words = (_failures(said), _many(said, "items"), breach_words(drifts[0]))
            return _and_more("; ".join(filter(None, words)), more)
        case EventKind.RUN_ACCEPTED | EventKind.RUN_DISCARDED:
            by = f"by {said['by']}" if said.get("by") else str(said.get("reason") or "")
            return "; ".join(filter(None, (_many(said, "items"), by)))
        case _:
            return ""


@register.filter
def event_pages(event: Event) -> list[dict[str, Any]]:
    """Return the pages that an event says data looks otherwise on, each once."""
    match event.kind, event.data:
        case EventKind.DATA_DRIFT, {"pages": pages}:
            pass
        case EventKind.RUN_HELD, {"drifts": drifts}:
            pages = [page for one in drifts for page in one.get("pages") or ()]
        case _:
            return []
    return list({page["url"]: page for page in pages}.values())[:MOST_PAGES]


def _and_more(words: str, many: object) -> str:
    """Return the words of one difference of a run, and how many more its page has."""
    return f"{words}; and {number(many)} more" if isinstance(many, int) and many else words


def _failures(said: dict[str, Any]) -> str:
    """Return how many requests of a held run failed, and what for most often."""
    match said:
        case {"failed": failed, "requests": requests, "reasons": [{"reason": reason}, *_]}:
            return f"{number(failed)} of {number(requests)} requests failed, most often with {reason}"
        case _:
            return ""


def _moment(written: object) -> str:
    """Return a stored moment as people read it, in UTC."""
    return f"{datetime.fromisoformat(str(written)).astimezone(UTC):%-d %b %H:%M} UTC"


def _many(said: dict[str, Any], name: str) -> str:
    many = said.get(name)
    words = {"pages": "page", "items": "item"}.get(name, name)
    if not isinstance(many, int) or not many:
        return ""
    return f"{number(many)} {words}{'s' if words != name and many != 1 else ''}"


def _reason(event: Event, said: dict[str, Any]) -> str:
    """Return why a run ended, where the kind does not say it already."""
    reason = str(said.get("reason") or "")
    return "" if reason == "cancelled" and event.kind == EventKind.RUN_CANCELLED else reason
