"""Reads docker-compose.yml as Compose does: anchors, merges and variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BASE = Path(__file__).resolve().parents[3]
FILE = BASE / "docker-compose.yml"
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>(?:[^{}]|\{[^{}]*\})*))?\}")


class Missing(Exception):
    """A variable that Compose demands is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, with its variables filled in."""

    name: str
    command: list[str]
    environment: dict[str, str]
    raw: dict[str, Any]


def document() -> dict[str, Any]:
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def services(variables: dict[str, str]) -> dict[str, Service]:
    """Return every service; raises `Missing` for a variable that has to be set and is not."""
    return {
        name: Service(
            name=name,
            command=[filled(word, variables) for word in raw.get("command", [])],
            environment={key: filled(value, variables) for key, value in raw.get("environment", {}).items()},
            raw=raw,
        )
        for name, raw in document()["services"].items()
    }


def filled(text: str, variables: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, kind, word = found["name"], found["kind"], found["word"] or ""
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise Missing(name)
        return filled(word, variables)

    return VARIABLE.sub(value, text)
