"""Where the secrets of a command line come from: the environment, a file, or standard input."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

ENV: Final = "@env:"
FILE: Final = "@file:"
STDIN: Final = "@-"


class NoSource(Exception):
    """What was named cannot be read; the message says why, and never what stands there."""


class Sources:
    """Reads what words such as `@env:NAME`, `@file:PATH` and `@-` stand for; others stand for themselves.

    Standard input is read once, by the option that comes first: at a keyboard as a line that is not shown.
    """

    def __init__(self, *, environment: Mapping[str, str] | None = None, stdin: TextIO | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._stdin = sys.stdin if stdin is None else stdin
        self._read_by = ""

    def value(self, word: str, *, option: str) -> str:
        """Return the one line that `word` stands for. Raises NoSource."""
        found = self.lines(word, option=option)
        if len(found) != 1:
            raise NoSource(f"{word} must hold one line, not {len(found):,}")
        return found[0]

    def lines(self, word: str, *, option: str) -> list[str]:
        """Return the lines that `word` stands for, without empty ones. Raises NoSource."""
        if word.startswith(ENV):
            text = self._variable(word.removeprefix(ENV))
        elif word.startswith(FILE):
            text = _content(word.removeprefix(FILE))
        elif word == STDIN:
            text = self._typed(option)
        else:
            return [word]
        return [line for line in text.splitlines() if line.strip()]

    def _variable(self, name: str) -> str:
        if name not in self._environment:
            raise NoSource(f"there is no variable {name!r} in the environment")
        return self._environment[name]

    def _typed(self, option: str) -> str:
        if self._read_by:
            raise NoSource(f"standard input is read by {self._read_by} already")
        self._read_by = option
        try:
            return getpass(f"{option}: ") if self._stdin.isatty() else self._stdin.read()
        except (EOFError, OSError, UnicodeDecodeError):
            raise NoSource("standard input cannot be read") from None


def is_named(word: str) -> bool:
    """Say whether `word` stands for something else."""
    return word == STDIN or word.startswith((ENV, FILE))


def _content(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise NoSource(f"{path!r} cannot be read: {error.strerror}") from None
    except ValueError:
        raise NoSource(f"{path!r} cannot be read: it is not UTF-8 text") from None
