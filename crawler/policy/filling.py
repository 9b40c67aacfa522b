"""What earlier pages said fills what items lacked then: history gets fuller, and what it says stays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crawler.policy.identity import says_the_same
from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of time, from `since` until before `until`, and a record of it.

    Of a page this is what it said, of a version of an item the fields that are filled in there.
    """

    since: datetime
    until: datetime
    data: Mapping[str, Any]


def lacking(said: Any, read: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `read` that say something where `said` has nothing or a blank.

    Objects that both have are looked into; lists are not. What is no object lacks nothing.
    """
    found: dict[str, Any] = {}
    for name, value in read.items() if isinstance(said, dict) else ():
        there = said.get(name)
        if not says_something(value):
            continue
        if not says_something(there):
            found[name] = value
        elif isinstance(there, dict) and isinstance(value, dict) and (inner := lacking(there, value)):
            found[name] = inner
    return found


def filled(said: Any, more: Mapping[str, Any]) -> Any:
    """Return `said` with what `lacking` found; its own fields keep their order, and come first."""
    if not more or not isinstance(said, dict):
        return said
    whole = dict(said)
    for name, value in more.items():
        there = said.get(name)
        if not says_something(there):
            whole[name] = value
        elif isinstance(there, dict) and isinstance(value, dict):
            whole[name] = filled(there, value)
    return whole


def fill(
    said: Any, *, since: datetime, until: datetime | None, parts: Sequence[Part], read: Sequence[Part]
) -> tuple[Part, ...]:
    """Return what is filled in of a version that said `said` from `since` until before `until`.

    `parts` are those that were filled in before, in their order; what they say stays. Where several of
    the `read` say something of the same field and moment, the first does. A part ends where what is filled
    in becomes another, or is not known: where there are none, nothing is filled in. None as `until` is no
    end yet; what was read has one.
    """
    moments = sorted({moment for part in (*parts, *read) for moment in (part.since, part.until)})
    cut: list[Part] = []
    for begin, end in pairwise(moments):
        if begin >= end or end <= since or (until is not None and begin >= until):
            continue
        more = _at(begin, said, parts, read)
        if more:
            ends = end if until is None else min(end, until)
            cut.append(Part(since=max(begin, since), until=ends, data=more))
    return tuple(_joined(cut))


def _at(begin: datetime, said: Any, parts: Iterable[Part], read: Iterable[Part]) -> Mapping[str, Any]:
    """Return what is filled in from a moment on, until the next at which anything begins or ends."""
    more: Mapping[str, Any] = next((part.data for part in parts if _holds(part, begin)), {})
    for part in read:
        if _holds(part, begin):
            more = filled(more, lacking(filled(said, more), part.data)) if more else lacking(said, part.data)
    return more


def _holds(part: Part, moment: datetime) -> bool:
    return part.since <= moment < part.until


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts, each that goes on with what the one before says as one with that."""
    before: Part | None = None
    for part in parts:
        if before is not None and before.until == part.since and says_the_same(before.data, part.data):
            before = Part(since=before.since, until=part.until, data=before.data)
            continue
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before


def at(parts: Iterable[Part], moment: datetime) -> Mapping[str, Any]:
    """Return what is filled in at a moment; nothing where no part holds then."""
    return next((part.data for part in parts if _holds(part, moment)), {})
