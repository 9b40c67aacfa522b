"""The settings of a target as JSON Schema, for the OpenAPI document; the service is what judges them."""

from __future__ import annotations

from typing import Any

from crawler.frontier.traps import Traps
from crawler.models import MisfirePolicy, OverlapPolicy, Scope
from crawler.policy.logins import LoginKind
from crawler.services.drafts import keeping
from crawler.services.drafts.keys import MAX_PATTERN_LENGTH, MAX_PATTERNS, MAX_SITEMAPS, MAX_START_URLS
from crawler.services.drafts.proxies import MOST_PROXIES
from crawler.services.drafts.timing import LEAST_INTERVAL, MOST_INTERVAL, MOST_JITTER, MOST_WINDOWS
from crawler.services.drafts.traps import BOUNDS
from scrapers.comparing.noise import MOST_RULES
from webui.api.schemas import body

WHOLE_NUMBER_0_TO_9: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 9}
TEXT: dict[str, Any] = {"type": "string"}
OBJECT: dict[str, Any] = {"type": "object"}


def _whole(least: int, description: str) -> dict[str, Any]:
    return {"type": ["integer", "null"], "minimum": least, "description": description}


def _bound(name: str, least: int, most: int) -> dict[str, Any]:
    kind = "integer" if name == "length" else ["integer", "null"]
    return {"type": kind, "minimum": least, "maximum": most, "default": getattr(Traps(), name)}


def _texts(description: str, most: int) -> dict[str, Any]:
    return {"type": "array", "items": TEXT, "maxItems": most, "description": description}


SCHEDULE_SCHEMA = body(
    cron={**TEXT, "description": "Five fields: minute, hour, day of month, month, day of week."},
    every_seconds={"type": "integer", "minimum": LEAST_INTERVAL, "maximum": MOST_INTERVAL},
    timezone={**TEXT, "default": "UTC", "description": "An IANA name, such as Europe/Berlin."},
    misfire={
        "enum": MisfirePolicy.values,
        "default": "run_once",
        "description": "For times that passed in vain.",
    },
    overlap={
        "enum": OverlapPolicy.values,
        "default": "skip",
        "description": "While the run before is under way.",
    },
    jitter_seconds={
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_JITTER,
        "default": 0,
        "description": "Each run starts up to so much later, by chance.",
    },
    windows=_texts(
        "When runs may start, such as `weekdays 22:00-06:00` or `sat,sun`; empty for always.", MOST_WINDOWS
    ),
    paused={"type": "boolean", "default": False, "description": "Whether no run starts by itself."},
    spread={
        "type": "boolean",
        "description": "Whether the times move to a quiet minute; when left out, those of intervals do, "
        "and a cron expression stays what it says.",
    },
) | {"type": ["object", "null"], "description": "Exactly one of `cron` and `every_seconds`; null for none."}

LOGIN_SCHEMA = body(
    kind={"enum": [kind.value for kind in LoginKind]},
    url={**TEXT, "description": "Of `form`: the page with the form."},
    user=TEXT,
    password={**TEXT, "description": "Stored encrypted, reads as `(hidden)`."},
    token={**TEXT, "description": "Of `bearer`. Stored encrypted, reads as `(hidden)`."},
    user_field={**TEXT, "description": "Of `form`: the name of the input; empty when it can be guessed."},
    password_field={**TEXT, "description": "Of `form`: the name of the input; empty when it can be guessed."},
    logged_out={**TEXT, "description": "Of `form`: a text that only pages for strangers have."},
    check_url={**TEXT, "description": "Where `check_text` stands for those who are logged in."},
    check_text={**TEXT, "description": "Must be there before a run begins."},
) | {"type": ["object", "null"], "description": "How runs log in; null for not at all."}

KEPT = {
    "versions": "Of one page, with the newest.",
    "days": "Since a newer version took its place.",
    "megabytes": "Of all earlier versions of the target, as they are stored; the oldest leave first.",
}

_PART = {"type": "number", "minimum": 0, "maximum": 1}
QUALITY_SCHEMA = body(
    min_items={"type": "integer", "minimum": 1, "description": "As many items a run must have."},
    max_errors={**_PART, "description": "At most this part of a run's requests may fail."},
    drift={
        "type": "boolean",
        "description": "Whether to tell when data looks otherwise than in runs before; when left out, yes.",
    },
    hold={
        "type": "boolean",
        "description": "Whether the items of such a run are held back until a person decides; when left "
        "out, yes.",
    },
    fields={
        **OBJECT,
        "additionalProperties": body(
            coverage={**_PART, "description": "In at least this part of the items it says something."},
            min={"type": "number"},
            max={"type": "number"},
            unique={
                "type": "boolean",
                "description": "Whether no two items, or objects inside of items, may have the same value.",
            },
        ),
        "description": "Rules of single fields.",
    },
) | {"description": "What the data of each run must be; each rule that is broken is an event."}

KEEP_SCHEMA = body(
    **{
        name: {"type": ["integer", "null"], "minimum": least, "maximum": most, "description": KEPT[name]}
        for name, (least, most) in keeping.BOUNDS.items()
    }
) | {
    "type": ["object", "null"],
    "description": "How long earlier versions of pages stay, what is left out being no bound; null for what "
    "holds for every target: 10 versions, and 30 days.",
}

