"""Search by words: which rows hold each of those that a person typed.

A row holds a word where it has its letters in a row, of either case, in the middle of other words too. Lists
look into the marks of the index first (`policy/signatures.py`) and read the rows that may hold the words,
and those that are not in the index yet: what they find is what reading all rows would.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import connection
from django.db.models import BooleanField, F, Func, Model, Q, Value

from crawler.models import SearchMarks
from crawler.policy import signatures
from crawler.queries import shares
from crawler.queries.paging import Extract, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from crawler.models import SearchKind, Target
    from crawler.policy.signatures import Wanted
    from crawler.queries.paging import Reader

MOST_WORDS = 5
MOST_TARGETS: Final = 20
"""The rows of so many targets are told from others by their marks."""
FIRST_ROWS, MOST_ROWS = 500, 4_000
"""How many rows that may hold the words are read together, at first and at most."""
MOST_AT_ONCE: Final = 5_000
"""So many rows are looked into for an answer where the index cannot tell: some 200 ms on PostgreSQL."""

Stored = TypeVar("Stored", bound=Model)


def words(q: str) -> list[str]:
    """Return the words of `q` that are searched for."""
    return q.split()[:MOST_WORDS]


def holding(found: QuerySet[Stored], q: str, *columns: str) -> QuerySet[Stored]:
    """Return the rows of `found` that hold each word of `q` in one of `columns`, whatever its case."""
    for word in words(q):
        somewhere = Q()
        for column in columns:
            somewhere |= has(column, word)
        found = found.filter(somewhere)
    return found


def has(column: str, word: str) -> Q:
    """Match rows that hold `word` in a column. SQLite's LIKE takes letters beyond ASCII as they are."""
    if word.isascii() or connection.vendor != "sqlite":
        return Q((f"{column}__icontains", word))
    return Q(
        Func(
            F(column),
            Value(f"*{''.join(map(_either_case, word))}*"),
            template="(%(expressions)s)",
            arg_joiner=" GLOB ",
            output_field=BooleanField(),
        )
    )


def _either_case(letter: str) -> str:
    """Return the pattern of GLOB that matches a letter, large or small."""
    alike = dict.fromkeys(one for one in (letter, letter.lower(), letter.upper()) if len(one) == 1)
    return letter if letter in "^]" else f"[{''.join(alike)}]"


def within(
    kind: SearchKind,
    spellings: Iterable[Iterable[str]],
    rows: QuerySet[Stored],
    targets: QuerySet[Target],
) -> tuple[QuerySet[Stored], Reader]:
    """Return the `rows` of `targets` that are to be asked for words, and what reads a list of those by ids.

    Each word comes in all its `spellings`. The list itself is to ask for rows that hold them: the reader
    leaves out most of the others and no more. Where all words are too short for the index it looks into so
    many rows at once and no more.
    """
    own, aside = shares.of(rows, targets), shares.aside(rows, targets)
    if shares.at_most(own, shares.MOST_READ):
        return own, read
    wanted = signatures.wanted(spellings)
    if not wanted.all_of:
        return aside, _some_at_once(own if shares.at_most(own, shares.MOST_SORTED) else rows)
    owners = list(targets.values_list("pk", flat=True)[: MOST_TARGETS + 1])
    wanted = wanted.of_targets(owners) if len(owners) <= MOST_TARGETS else wanted.among(shares.few_ids(own))
    return aside, _indexed(kind, wanted)


def _some_at_once(among: QuerySet[Any]) -> Reader:
    """Return what looks into the next `MOST_AT_ONCE` rows of `among` for those that are wanted."""

    def some(
        found: QuerySet[Stored], *, order: tuple[str, ...], many: int, after: Any = None
    ) -> Extract[Stored]:
        (place,) = order
        falling = place.startswith("-")
        left = among if after is None else among.filter(Q(pk__lt=after) if falling else Q(pk__gt=after))
        in_order = left.order_by("-pk" if falling else "pk").values_list("pk", flat=True)
        ids = list(in_order[: MOST_AT_ONCE + 1])
        until = ids[MOST_AT_ONCE - 1] if len(ids) > MOST_AT_ONCE else None
        rows = _among(found, iter(ids[:MOST_AT_ONCE]), place=place, many=many)
        return Extract(rows=rows, until=until)

    return some


def _indexed(kind: SearchKind, wanted: Wanted) -> Reader:
    def indexed(
        found: QuerySet[Stored], *, order: tuple[str, ...], many: int, after: Any = None
    ) -> Extract[Stored]:
        (place,) = order
        falling = place.startswith("-")
        waiting = found.filter(searchable__isnull=True).order_by("-id" if falling else "id")[:many]
        rows = {row.pk: row for row in waiting}
        told = _candidates(kind, wanted, falling=falling, after=after)
        rows |= {row.pk: row for row in _among(found, told, place=place, many=many)}
        return Extract(rows=[rows[pk] for pk in sorted(rows, reverse=falling)[:many]])

    return indexed


def _among(found: QuerySet[Stored], ids: Iterator[int], *, place: str, many: int) -> list[Stored]:
    """Return the first `many` rows of `found` among those with these ids, which come in the same order."""
    rows: list[Stored] = []
    at_once = FIRST_ROWS
    while len(rows) < many and (some := list(islice(ids, at_once))):
        rows += found.filter(pk__in=some).order_by(place)[: many - len(rows)]
        at_once = min(2 * at_once, MOST_ROWS)
    return rows


def _candidates(kind: SearchKind, wanted: Wanted, *, falling: bool, after: int | None) -> Iterator[int]:
    """Yield the ids that may be wanted, in their order, beyond `after`."""
    marks: dict[int, dict[int, int]] = {}
    stored = SearchMarks.objects.filter(kind=kind, place__in=sorted(wanted.places))
    for segment, at, held in stored.values_list("segment", "place", "marks"):
        marks.setdefault(segment, {})[at] = signatures.decode(bytes(held))
    for segment in sorted(marks, reverse=falling):
        for row in wanted.rows(marks[segment], segment=segment, falling=falling):
            if after is None or (row < after if falling else row > after):
                yield row
