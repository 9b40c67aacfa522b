"""The options of extractors: what each may be told, and what is wrong with what it was told."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scrapers.links import Link
    from scrapers.page import JSON, Page, Problem

Mistake = tuple[str, str]


class Extractor(Protocol):
    """A class of general extractors: its instances are frozen, and their fields are its options."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init__(self, **options: Any) -> None:
        """Take options that are no mistakes."""

    def parse(self, page: Page) -> Iterable[dict[str, JSON] | Link | Problem]:
        """Yield what `page` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of an extractor: yes or no, or one of `choices`."""

    name: str
    default: bool | str
    what: str
    choices: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Its default, and what else it may be: `balance (or precision, recall)`."""
        if not self.choices:
            return "true (or false)" if self.default else "false (or true)"
        return f"{self.default} (or {', '.join(self.choices[1:])})"


def flag(*, default: bool, what: str) -> Any:
    """Return the field of an option that is on or off."""
    return field(default=default, metadata={"what": what})


def choice(*choices: str, what: str) -> Any:
    """Return the field of an option that is one of some words; the first is its default."""
    return field(default=choices[0], metadata={"what": what, "choices": choices})


def of(extractor: type[Extractor]) -> tuple[Option, ...]:
    """Return the options that `extractor` has."""
    found: Iterable[Field[Any]] = fields(extractor)
    return tuple(Option(name=one.name, **{"default": one.default, **one.metadata}) for one in found)


def mistakes(extractor: type[Extractor], given: Mapping[object, object]) -> tuple[Mistake, ...]:
    """Return what is wrong with the options that are `given`, each with its path."""
    known = {option.name: option for option in of(extractor)}
    if not known:
        return unknown(given)
    judged = ((name, _misfit(known, name, value)) for name, value in given.items())
    return tuple((f"options.{name}", wrong) for name, wrong in judged if wrong)


def unknown(given: Iterable[object]) -> tuple[Mistake, ...]:
    """Return what is wrong with any option of a scraper that has none."""
    return tuple((f"options.{name}", "is unknown: this scraper has no options") for name in given)


def _misfit(known: Mapping[str, Option], name: object, value: object) -> str:
    """Return what is wrong with one option; nothing where it fits."""
    option = known.get(name) if isinstance(name, str) else None
    if option is None:
        return f"is unknown; known are {', '.join(known)}"
    if option.choices:
        return "" if value in option.choices else f"must be one of {', '.join(option.choices)}"
    return "" if isinstance(value, bool) else "must be true or false"
