"""Whether the data of a run looks otherwise than that of the runs before: a site changed, most likely.

What is asked is what blanks and shifted columns do to data: fields that say nothing any more, say something
of another type, much longer or shorter texts, or words that were never there, and far fewer records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.policy.quality.inside import outer
from crawler.policy.quality.rules import Breach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.policy.quality.statistics import FieldFigures

    Past = Sequence[tuple[int, Mapping[str, FieldFigures]]]

FEWEST_RUNS: Final = 3
"""As many runs have to say what is usual."""
FEWEST_ITEMS: Final = 10
FEWER: Final = 0.5
"""A run with fewer than this part of the least records of before has drifted."""
LOST: Final = 0.2
"""As much less coverage than the least of before is a loss, or half of it where there was little."""
ALWAYS: Final = 0.9
SELDOM: Final = 0.5
LONGER: Final = 4.0
UNKNOWN_WORDS: Final = 0.5


def drifts(
    items: int, figures: Mapping[str, FieldFigures], past: Past, *, fewest: int = FEWEST_RUNS
) -> Iterator[Breach]:
    """Yield in what a run differs from all of the `past` ones; nothing where these are too few.

    Each of them is its number of records and the figures of its fields.
    """
    usual = _usual(past, fewest)
    if not usual:
        return
    least = min(many for many, _ in usual)
    if items < FEWER * least:
        yield Breach(rule="items", field=None, wanted=least, found=items)
    if not items:
        return
    for name, before in baselines([fields for _, fields in usual]):
        if not before[-1].is_inside or _stands_in(name, figures) >= FEWEST_ITEMS:
            yield from _of_field(name, figures.get(name), before)


def compared(past: Past, *, fewest: int = FEWEST_RUNS) -> frozenset[str]:
    """Return the fields that are compared, as `drifts` does: of each a run is to have its figures."""
    return frozenset(name for name, _ in baselines([fields for _, fields in _usual(past, fewest)]))


def _usual(past: Past, fewest: int) -> Past:
    usual = [(many, fields) for many, fields in past if many >= FEWEST_ITEMS]
    return usual if len(usual) >= fewest else []


def baselines(
    usual: Sequence[Mapping[str, FieldFigures]],
) -> Iterator[tuple[str, list[FieldFigures]]]:
    """Yield each field that all of the runs had, with its figures in each.

    Of what is inside of objects those tell that looked there, which earlier versions of Trawl did not: all
    of the runs, or three, and ten records of each must have had such objects.
    """
    if not usual:
        return
    looked = [fields for fields in usual if any(one.is_inside for one in fields.values())]
    tells_inside = len(looked) >= min(FEWEST_RUNS, len(usual))
    for name, last in usual[-1].items():
        if not last.is_inside:
            found = [fields[name] for fields in usual if name in fields]
            if len(found) == len(usual):
                yield name, found
        elif tells_inside:
            found = [fields[name] for fields in looked if name in fields]
            if len(found) == len(looked) and min(one.records or 0 for one in found) >= FEWEST_ITEMS:
                yield name, found


def _stands_in(path: str, figures: Mapping[str, FieldFigures]) -> int:
    """Return in how many records objects stand that may have the field, as others of their fields tell.

    Where there are none, it is the field around that says nothing.
    """
    around = outer(path)
    return max(
        (one.records for name, one in figures.items() if one.records is not None and outer(name) == around),
        default=0,
    )


def _of_field(name: str, now: FieldFigures | None, past: Sequence[FieldFigures]) -> Iterator[Breach]:
    least = min(one.coverage for one in past)
    coverage = now.coverage if now else 0.0
    if coverage < least - min(LOST, least / 2):
        yield Breach(rule="coverage", field=name, wanted=round(least, 4), found=round(coverage, 4))
    if now is None:
        return
    yield from _types(name, now, past)
    yield from _lengths(name, now, past)
    yield from _words(name, now, past)


def _types(name: str, now: FieldFigures, past: Sequence[FieldFigures]) -> Iterator[Breach]:
    for kind in past[-1].types:
        always = min(one.types.get(kind, 0.0) for one in past)
        if always >= ALWAYS and now.types.get(kind, 0.0) < SELDOM:
            yield Breach(rule="type", field=name, wanted=kind, found=next(iter(now.types)))


def _lengths(name: str, now: FieldFigures, past: Sequence[FieldFigures]) -> Iterator[Breach]:
    lengths = [one.length for one in past if one.length]
    if now.length is None or len(lengths) < len(past):
        return
    shortest, longest = min(lengths), max(lengths)
    if now.length > LONGER * longest or now.length < shortest / LONGER:
        wanted = longest if now.length > longest else shortest
        yield Breach(rule="length", field=name, wanted=round(wanted, 1), found=round(now.length, 1))


def _words(name: str, now: FieldFigures, past: Sequence[FieldFigures]) -> Iterator[Breach]:
    """Compare vocabularies; a field that has many values by now is compared by its length alone.

    So is one that said other words in each run: the titles of news have no vocabulary, few as they are.
    """
    said = [set(one.words) for one in past if one.words is not None]
    if now.words is None or len(said) < len(past) or not _is_vocabulary(said):
        return
    known = set().union(*said)
    unknown = [word for word in now.words if word not in known]
    if len(unknown) > UNKNOWN_WORDS * len(now.words):
        yield Breach(
            rule="words", field=name, wanted=", ".join(sorted(known)[:5]), found=", ".join(unknown[:5])
        )


def _is_vocabulary(said: Sequence[set[str]]) -> bool:
    """Say whether runs used the same words: of each most are another one's, too. One run cannot tell."""
    others = [set().union(*said[:place], *said[place + 1 :]) for place in range(len(said))]
    return len(said) > 1 and all(
        len(words - known) <= UNKNOWN_WORDS / 2 * len(words)
        for words, known in zip(said, others, strict=True)
    )
