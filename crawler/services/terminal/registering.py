"""`./run target`: targets registered and deleted in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from django.contrib.auth import get_user_model
from django.utils import timezone

from crawler.services import declaring, targets
from crawler.services.targets import InvalidTarget
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.keeping import target_of
from crawler.services.terminal.settings import read, refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Target


def register(said: Sequence[str], words: Sequence[str], *, user: str = "") -> list[str]:
    """Register a target, by its name and where it starts, for somebody; return what to say of it.

    That is its number, what comes next, and what is allowed but cannot work as it says. `words` are
    settings of the form `name=value`. Raises Refusal.
    """
    name, *urls = said
    if not urls:
        raise Refusal(f"--new: say where {name!r} starts, such as https://example.org/")
    given = read(words, taken=("name", "start_urls"))
    owner, now = owner_of(user), timezone.now()
    try:
        target = targets.create(owner=owner, data={"name": name, "start_urls": urls, **given}, now=now)
    except InvalidTarget as error:
        raise refused(error) from None
    return _told(target, now=now)


def put(path: str, words: Sequence[str], *, user: str = "") -> list[str]:
    """Register the target that a file of JSON says, or make the one of its name that; return what to say.

    `-` is standard input; `words` are settings that go before those of the file. Raises Refusal.
    """
    data = {**_read(path), **read(words)}
    owner, now = owner_of(user), timezone.now()
    try:
        target, _is_new = declaring.put(owner=owner, data=data, now=now)
    except InvalidTarget as error:
        raise refused(error) from None
    except declaring.SeveralTargets as error:
        raise Refusal(f"--from: {error}") from None
    return _told(target, now=now)


def _read(path: str) -> dict[str, Any]:
    try:
        said = orjson.loads(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except OSError as error:
        raise Refusal(f"--from: {path} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise Refusal(f"--from: {path} is not valid JSON: {error}") from None
    if not isinstance(said, dict):
        raise Refusal(f"--from: {path} must hold an object with the settings of a target")
    return said


def _told(target: Target, *, now: datetime) -> list[str]:
    return [
        f"target {target.pk}: {target.name}",
        f"./run start {target.pk} crawls it, ./run target {target.pk} prints its settings.",
        *(
            f"warning: {warning.field}: {warning.message}"
            for warning in targets.warnings(target=target, now=now)
        ),
    ]


def delete(number: str) -> str:
    """Delete a target as its owner might, and return what to say of it. Raises Refusal."""
    target = listed(number)
    targets.delete(target=target, now=timezone.now())
    return f"target {target.pk}, {target.name}, is deleted; its runs are cancelled."


def listed(number: str) -> Target:
    """Return a target that people see; one of a single crawl in a terminal is none. Raises Refusal."""
    target = target_of(number)
    if target.hidden:
        raise Refusal(f"target {target.pk} is a crawl in a terminal; ./run target lists those that are none")
    return target


def owner_of(name: str) -> User:
    """Return the person of this name, or the first administrator. Raises Refusal."""
    people = get_user_model().objects.order_by("pk")
    found = people.filter(username=name) if name else people.filter(is_superuser=True)
    owner = found.first()
    if owner is None and name:
        raise Refusal(f"there is no user {name!r}; ./run user list shows them")
    if owner is None:
        raise Refusal("there is no administrator; the first ./run up makes one")
    return owner
