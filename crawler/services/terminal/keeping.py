"""`./run keep`: what a target keeps of its pages' earlier versions, tried and saved in a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson
from django.utils import timezone

from crawler.models import Target
from crawler.policy import versions as policy
from crawler.queries import versions
from crawler.services import judging, targets
from crawler.services.drafts.keeping import BOUNDS
from crawler.services.targets import InvalidTarget
from crawler.services.terminal.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.policy.versions import Keeping
    from crawler.queries.versions import Outlook

MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The rules in question, whether they are saved, and what they mean."""

    rules: Keeping
    saved: bool
    outlook: Outlook


def keep(number: str, words: Mapping[str, str | None], *, saves: bool) -> Kept:
    """Return what the bounds in `words` would free, those of the target without any; `saves` them first.

    Raises Refusal.
    """
    target = target_of(number)
    typed = {name: word for name in BOUNDS if (word := words[name]) is not None}
    data = {"keep": {name: _whole(name, word) for name, word in typed.items()} if typed else target.keep}
    now = timezone.now()
    try:
        draft = targets.validate(data, existing=target, now=now)
        if saves and typed:
            target = targets.update(target=target, data=data, now=now)
    except InvalidTarget as error:
        lines = (f"--{problem.field.partition('.')[2]}: {problem.message}" for problem in error.problems)
        raise Refusal(*lines) from None
    rules = policy.of(draft.values["keep"])
    found = versions.outlook(target.pk, rules, now=now)
    return Kept(rules=rules, saved=rules == policy.of(target.keep), outlook=found)


def judge_again(number: str) -> str:
    """Have a target's earlier changes judged by what it ignores now, and say how many; raises Refusal."""
    try:
        count = judging.judge_again(target_of(number))
    except judging.NothingToJudge as error:
        raise Refusal(f"{error}: ./run target {number} --set 'noise={{\"dates\": true}}'") from None
    return f"earlier changes that the service judges by what the target ignores now: {count:,}"


def target_of(number: str) -> Target:
    """Return the target with this number; raises Refusal."""
    is_number = number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS
    target = Target.objects.filter(pk=int(number), deleted_at=None).first() if is_number else None
    if target is None:
        raise Refusal(f"there is no target {number}; ./run target lists them with their numbers")
    return target


def lines(kept: Kept) -> Iterator[str]:
    """Yield what is kept, for people."""
    bounds = ", ".join(f"{bound:,} {name}" for name, bound in asdict(kept.rules).items() if bound)
    found = kept.outlook
    yield f"bounds: {bounds or 'none'}{'' if kept.saved else ' (tried, not saved; --save saves them)'}"
    more = "" if found.is_whole else " looked at, there are more"
    yield f"{found.versions:,} earlier versions{more}, {found.bytes / 1e6:,.1f} MB as stored"
    yield f"the next clean-up removes {found.leaving:,} and frees {found.freed_bytes / 1e6:,.1f} MB"


def document(kept: Kept) -> bytes:
    """Return the same as one line of JSON."""
    return orjson.dumps({"rules": asdict(kept.rules), "saved": kept.saved, **asdict(kept.outlook)})


def _whole(name: str, word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS):
        raise Refusal(f"--{name}: must be a whole number, not {word!r}")
    return int(word)
