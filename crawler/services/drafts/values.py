"""Reads single values of a target's settings; what will not do raises `Wrong`, in words for its author."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import StrEnum

    from django.db.models import TextChoices

    Reader = Callable[[object], "T"]

T = TypeVar("T")
E = TypeVar("E", "TextChoices", "StrEnum")


class Wrong(Exception):
    """What is wrong with a value: pairs of the path inside it ("" for the whole) and a message."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


def wrong(message: str) -> Wrong:
    return Wrong(("", message))


def text(*, most: int, least: int = 0) -> Reader[str]:
    """Return a reader of one line of text, stripped, of `least` to `most` characters."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise wrong(f"must be text, not {kind_of(value)}")
        line = value.strip()
        if len(line) < least:
            raise wrong("must not be empty")
        if len(line) > most:
            raise wrong(f"has {len(line):,} characters; at most {most:,} are allowed")
        if not is_plain(line):
            raise wrong("contains control characters; remove them")
        return line

    return read


def is_plain(line: str) -> bool:
    """Say whether `line` can be stored and shown: no control characters, no halves of surrogate pairs."""
    return not any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in line)


def integer(*, least: int, most: int) -> Reader[int]:
    def read(value: object) -> int:
        if isinstance(value, float):  # also what JSON has beyond 64 bits
            raise wrong(f"must be a whole number between {least:,} and {most:,}")
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(f"must be a whole number, not {kind_of(value)}")
        if not least <= value <= most:
            raise wrong(f"must be between {least:,} and {most:,}")
        return value

    return read


def number(*, least: float, most: float) -> Reader[float]:
    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(f"must be a number, not {kind_of(value)}")
        if not least <= value <= most:  # neither holds for NaN
            raise wrong(f"must be between {least:,g} and {most:,g}")
        return float(value)

    return read


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {kind_of(value)}")
    return value


def choice(of: type[E]) -> Reader[E]:
    def read(value: object) -> E:
        for member in of:
            if isinstance(value, str) and value == member.value:
                return member
        raise wrong(f"must be one of {', '.join(member.value for member in of)}")

    return read


def optional(read: Reader[T]) -> Reader[T | None]:
    """Return a reader that takes null for "no value"."""
    return lambda value: None if value is None else read(value)


def array(read: Reader[T], *, most: int, least: int = 0) -> Reader[list[T]]:
    """Return a reader of a list without repetitions, which reports every item that will not do."""

    def read_all(value: object) -> list[T]:
        if not isinstance(value, list | tuple):
            raise wrong(f"must be a list, not {kind_of(value)}")
        if len(value) < least:
            raise wrong("must not be empty")
        if len(value) > most:
            raise wrong(f"has {len(value):,} entries; at most {most:,} are allowed")
        return list(dict.fromkeys(each((str(index), item) for index, item in enumerate(value))))

    def each(items: Iterable[tuple[str, object]]) -> list[T]:
        return gather((path, item, read) for path, item in items)

    return read_all


def gather(items: Iterable[tuple[str, object, Reader[T]]]) -> list[T]:
    """Read every item; raises one `Wrong` with the problems of all, each under its path."""
    values: list[T] = []
    problems: list[tuple[str, str]] = []
    for path, item, read in items:
        try:
            values.append(read(item))
        except Wrong as error:
            problems.extend(
                (f"{path}.{inner}" if inner else path, message) for inner, message in error.problems
            )
    if problems:
        raise Wrong(*problems)
    return values


def kind_of(value: object) -> str:
    """Return what JSON calls the type of `value`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return type(value).__name__
