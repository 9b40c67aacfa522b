"""Notes every change of a target, without its secrets, and brings back what a target was."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Field

from crawler.models import Target, TargetChange
from crawler.models.fields import EncryptedJSONField
from crawler.services.drafts import HIDDEN, KEYS, shown_headers, shown_login

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User

    from crawler.models import ChangeKind
    from crawler.services.drafts import Existing, ScheduleDraft

MOST_KEPT: Final = 1_000
"""How many changes of a target are kept, the newest; a program may change one each minute."""

_ENCRYPTED: Final = frozenset(
    field.name
    for field in Target._meta.get_fields()  # noqa: SLF001 Django's public name
    if isinstance(field, Field) and isinstance(field, EncryptedJSONField)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who makes a change, and of what kind it is; None is the machine's owner in the terminal."""

    person: User | AnonymousUser | None
    kind: ChangeKind
    restores: int | None = None


def note(
    *, target: Target, by: Author, before: Existing | None, after: Existing | None, now: datetime
) -> None:
    """Store what became of `target`; nothing when nothing did. Part of the change's transaction.

    `before` is None for a new target, both for one that is deleted.
    """
    changes = differences(before, after)
    if after is not None and not changes:
        return
    TargetChange.objects.create(
        target=target,
        at=now,
        by_id=by.person.pk if by.person else None,
        by_name=by.person.get_username() if by.person else "",
        kind=by.kind,
        changes=changes,
        restores=by.restores,
    )
    _forget_oldest(target)


def differences(before: Existing | None, after: Existing | None) -> dict[str, list[Any]]:
    """Return by key what it was and what it is, as people may see it; None where there was no target."""
    if after is None:
        return {}
    was, became = _raw(before), _raw(after)
    return {
        key: [_shown(key, was.get(key)), _shown(key, became[key])]
        for key in became
        if before is None or was[key] != became[key]
    }


def undone(later: Iterable[TargetChange], *, current: Target) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the data that takes back the changes `later`, newest first, and which secrets it cannot.

    What is secret is not in the history, so it stays as it is.
    """
    data: dict[str, Any] = {}
    for change in later:
        data |= {key: pair[0] for key, pair in change.changes.items() if key in KEYS or key == "schedule"}
    lost = [key for key in data if key in _ENCRYPTED and not _can_be_said(key, data[key], current)]
    for key in lost:
        del data[key]
    if "headers" in data:
        stored = {name.lower() for name in current.headers}
        gone = [
            name for name, value in data["headers"].items() if value == HIDDEN and name.lower() not in stored
        ]
        lost += [f"headers.{name}" for name in gone]
        data["headers"] = {name: value for name, value in data["headers"].items() if name not in gone}
    return data, tuple(lost)


def _can_be_said(key: str, wanted: Any, current: Target) -> bool:
    """Say whether what was shown of an encrypted key says enough to have it again."""
    if not wanted or key == "headers":
        return True
    return key == "login" and (current.login or {}).get("kind") == wanted["kind"]


def _raw(existing: Existing | None) -> Mapping[str, Any]:
    return {**existing.values, "schedule": existing.schedule} if existing else {}


def _shown(key: str, value: Any) -> Any:
    if key == "schedule":
        return _schedule(value)
    if key == "headers":
        return shown_headers(value or {})
    if key == "login":
        return shown_login(value)
    return (HIDDEN if value else None) if key in _ENCRYPTED else value


def _schedule(draft: ScheduleDraft | None) -> dict[str, Any] | None:
    """Return a schedule in the keys that a target's `schedule` takes; what is unset is left out."""
    if draft is None:
        return None
    said = {name: value for name, value in asdict(draft).items() if value not in (None, "")}
    return said | {
        "windows": list(draft.windows),
        "misfire": str(draft.misfire),
        "overlap": str(draft.overlap),
    }


def _forget_oldest(target: Target) -> None:
    old = TargetChange.objects.filter(target=target).order_by("-id").values_list("pk", flat=True)[MOST_KEPT:]
    for pk in list(old):
        TargetChange.objects.filter(pk=pk).delete()
