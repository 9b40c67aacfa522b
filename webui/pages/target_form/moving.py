"""Moves a transform of a field before or behind its neighbour, in what a browser sent of the form."""

from __future__ import annotations

from typing import Final

from django.http import QueryDict

_COLUMNS: Final = ("step_choice", "step_first", "step_second")
_MOST_DIGITS: Final = 4


def moved(post: QueryDict) -> QueryDict:
    """Return what was sent with the transform that `move` names in its new place, and its row unfolded.

    `up:3:1` moves the second transform of the fourth row before the first, `down:3:0` the first behind it.
    """
    match post.get("move", "").split(":"):
        case ["up" | "down" as way, row, place] if len(place) <= _MOST_DIGITS and place.isdecimal():
            changed = post.copy()
            _swap(changed, row=row, one=int(place), other=int(place) + (-1 if way == "up" else 1))
            changed.setlist("field_unfolded", [row])
            return changed
    return post


def _swap(post: QueryDict, *, row: str, one: int, other: int) -> None:
    """Let two transforms of a row change places; where one of them is not there, nothing moves."""
    of_row = [number for number, of in enumerate(post.getlist("step_of")) if of == row]
    if not (0 <= one < len(of_row) and 0 <= other < len(of_row)):
        return
    first, second = of_row[one], of_row[other]
    for name in _COLUMNS:
        texts = post.getlist(name)
        if max(first, second) < len(texts):
            texts[first], texts[second] = texts[second], texts[first]
            post.setlist(name, texts)
