"""What a value must keep to be stored: bounds, length, a pattern, one of some."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from scrapers.fields.selectors import PATTERN_SCHEMA, BadSelector, Pattern, compile_selector
from scrapers.fields.types import BadValue, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapers.page import JSON

MAX_CHOICES: Final = 1_000
_MAX_LENGTH: Final = 1_048_576
_LARGEST: Final = sys.float_info.max
_NUMBER: Final = {"type": "number"}
_LENGTH: Final = {"type": "integer", "minimum": 0, "maximum": _MAX_LENGTH}
RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "min": _NUMBER,
    "max": _NUMBER,
    "min_length": _LENGTH,
    "max_length": _LENGTH,
    "pattern": PATTERN_SCHEMA,
    "one_of": {
        "type": "array",
        "items": {"type": ["string", "number", "boolean"]},
        "minItems": 1,
        "maxItems": MAX_CHOICES,
    },
}
"""The rules by the key that declares them, with their JSON Schema."""


class RefusedValue(BadValue):
    """A value of its type that a rule of its field refuses."""

    code = "invalid_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one field; None where it has none of the kind."""

    least: float | None = None
    most: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: Pattern | None = None
    one_of: tuple[JSON, ...] | None = None

    def judge(self, value: JSON) -> None:
        """Raise RefusedValue when `value` breaks a rule; of a price with its currency the amount counts."""
        reason = self._refusal(value["amount"] if isinstance(value, dict) and "amount" in value else value)
        if reason:
            raise RefusedValue(f"{shown(value)} {reason}")

    def _refusal(self, value: JSON) -> str:
        if self.least is not None or self.most is not None:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return "is no number, which min and max are for"
            if self.least is not None and value < self.least:
                return f"is less than {self.least:g}"
            if self.most is not None and value > self.most:
                return f"is more than {self.most:g}"
        return self._refusal_of_text(value)

    def _refusal_of_text(self, value: JSON) -> str:
        text = value if isinstance(value, str) else str(value)
        if self.shortest is not None and len(text) < self.shortest:
            return f"is shorter than {self.shortest} characters"
        if self.longest is not None and len(text) > self.longest:
            return f"is longer than {self.longest} characters"
        if self.pattern is not None and self.pattern.find.search(text) is None:
            return "does not match the pattern"
        if self.one_of is not None and not any(_same(value, choice) for choice in self.one_of):
            return "is none of those in one_of"
        return ""


def read_rules(said: Mapping[object, object]) -> tuple[Rules | None, list[tuple[str, str]]]:
    """Return the rules that a field declares, None without any, and each mistake: its key, and the reason."""
    wrong: list[tuple[str, str]] = []
    least, most = (_number(said, key, wrong) for key in ("min", "max"))
    shortest, longest = (_length(said, key, wrong) for key in ("min_length", "max_length"))
    for low, high, key in ((least, most, "min"), (shortest, longest, "min_length")):
        if low is not None and high is not None and low > high:
            wrong.append((key, f"is more than {key.replace('min', 'max')}: no value can be both"))
    rules = Rules(
        least=least,
        most=most,
        shortest=shortest,
        longest=longest,
        pattern=_pattern(said, wrong),
        one_of=_one_of(said, wrong),
    )
    return (rules if any(key in said for key in RULES) else None), wrong


def _number(said: Mapping[object, object], key: str, wrong: list[tuple[str, str]]) -> float | None:
    value = said.get(key)
    if key not in said:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        wrong.append((key, "must be a number"))
        return None
    return value


def _length(said: Mapping[object, object], key: str, wrong: list[tuple[str, str]]) -> int | None:
    value = said.get(key)
    if key not in said:
        return None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if number != number // 1 or not 0 <= number <= _MAX_LENGTH:
        wrong.append((key, f"must be a whole number from 0 to {_MAX_LENGTH:,}"))
        return None
    return int(number)


def _pattern(said: Mapping[object, object], wrong: list[tuple[str, str]]) -> Pattern | None:
    if "pattern" not in said:
        return None
    text = said["pattern"]
    if not isinstance(text, str):
        wrong.append(("pattern", "must be text"))
        return None
    try:
        return cast("Pattern", compile_selector("re", text))
    except BadSelector as error:
        wrong.append(("pattern", str(error)))
        return None


def _one_of(said: Mapping[object, object], wrong: list[tuple[str, str]]) -> tuple[JSON, ...] | None:
    if "one_of" not in said:
        return None
    choices = said["one_of"]
    if not isinstance(choices, list) or not 0 < len(choices) <= MAX_CHOICES:
        wrong.append(("one_of", f"must be a list of 1 to {MAX_CHOICES:,} values"))
        return None
    if not all(isinstance(choice, str | int | float | bool) for choice in choices):
        wrong.append(("one_of", "holds texts, numbers, true and false only"))
        return None
    return tuple(choices)


def _same(value: JSON, choice: JSON) -> bool:
    """Compare as JSON does: true is not 1."""
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)
