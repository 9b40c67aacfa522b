"""How pages tell of the queue: what is waited for and for how long, and the steps of a priority."""

from __future__ import annotations

from django import template
from django.utils.html import format_html

from crawler.frontier.waiting import Reason, Wait
from crawler.queue import MOST_URGENT, lane_for
from webui.pages.templatetags.trawl import ago

register = template.Library()

WAITS = {
    Reason.PAUSED: ("paused", "paused"),
    Reason.LOGGING_IN: ("", "logging in"),
    Reason.ENDING: ("", "being skipped"),
    Reason.NO_WORKER: ("bad", "no worker"),
    Reason.CIRCUIT_OPEN: ("bad", "circuit open"),
    Reason.ROBOTS_UNREACHABLE: ("warn", "robots.txt"),
    Reason.RETRY_AFTER: ("warn", "Retry-After"),
    Reason.NOT_BEFORE: ("warn", "tried again"),
    Reason.HOST_DELAY: ("", "delay"),
    Reason.RESERVED: ("", "reserved"),
    Reason.HELD: ("", "held"),
    Reason.URGENT_FIRST: ("", "behind others"),
    Reason.CRAWLING: ("running", "being crawled"),
    Reason.WORKER: ("", "next in turn"),
}
WHENS = {
    Reason.PAUSED: "when it is resumed",
    Reason.LOGGING_IN: "after that",
    Reason.ENDING: "never",
    Reason.NO_WORKER: "when one is there",
    Reason.HELD: "within a minute",
    Reason.URGENT_FIRST: "after them",
    Reason.CRAWLING: "now",
    Reason.WORKER: "as soon as one is free",
}


@register.filter
def wait_badge(wait: Wait) -> str:
    """Return the badge of what is waited for."""
    kind, words = WAITS[wait.reason]
    return format_html('<span class="state {}">{}</span>', kind, words)


@register.filter
def when(wait: Wait) -> str:
    """Return when a wait is over: the moment, or what it depends on."""
    return WHENS.get(wait.reason, "") if wait.until is None else ago(wait.until)


@register.simple_tag
def priorities() -> list[dict[str, object]]:
    """Return every priority with its lane, and whether it is the first of that lane."""
    lanes = [lane_for(number) for number in range(MOST_URGENT + 1)]
    return [
        {"number": number, "lane": lane.value, "first": number > 0 and lane is not lanes[number - 1]}
        for number, lane in enumerate(lanes)
    ]
