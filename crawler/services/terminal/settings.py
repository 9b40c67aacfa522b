"""`./run target`: the settings of targets, told and changed in a terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.utils import timezone

from crawler.models import Schedule, Target
from crawler.services import drafts, targets
from crawler.services.drafts.timing import draft_of
from crawler.services.targets import InvalidTarget
from crawler.services.terminal import listing
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.keeping import target_of
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCHEDULE: Final = "schedule"
NONE: Final = "No target is registered."
NAMELESS: Final = "TARGET: name the target that is to change; ./run target lists them"


def tell(number: str | None, words: Sequence[str]) -> str:
    """Return all targets, the settings of one, or those that `words` have changed. Raises Refusal."""
    if number is None:
        if words:
            raise Refusal(NAMELESS)
        return "\n".join(listing.lines()) or NONE
    target = target_of(number)
    if words:
        return _changed(target, words)
    return _document({**drafts.shown(target), SCHEDULE: _schedule(target)})


def warned(number: str) -> list[str]:
    """Return a line for each thing that a target's settings allow and that will not do what it seems to."""
    return [
        f"warning: {warning.field}: {plain(warning.message)}"
        for warning in targets.warnings(target=target_of(number), now=timezone.now())
    ]


def _changed(target: Target, words: Iterable[str]) -> str:
    """Change what `words` give, each of the form `name=value`, as the target's owner might, and return it."""
    given = read(words)
    before = {**drafts.shown(target), SCHEDULE: _schedule(target)}
    try:
        target = targets.update(target=target, data=given, now=timezone.now())
    except InvalidTarget as error:
        raise refused(error) from None
    after = {**drafts.shown(target), SCHEDULE: _schedule(target)}
    return _document({name: said for name, said in after.items() if name in given or said != before[name]})


def _schedule(target: Target) -> dict[str, Any] | None:
    schedule = Schedule.objects.filter(target=target).first()
    if schedule is None:
        return None
    return {name: value for name, value in asdict(draft_of(schedule)).items() if value or value is False}


def refused(error: InvalidTarget) -> Refusal:
    """Return a line for each problem, named as the API names it."""
    return Refusal(*(f"{problem.field}: {problem.message}" for problem in error.problems))


def _document(settings: Mapping[str, Any]) -> str:
    """Return settings as the API has them; secrets are hidden."""
    return orjson.dumps(settings, option=orjson.OPT_INDENT_2).decode()


def read(words: Iterable[str], *, taken: Sequence[str] = ()) -> dict[str, Any]:
    """Read `name=value`, the value as JSON; what is none is a text, as typed. Raises Refusal.

    `taken` are names that were given otherwise.
    """
    given: dict[str, Any] = {}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not (name and equals):
            raise Refusal(f"--set: {word!r} is not of the form removed_after=2")
        if name in given or name in taken:
            raise Refusal(f"--set: {name} is given twice")
        given[name] = _value(name, value)
    return given


def _value(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if text.startswith(("{", "[", '"')):
            raise Refusal(f"--set: {name} is not valid JSON: {error}") from None
        return text
