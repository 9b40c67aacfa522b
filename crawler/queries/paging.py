"""Lists in pages that begin after a row (keyset paging), so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import heapq
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db.models import BinaryField, Model, Q, QuerySet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = TypeVar("Row")
Other = TypeVar("Other")
Stored = TypeVar("Stored", bound=Model)


class BadCursor(ValueError):
    """A cursor that this list did not hand out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """One page of a list, and the cursors of its neighbours; None where there is none.

    It is `cut` where looking for rows ended before it was full; the next page goes on from there.
    """

    rows: tuple[Row, ...]
    next: str | None
    previous: str | None
    cut: bool = False

    def map(self, change: Callable[[Row], Other]) -> Listing[Other]:
        """Return the same page with each row changed."""
        rows = tuple(change(row) for row in self.rows)
        return Listing(rows=rows, next=self.next, previous=self.previous, cut=self.cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract(Generic[Row]):
    """The first rows of a list by ids; `until` is the last id that was looked at, if that was not all."""

    rows: list[Row]
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """A place between two rows: the values of the row beside it, and the direction to read in."""

    values: tuple[Any, ...]
    backward: bool

    def encoded(self) -> str:
        plain = orjson.dumps([self.backward, *map(_plain, self.values)])
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")


class Reader(Protocol):
    """Returns the first `many` rows of `found` in `order`; `after`, if any, is what its first column is past.

    There are others than reading them just so where no index has the order of the whole.
    """

    def __call__(
        self, found: QuerySet[Stored], *, order: tuple[str, ...], many: int, after: Any
    ) -> Extract[Stored]: ...


def read(
    found: QuerySet[Stored],
    *,
    order: tuple[str, ...],
    many: int,
    after: Any = None,  # noqa: ARG001
) -> Extract[Stored]:
    """Return the first rows of `found`, as the database finds them."""
    return Extract(rows=list(found.order_by(*order)[:many]))


def parted(column: str, values: Iterable[Any]) -> Reader:
    """Return a reader for lists that are ordered by ids, where an index has their order for each value alone.

    The first ids of each part are merged; the rows are read by these.
    """
    parts = tuple(values)

    def reader(
        found: QuerySet[Stored],
        *,
        order: tuple[str, ...],
        many: int,
        after: Any = None,  # noqa: ARG001
    ) -> Extract[Stored]:
        (place,) = order
        ids = (
            found.filter((column, value)).order_by(place).values_list("pk", flat=True)[:many]
            for value in parts
        )
        first = list(islice(heapq.merge(*ids, reverse=place.startswith("-")), many))
        rows = found.model._default_manager.in_bulk(first)  # noqa: SLF001 - Django's public name
        return Extract(rows=[rows[pk] for pk in first if pk in rows])

    return reader


def listing(
    found: QuerySet[Stored],
    *,
    order: tuple[str, ...],
    by: Mapping[str, str] | None = None,
    reader: Reader = read,
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Stored]:
    """Return the page of `found` at `cursor`, or the first one.

    `order` names columns of the model that are never empty, with `-` for descending; together
    they are unique. `by` names columns of joined tables that equal some of these, where an index of
    that table has the order. Raises BadCursor.
    """
    sorting = _renamed(order, by or {})
    place = _decoded(cursor, found.model, order) if cursor else None
    backward = place is not None and place.backward
    if place is not None:
        found = found.filter(_after(place, sorting))
    in_order = _turned(sorting) if backward else sorting
    part = reader(found, order=in_order, many=size + 1, after=place.values[0] if place else None)
    more = len(part.rows) > size
    rows = part.rows[:size]
    until = None if more else part.until
    if backward:
        rows.reverse()
    ends = [_values(row, order) for row in (rows[0], rows[-1])] if rows else [(until,), (until,)]
    if until is not None:
        ends[0 if backward else 1] = (until,)
    elif not rows:
        return Listing(rows=(), next=None, previous=None)
    before = _Cursor(values=ends[0], backward=True)
    after = _Cursor(values=ends[1], backward=False)
    more = more or until is not None
    has_previous = more if backward else place is not None
    has_next = more or backward
    return Listing(
        rows=tuple(rows),
        next=after.encoded() if has_next else None,
        previous=before.encoded() if has_previous else None,
        cut=until is not None,
    )


def _after(place: _Cursor, order: tuple[str, ...]) -> Q:
    names = _turned(order) if place.backward else order
    first = names[0]
    # said twice: of the alternatives below no index can make a range, of this it can
    lead = Q((f"{first.removeprefix('-')}__{'lte' if first.startswith('-') else 'gte'}", place.values[0]))
    condition, equal = Q(), Q()
    for name, value in zip(names, place.values, strict=True):
        column = name.removeprefix("-")
        step = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q((f"{column}__{step}", value))
        equal &= Q((column, value))
    return lead & condition


def _turned(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)


def _renamed(order: tuple[str, ...], by: Mapping[str, str]) -> tuple[str, ...]:
    plain = ((name.removeprefix("-"), name.startswith("-")) for name in order)
    return tuple(f"{'-' if falls else ''}{by.get(name, name)}" for name, falls in plain)


def _values(row: Model, order: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(row, name.removeprefix("-")) for name in order)


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(field: Any, value: Any) -> Any:
    if isinstance(field, BinaryField):
        return base64.b64decode(value, validate=True)
    return field.to_python(value)


def _decoded(cursor: str, model: type[Model], order: tuple[str, ...]) -> _Cursor:
    try:
        backward, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [model._meta.get_field(name.removeprefix("-")) for name in order]  # noqa: SLF001 Django's public name
        typed = [_typed(field, value) for field, value in zip(fields, values, strict=True)]
    except (binascii.Error, TypeError, ValueError, ValidationError) as error:
        raise BadCursor("this cursor belongs to another list") from error
    if not isinstance(backward, bool) or any(value is None for value in typed):
        raise BadCursor("this cursor belongs to another list")
    return _Cursor(values=tuple(typed), backward=backward)
