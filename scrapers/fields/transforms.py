"""What may be done to a value before it is of its type: a fixed list of steps, each with bounded output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from zoneinfo import ZoneInfo

from price_parser import Price

from scrapers.fields.selectors import PATTERN_SCHEMA, BadSelector, Pattern, compile_selector
from scrapers.fields.types import MAX_PRICE_CHARACTERS, BadValue, Kind, convert
from scrapers.page import dates

if TYPE_CHECKING:
    from scrapers.page import JSON, Page

MAX_STEPS: Final = 20
MAX_CHARACTERS: Final = 1024 * 1024
MAX_MEMBERS: Final = 10_000
_MAX_SEPARATOR: Final = 100
_MAX_REPLACEMENT: Final = 200
_MAX_LANGUAGES: Final = 5
_LANGUAGE: Final = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$"
_MAX_INDEX: Final = 1_000_000


class BadStep(ValueError):
    """An argument that a step cannot use; the message is for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A step that fields may name: its argument as JSON Schema, what reads that, and what it does.

    `argument` None takes none; one that is `optional` may be left out. `read` is given None then, and
    raises BadStep. `apply` is given a text, or any value of JSON where `takes_any`; raises BadValue.
    """

    argument: Mapping[str, Any] | None
    read: Callable[[object], Any]
    apply: Callable[[Any, Any, Page], JSON]
    optional: bool = True
    takes_any: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step with its argument."""

    name: str
    argument: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dating:
    languages: tuple[str, ...] = ()
    zone: ZoneInfo | None = None


def read_step(said: object) -> Step:
    """Return the step that a declaration names, `"lower"` or `{"split": ","}`; raises BadStep."""
    if isinstance(said, str):
        name: object = said
        argument: object = None
    elif isinstance(said, Mapping) and len(said) == 1:
        ((name, argument),) = said.items()
        if argument is None:
            raise BadStep("needs an argument that is not null, or is written as text alone")
    else:
        raise BadStep('must be the name of a transform, or an object of one, such as {"split": ","}')
    known = STEPS.get(name) if isinstance(name, str) else None
    if known is None:
        raise BadStep(f"is unknown; known are {', '.join(sorted(STEPS))}")
    if argument is not None and known.argument is None:
        raise BadStep(f"{name} takes no argument; write it as text alone")
    if argument is None and not known.optional:
        raise BadStep(f"{name} needs an argument")
    return Step(name=str(name), argument=known.read(argument))


def gathers(steps: tuple[Step, ...]) -> bool:
    """Whether the first of `steps` that is about lists joins all matches of a field."""
    return bool(steps) and next((one.name for one in steps if one.name in {"join", "split"}), "") == "join"


def transformed(value: JSON, steps: tuple[Step, ...], *, page: Page) -> JSON:
    """Return what `steps` make of `value`, in their order; raises BadValue."""
    _bounded(value)
    for step in steps:
        value = _applied(step, value, page)
        _bounded(value)
    return value


def _applied(step: Step, value: JSON, page: Page) -> JSON:
    known = STEPS[step.name]
    if known.takes_any:
        return known.apply(value, step.argument, page)
    if isinstance(value, list):
        return [known.apply(plain(member), step.argument, page) for member in value if member is not None]
    return known.apply(plain(value), step.argument, page)


def plain(value: JSON) -> str:
    """Return a value of JSON as text; raises BadValue for what holds others."""
    if isinstance(value, dict | list):
        raise BadValue("an object or a list is no text")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _bounded(value: JSON) -> None:
    members = value if isinstance(value, list) else [value]
    if len(members) > MAX_MEMBERS:
        raise BadValue(f"a list of {len(members):,} values is longer than {MAX_MEMBERS:,}")
    if sum(len(member) for member in members if isinstance(member, str)) > MAX_CHARACTERS:
        raise BadValue(f"is longer than {MAX_CHARACTERS:,} characters")


