"""What a class name is worth: whether people wrote it, and whether it says what an element is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

MOST_CHARACTERS: Final = 60
MOST_CLASSES: Final = 12
"""Of one element; a hostile one has thousands."""

_PLAIN = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*")
_GENERATED = re.compile(
    r"(?:css|jsx|jss|sc|svelte|emotion|makeStyles|styled)-?[-\w]*\d[-\w]*|sc-\w+|_ng\w+.*"
)
_PARTS = re.compile(r"[-_]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+")
_NUMBERED = re.compile(r"([A-Za-z]+)\d{1,2}")
_UTILITY = re.compile(
    r"-?(?:[mp][trblxyse]?|w|h|min|max|text|bg|border|rounded|shadow|flex|grid|gap|space|items|justify|self|align"
    r"|font|leading|tracking|col|row|order|offset|d|g|float|pull|push|inset|top|left|right|bottom|z|fs|fw"
    r"|overflow|object|opacity|cursor|transition|duration|ease|ring|divide|place|whitespace|break|line|translate"
    r"|scale|rotate|hover|focus|inline|sm|md|lg|xl|xs|container|is|has|u|js|btn|button|img|display|position)-[\w-]+"
    r"|flex|grid|block|inline|hidden|relative|absolute|fixed|sticky|static|row|col|container|clearfix|truncate|card-img-top"
    r"|stretched-link|underline|italic|uppercase|lowercase|capitalize|antialiased|visible|invisible|rounded|border|shadow|group"
    r"|peer|btn|button|left|right|first|last|odd|even|active|current|selected|open|small|large|big|bold|card-body"
)


@lru_cache(maxsize=4096)
def can_select(name: str) -> bool:
    """Whether a selector may use `name`: it needs no escapes, and no program made it up."""
    return len(name) <= MOST_CHARACTERS and _PLAIN.fullmatch(name) is not None and not is_generated(name)


@lru_cache(maxsize=4096)
def is_generated(name: str) -> bool:
    """Whether `name` looks like a hash or a counter, which the next build of the site changes."""
    return _GENERATED.fullmatch(name) is not None or any(map(_is_noise, filter(None, _PARTS.split(name))))


@lru_cache(maxsize=4096)
def is_utility(name: str) -> bool:
    """Whether `name` says how an element looks or stands, and not what it is: `mb-3`, `flex`, `first`."""
    return _UTILITY.fullmatch(name) is not None


def strength(name: str) -> float:
    """Return how well a selector by `name` says which elements it means, 1 at most."""
    return 0.6 if is_utility(name) else 0.9 if len(name) < 3 else 1.0


def words(name: str) -> tuple[str, ...]:
    """Return the words of a class or an attribute in lower case: `product-card__oldPrice` has four."""
    return tuple(word.lower() for word in _HUMPS.findall(name)) or ((name.lower(),) if name else ())


def _is_noise(part: str) -> bool:
    if re.search(r"\d{3}", part):
        return True
    if len(part) < 5:
        return False
    if re.search(r"\d", part):
        numbered = _NUMBERED.fullmatch(part)
        if numbered is None:
            return True
        part = numbered.group(1)
    if not re.search(r"[aeiouyAEIOUY]", part):
        return True
    humps = _HUMPS.findall(part)
    return len(humps) > 2 and len(part) / len(humps) < 3
