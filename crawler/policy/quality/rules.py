"""What a person demands of the data of each run, and where a run falls short of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.policy.quality.statistics import FieldFigures

OF_A_PART: Final = ("min", "max", "unique")
"""The rules of a field that some of the records can break as well as all of them."""
FEWEST_TRIED: Final = 10
"""From so many requests on the share of errors says something of a part: one of three that fails does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A target's rules as they are stored; an empty object demands nothing.

    `fields` has for each field any of `coverage` (at least this part of the records says something in it),
    `min`, `max` (of its numbers) and `unique`. With `hold`, runs that drift are held.
    """

    min_items: int | None = None
    max_errors: float | None = None
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drift: bool = True
    hold: bool = True

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Rules:
        return cls(**said)

    @property
    def wanted(self) -> frozenset[str]:
        """The fields that some rule asks for."""
        return frozenset(self.fields)

    @property
    def unique(self) -> frozenset[str]:
        return frozenset(name for name, rule in self.fields.items() if rule.get("unique"))

    def of_part(self, *, tried: int) -> Rules:
        """Return what of it a run must meet that read only some of the records by `tried` requests."""
        kept = {
            name: {key: wanted for key, wanted in rule.items() if key in OF_A_PART}
            for name, rule in self.fields.items()
        }
        return replace(
            self,
            min_items=None,
            max_errors=self.max_errors if tried >= FEWEST_TRIED else None,
            fields={name: rule for name, rule in kept.items() if rule},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One demand that a run does not meet: the rule, its field if any, what was wanted and what there is."""

    rule: str
    field: str | None
    wanted: float | str
    found: float | str | None

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "field": self.field, "wanted": self.wanted, "found": self.found}


def breaches(
    rules: Rules, *, items: int, errors: float, figures: Mapping[str, FieldFigures]
) -> Iterator[Breach]:
    """Yield each rule that a run breaks; `errors` is the part, 0 to 1, of its requests that failed.

    Of a run without items only their number is told: it has no fields that could be wrong.
    """
    if rules.min_items is not None and items < rules.min_items:
        yield Breach(rule="min_items", field=None, wanted=rules.min_items, found=items)
    if rules.max_errors is not None and errors > rules.max_errors:
        yield Breach(rule="max_errors", field=None, wanted=rules.max_errors, found=round(errors, 4))
    if items:
        for name, rule in rules.fields.items():
            yield from _of_field(name, rule, figures.get(name))


def _of_field(name: str, rule: Mapping[str, Any], known: FieldFigures | None) -> Iterator[Breach]:
    coverage = known.coverage if known else 0.0
    wanted = rule.get("coverage")
    if wanted is not None and coverage < wanted:
        yield Breach(rule="coverage", field=name, wanted=wanted, found=round(coverage, 4))
    if known is None:
        return
    least, most = rule.get("min"), rule.get("max")
    if least is not None and known.least is not None and known.least < least:
        yield Breach(rule="min", field=name, wanted=least, found=known.least)
    if most is not None and known.most is not None and known.most > most:
        yield Breach(rule="max", field=name, wanted=most, found=known.most)
    if rule.get("unique") and known.repeated:
        yield Breach(rule="unique", field=name, wanted=0, found=known.repeated)