def _nothing(said: object) -> None:
    """Read the argument of a step that takes none."""


def _short_text(said: object) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not 0 < len(said) <= _MAX_SEPARATOR:
        raise BadStep(f"must be text of 1 to {_MAX_SEPARATOR} characters")
    return said


def _separator(said: object) -> str:
    if said is None:
        return " "
    if not isinstance(said, str) or len(said) > _MAX_SEPARATOR:
        raise BadStep(f"must be text of at most {_MAX_SEPARATOR} characters")
    return said


def _replacing(said: object) -> tuple[Pattern, str]:
    pair = said if isinstance(said, list) else []
    if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise BadStep('must be a list of an RE2 pattern and what stands in its place: ["\\\\s+", " "]')
    pattern, replacement = pair
    if len(replacement) > _MAX_REPLACEMENT:
        raise BadStep(f"puts more than {_MAX_REPLACEMENT} characters in the place of a match")
    try:
        compiled = cast("Pattern", compile_selector("re", pattern))
    except BadSelector as error:
        raise BadStep(str(error)) from None
    if any(int(number) > compiled.find.groups for number in _REFERENCE.findall(replacement)):
        raise BadStep("names a group that the pattern does not have")
    return compiled, replacement


def _slice(said: object) -> int | slice:
    if (index := _index(said)) is not None:
        return index
    if not isinstance(said, list) or len(said) != 2:
        raise BadStep("must be a whole number, or a list of where to begin and where to end, null for open")
    ends = [None if end is None else _index(end) for end in said]
    if any(end is None and given is not None for end, given in zip(ends, said, strict=True)):
        raise BadStep("begins and ends at whole numbers or null")
    return slice(*ends)


def _index(said: object) -> int | None:
    if isinstance(said, bool) or not isinstance(said, int | float) or said != said // 1:
        return None
    return int(said) if abs(said) <= _MAX_INDEX else None


def _part_of_price(said: object) -> str | None:
    if said is None or (isinstance(said, str) and said in {"amount", "currency"}):
        return said
    raise BadStep("must be amount or currency; left out, it gives both")


def _dating(said: object) -> _Dating:
    if said is None:
        return _Dating()
    if not isinstance(said, Mapping) or set(said) - {"languages", "timezone"}:
        raise BadStep("must be an object of languages and timezone")
    languages = said.get("languages", [])
    if not isinstance(languages, list) or len(languages) > _MAX_LANGUAGES:
        raise BadStep(f"languages must be a list of at most {_MAX_LANGUAGES}")
    if not all(isinstance(name, str) and re.search(_LANGUAGE, name) for name in languages):
        raise BadStep("languages are written such as en or de-AT")
    return _Dating(languages=tuple(languages), zone=_zone(said["timezone"]) if "timezone" in said else None)


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(name if isinstance(name, str) else "")
    except (ValueError, OSError, LookupError):
        raise BadStep("timezone must be an IANA name, such as Europe/Berlin") from None


def _strip(text: str, characters: str | None, _page: Page) -> JSON:
    return text.strip(characters)


def _lower(text: str, _argument: None, _page: Page) -> JSON:
    return text.lower()


def _upper(text: str, _argument: None, _page: Page) -> JSON:
    return text.upper()


def _split(value: JSON, separator: str | None, _page: Page) -> JSON:
    texts = [plain(member) for member in value] if isinstance(value, list) else [plain(value)]
    parts = (part.strip() for text in texts for part in text.split(separator))
    return [part for part in parts if part]


def _join(value: JSON, separator: str, _page: Page) -> JSON:
    return separator.join(plain(member) for member in value) if isinstance(value, list) else value


def _sliced(value: JSON, place: int | slice, _page: Page) -> JSON:
    sequence = value if isinstance(value, list) else plain(value)
    try:
        return sequence[place]
    except IndexError:
        raise BadValue(f"there is nothing at {place}") from None


