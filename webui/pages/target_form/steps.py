"""Transforms as rows of controls: which one, and up to two arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict

from scrapers.fields.transforms import STEPS
from webui.pages.target_form import values

SPARE_STEPS = 2
CHOICES: Final = (
    ("", "no transform"),
    ("strip", "strip spaces, or the signs named"),
    ("replace", "replace a pattern (RE2), by what"),
    ("split", "split at spaces, or at what"),
    ("join", "join a list with a space, or with what"),
    ("join:", "join a list with nothing between"),
    ("slice:one", "take one sign or member: its place from 0"),
    ("slice", "take from a place, up to a place"),
    ("lower", "lower case"),
    ("upper", "upper case"),
    ("number", "number"),
    ("price", "price with its currency"),
    ("price:amount", "price, its amount"),
    ("price:currency", "price, its currency"),
    ("date", "date: its languages, the time zone wanted"),
    ("url", "absolute URL"),
)
"""What a person can choose: some transforms are several, so that two arguments are enough for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One transform as it is chosen, with the texts of its two arguments."""

    choice: str = ""
    first: str = ""
    second: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.choice or self.first or self.second)

    def said(self) -> object:
        """Return the transform in the words of `fields`; their reader refuses what makes no sense."""
        name, _, variant = self.choice.partition(":")
        argument = self._argument(name, variant)
        return name if argument is None else {name: argument}

    def _argument(self, name: str, variant: str) -> object:
        match name:
            case "replace":
                return [self.first, self.second]
            case "slice" if not variant:
                return [values.number(self.first.strip()), values.number(self.second.strip())]
            case "slice" if not self.second:
                return values.number(self.first.strip()) if self.first.strip() else self.first
            case "date":
                return self._dating() or None
            case "price" if variant:
                return [variant, self.first, self.second] if self.first or self.second else variant
            case "join" if self.choice == "join:" and not self.second:
                return self.first
        return [self.first, self.second] if self.second else self.first or None

    def _dating(self) -> dict[str, object]:
        languages = [word.strip() for word in self.first.split(",") if word.strip()]
        zone = self.second.strip()
        return ({"languages": languages} if languages else {}) | ({"timezone": zone} if zone else {})


def of_declared(said: object) -> tuple[StepRow, ...]:
    """Return transforms as rows, as near as rows come to them: who asks compares what they say."""
    return tuple(_of_step(one) for one in said) if isinstance(said, list) else ()


def _of_step(said: object) -> StepRow:
    if isinstance(said, str):
        return StepRow(choice=said if said in STEPS else "")
    if not isinstance(said, Mapping) or len(said) != 1:
        return StepRow()
    ((name, argument),) = said.items()
    return _of_argument(name, argument)


def _of_argument(name: str, argument: object) -> StepRow:
    match name, argument:
        case "slice", [start, end]:
            return _row("slice", _open(start), _open(end))
        case "slice", _:
            return _row("slice:one", argument)
        case "replace", [pattern, replacement]:
            return _row("replace", pattern, replacement)
        case "date", Mapping():
            return _of_dating(argument)
        case "price", "amount" | "currency":
            return StepRow(choice=f"price:{argument}")
        case "join", "":
            return StepRow(choice="join:")
    return _row(name if name in STEPS else "", argument)


def _of_dating(said: Mapping[str, Any]) -> StepRow:
    languages = said.get("languages", [])
    first = ", ".join(map(values.shown, languages)) if isinstance(languages, list) else ""
    return _row("date", first, said.get("timezone", ""))


def _open(end: object) -> object:
    return "" if end is None else end


def _row(choice: str, first: object, second: object = "") -> StepRow:
    texts = (values.line(values.shown(text)) for text in (first, second))
    return StepRow(choice=choice, first=next(texts), second=next(texts))


def posted(post: QueryDict) -> dict[str, tuple[StepRow, ...]]:
    """Return the transforms that a person chose, by the number of their row; empty ones are dropped."""
    columns = [post.getlist(f"step_{name}") for name in ("of", "choice", "first", "second")]
    found: dict[str, tuple[StepRow, ...]] = {}
    for of, choice, first, second in zip(*columns, strict=False):
        step = StepRow(choice=choice.strip(), first=values.line(first), second=values.line(second))
        if not step.is_empty:
            found[of] = (*found.get(of, ()), step)
    return found
