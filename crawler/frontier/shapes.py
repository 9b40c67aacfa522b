"""Pages of one URL shape that bring nothing new: how a calendar without end is told from a catalogue."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crawler.frontier.traps import ALIKE

if TYPE_CHECKING:
    from collections.abc import Mapping

NEW_CHARACTERS: Final = 64
NEW_SHARE: Final = 0.05
"""A page is like those before it when no more of its text than this, in both measures, is new."""

JUDGED_BYTES: Final = 262_144
FIRST_COMPARED: Final = 2
COMPARED_EACH: Final = 16
"""Of a shape whose pages differ the second is compared with the third, then every sixteenth with its next."""

MOST_SHAPES: Final = 2_000
MOST_TEXTS: Final = 5_000
MOST_KEPT: Final = 50
KEEP_EVERY: Final = 25
LONGEST_SHAPE: Final = 200

_DIGITS: Final = re.compile(r"\d+")
_TAG: Final = re.compile(rb"<[^<>]*>")
_SEEN: Final = re.compile(rb"<(?:img|source|video|audio|iframe|embed|object)\s[^<>]*>", re.IGNORECASE)


def shape_of(url: str) -> str:
    """Return what a URL has in common with those of its kind: `/shop/0/*.html?page&sort`.

    Numbers are one number, the last part of the path is anything, and of the query the names count.
    """
    address, mark, query = url.partition("?")
    path = address[address.find("/", len("https://")) :].rstrip("/")
    folder, _, name = path.rpartition("/")
    _stem, dot, kind = name.rpartition(".")
    ending = f".{kind}" if dot and len(kind) <= 5 else ""
    shape = f"{_DIGITS.sub('0', folder)}/*{ending}"
    if mark:
        names = sorted({_DIGITS.sub("0", part.partition("=")[0]) for part in query.split("&") if part})
        shape += f"?{'&'.join(names)}"
    return shape[:LONGEST_SHAPE]


@dataclass(slots=True)
class _Shape:
    """How many pages of a shape came here, how many of them were alike, and the hashes of their texts.

    The texts are known only from one page that is compared to the next, and while pages are alike.
    """

    pages: int = 0
    alike: int = 0
    texts: set[int] = field(default_factory=set)

    @property
    def is_compared(self) -> bool:
        """Whether the newest page is worth a look."""
        return (
            self.alike > 0
            or bool(self.texts)
            or self.pages == FIRST_COMPARED
            or self.pages % COMPARED_EACH == 0
        )

    def take(self, body: bytes) -> None:
        """Compare a page with what the ones before had, or keep it for the next to be compared with."""
        texts = {*_TAG.split(body), *_SEEN.findall(body)} if len(body) <= JUDGED_BYTES else set()
        if self.texts or not texts:
            self.alike = self.alike + 1 if texts and self._has(texts) else self.alike // 2
            if not self.alike:
                self.texts.clear()
                return
        if len(self.texts) > MOST_TEXTS:
            self.texts.clear()
        self.texts.update(map(hash, texts))

    def _has(self, texts: set[bytes]) -> bool:
        """Say whether almost none of a page's texts and pictures is new."""
        new = sum(len(text.strip()) for text in texts if hash(text) not in self.texts)
        return new <= NEW_CHARACTERS and new <= NEW_SHARE * sum(map(len, texts))


class Shapes:
    """What one run's pages on one host were like, by the shape of their URLs.

    `alike` rises with each page in which nothing is new and is halved by one in which something is, so
    that only what gives nothing for long is left alone. What is kept between two leases is that number
    alone, where it is worth it: the next holder of the host sees soon enough what the pages have.
    """

    def __init__(self) -> None:
        self._shapes: dict[str, _Shape] = {}
        self._kept: dict[str, int] = {}
        self._most_alike = 0
        self._changed = False

    def recall(self, kept: str) -> None:
        """Take in what an earlier holder of the host kept."""
        self._kept = json.loads(kept)
        for name, alike in self._kept.items():
            self._shapes[name] = _Shape(alike=alike)
        self._most_alike = max(self._kept.values(), default=0)

    def note(self, url: str, body: bytes) -> None:
        """Take a page in that was fetched and read."""
        name = shape_of(url)
        shape = self._shapes.get(name)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes = {name: self._shapes[name] for name in self._most()}
            shape = self._shapes[name] = _Shape()
        shape.pages += 1
        if not shape.is_compared:
            return
        before = shape.alike
        shape.take(body)
        if shape.alike != before:
            self._changed = True
            self._most_alike = max(self._most_alike, shape.alike)

    def are_suspended(self, most_alike: int | None) -> bool:
        """Say whether any shape may be left alone by now."""
        return most_alike is not None and self._most_alike >= most_alike

    def refusal(self, url: str, *, most_alike: int | None) -> str | None:
        """Return why `url` is not followed or fetched any more; None when it is."""
        if most_alike is None or self._most_alike < most_alike:
            return None
        name = shape_of(url)
        shape = self._shapes.get(name)
        return f"{ALIKE}: {name}" if shape is not None and shape.alike >= most_alike else None

    def to_keep(self, *, leaving: bool) -> str | None:
        """Return what is to be stored now for the next holder; None when what is stored still serves.

        While the host is held that is told in steps, so that a page rarely costs a row.
        """
        if not self._changed:
            return None
        found = {name: self._shapes[name].alike for name in self._most()}
        if not leaving and _steps(found) == _steps(self._kept):
            return None
        self._kept = found
        self._changed = False
        return json.dumps(found, ensure_ascii=False)

    def _most(self) -> list[str]:
        """Return the shapes whose pages are most alike."""
        alike = [name for name, shape in self._shapes.items() if shape.alike]
        return sorted(alike, key=lambda name: -self._shapes[name].alike)[:MOST_KEPT]


def _steps(alike: Mapping[str, int]) -> dict[str, int]:
    return {name: count // KEEP_EVERY for name, count in alike.items() if count >= KEEP_EVERY}