_REFERENCE: Final = re.compile(r"\\([0-9])")


def _replaced(text: str, replacing: tuple[Pattern, str], _page: Page) -> JSON:
    r"""Put the replacement in the place of each match, with `\1` for its first group."""
    pattern, replacement = replacing
    pieces = list(enumerate(_REFERENCE.split(replacement)))
    parts: list[str] = []
    end = size = 0
    for match in pattern.find.finditer(text):
        given = "".join(part if index % 2 == 0 else match.group(int(part)) or "" for index, part in pieces)
        parts += [text[end : match.start()], given]
        end, size = match.end(), size + len(given)
        if size > MAX_CHARACTERS:
            raise BadValue(f"is longer than {MAX_CHARACTERS:,} characters")
    return "".join((*parts, text[end:]))


def _number(text: str, _argument: None, page: Page) -> JSON:
    return convert(Kind.NUMBER, text, page=page)


def _price(text: str, part: str | None, page: Page) -> JSON:
    found = Price.fromstring(text[:MAX_PRICE_CHARACTERS])
    if part == "currency":
        if not found.currency:
            raise BadValue(f"{text[:60]!r} names no currency")
        return found.currency
    amount = convert(Kind.PRICE, text, page=page)
    return amount if part == "amount" else {"amount": amount, "currency": found.currency}


def _date(text: str, dating: _Dating, page: Page) -> JSON:
    for language in dating.languages or (page.language,):
        read = dates.read(text, language=language)
        if read is not None:
            return dates.within(read, dating.zone) if dating.zone else read
    raise BadValue(f"{text[:60]!r} is not a date")


def _url(text: str, _argument: None, page: Page) -> JSON:
    return convert(Kind.URL, text, page=page)


_SHORT: Final = {"type": "string", "minLength": 1, "maxLength": _MAX_SEPARATOR}
_INDEX: Final = {"type": "integer", "minimum": -_MAX_INDEX, "maximum": _MAX_INDEX}
STEPS: Final[Mapping[str, Known]] = {
    "strip": Known(argument=_SHORT, read=_short_text, apply=_strip),
    "join": Known(
        argument={"type": "string", "maxLength": _MAX_SEPARATOR},
        read=_separator,
        apply=_join,
        takes_any=True,
    ),
    "split": Known(argument=_SHORT, read=_short_text, apply=_split, takes_any=True),
    "replace": Known(
        argument={
            "type": "array",
            "prefixItems": [PATTERN_SCHEMA, {"type": "string", "maxLength": _MAX_REPLACEMENT}],
            "minItems": 2,
            "maxItems": 2,
        },
        read=_replacing,
        apply=_replaced,
        optional=False,
    ),
    "slice": Known(
        argument={
            "anyOf": [
                _INDEX,
                {
                    "type": "array",
                    "items": {"anyOf": [_INDEX, {"type": "null"}]},
                    "minItems": 2,
                    "maxItems": 2,
                },
            ]
        },
        read=_slice,
        apply=_sliced,
        optional=False,
        takes_any=True,
    ),
    "lower": Known(argument=None, read=_nothing, apply=_lower),
    "upper": Known(argument=None, read=_nothing, apply=_upper),
    "number": Known(argument=None, read=_nothing, apply=_number),
    "price": Known(argument={"enum": ["amount", "currency"]}, read=_part_of_price, apply=_price),
    "date": Known(
        argument={
            "type": "object",
            "properties": {
                "languages": {
                    "type": "array",
                    "items": {"type": "string", "pattern": _LANGUAGE},
                    "maxItems": _MAX_LANGUAGES,
                },
                "timezone": {"type": "string", "minLength": 1},
            },
            "additionalProperties": False,
        },
        read=_dating,
        apply=_date,
    ),
    "url": Known(argument=None, read=_nothing, apply=_url),
}
"""The steps by name; `docs/guides/scrapers.md` says what each does."""