NOISE_SCHEMA = body(
    dates={"type": "boolean", "description": "Dates, times and ages such as `5 minutes ago`."},
    counters={"type": "boolean", "description": "Numbers of views, comments, likes and the like."},
    links={"type": "boolean", "description": "Where links lead, and which pictures are shown."},
    css=_texts("CSS selectors of parts of the page.", MOST_RULES),
    patterns=_texts(
        "RE2 expressions, searched in each line and in addresses of links and pictures.", MOST_RULES
    ),
) | {"description": "What is ignored when versions of pages are compared."}

TARGET_SCHEMA: dict[str, Any] = body(
    name={**TEXT, "maxLength": 200},
    start_urls={**_texts("Where the crawl begins: http and https.", MAX_START_URLS), "minItems": 1},
    sitemaps=_texts(
        "Sitemaps and feeds whose pages a run begins with, too: XML, plain text, RSS, Atom.", MAX_SITEMAPS
    ),
    robots_sitemaps={
        "type": "boolean",
        "default": False,
        "description": "Whether to read the sitemaps that the robots.txt of the start URLs' hosts name.",
    },
    sitemaps_since={
        **TEXT,
        "maxLength": 40,
        "description": "Of what sitemaps list, only what changed since then: `last_run` for the start of the "
        "last complete run, an age such as `12h`, `7d` or `2w`, a date or a time; empty for all.",
    },
    scope={"enum": Scope.values, "default": "host", "description": "How far links are followed."},
    include=_texts(
        f"RE2 expressions of at most {MAX_PATTERN_LENGTH} characters, searched in the URL: links match one.",
        MAX_PATTERNS,
    ),
    exclude=_texts("RE2 expressions, searched in the URL: links match none.", MAX_PATTERNS),
    max_depth=_whole(0, "How many links away from a start URL; null for any."),
    max_pages=_whole(1, "How many pages a run may fetch; null for any.") | {"default": 10_000},
    max_minutes=_whole(1, "How long a run may take; null for any."),
    traps=body(**{name: _bound(name, *BOUNDS[name]) for name in BOUNDS})
    | {
        "type": ["object", "null"],
        "description": "Bounds against crawler traps; null, or what is left out, for those of every target.",
    },
    deadline=body(
        time={**TEXT, "description": "Hours and minutes of each day, such as 07:00."},
        timezone={**TEXT, "default": "UTC", "description": "An IANA name, such as Europe/Berlin."},
    )
    | {"type": ["object", "null"], "description": "By when a run is to be done; null for whenever."},
    max_age_seconds=_whole(60, "How old the data may get before it counts as late; null for any age."),
    refresh_per_day=_whole(1, "How many known pages to ask again a day, between runs; null for none."),
    removed_after=_whole(
        1, "After how many runs that saw all of the target and not an item it counts as removed; null: never."
    ),
    priority={**WHOLE_NUMBER_0_TO_9, "default": 5, "description": "9 is the most urgent."},
    delay_seconds={"type": ["number", "null"], "minimum": 0, "description": "Between requests to a host."},
    connections=_whole(1, "How many requests to a host at once; null for one."),
    adapt_pace={
        "type": "boolean",
        "default": True,
        "description": "Whether slow hosts are left more time; a delay below the default leaves none.",
    },
    http2={
        "type": "boolean",
        "default": False,
        "description": "Whether HTTP/2 is spoken with hosts that offer it.",
    },
    obey_robots={"type": "boolean", "default": True},
    cookies={
        "type": "boolean",
        "default": False,
        "description": "Whether a run keeps the cookies that sites set, and sends them back.",
    },
    proxies=_texts(
        "Such as http://user:password@proxy.example.org:8080, used in turns; passwords read as `(hidden)`.",
        MOST_PROXIES,
    ),
    login=LOGIN_SCHEMA,
    headers={
        **OBJECT,
        "additionalProperties": TEXT,
        "description": "Sent with every request; stored encrypted.",
    },
    user_agent={**TEXT, "maxLength": 400},
    scraper={**TEXT, "default": "auto"},
    options={**OBJECT, "description": 'Of the scraper, such as {"links": true} of `markdown`.'},
    fields={
        **OBJECT,
        "description": "Of the scraper `fields`: name to {css | xpath | re | jmespath | json, …}, as "
        "`GET /api/v1/schemas/fields` says.",
    },
    row={**TEXT, "description": "Of the scraper `fields`: a selector, one item per match."},
    key=_texts("The fields that identify an item; empty for its URL.", 20),
    quality=QUALITY_SCHEMA,
    keep=KEEP_SCHEMA,
    noise=NOISE_SCHEMA,
    tags=_texts("Your own words.", 50),
    enabled={"type": "boolean", "default": True},
    shared={
        "type": "boolean",
        "default": False,
        "description": "Whether everybody here sees it and operators work on it, not its owner alone.",
    },
    schedule=SCHEDULE_SCHEMA,
)
