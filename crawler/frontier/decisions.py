"""What happened to a URL of a run, and why: told from what its rows say and its frozen rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from crawler.errors import CODES, OUTSIDE, RobotsForbidden, explain
from crawler.frontier.traps import TOO_MANY_VARIANTS

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.scope import Scope
    from crawler.urls import Url


class Fate(StrEnum):
    """What became of a URL; `words` say so to a person. The first six are the states of a request."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    DEAD = "dead"
    SPARE = "spare"
    OUTSIDE = "outside"
    UNSEEN = "unseen"

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS: Final = {
    Fate.QUEUED: "it waits to be fetched",
    Fate.LEASED: "a worker has it, and fetches it at its turn",
    Fate.DONE: "it was fetched and read",
    Fate.FAILED: "it could not be had",
    Fate.SKIPPED: "it was left out before it was fetched",
    Fate.DEAD: "it was given up, because it ended or hung the process that had it",
    Fate.SPARE: "it was found when the page limit was used up",
    Fate.OUTSIDE: "a page linked to it, and it was not followed",
    Fate.UNSEEN: "the run has not met it, as far as is still known",
}

REDIRECTED: Final = "it was asked for, and the answer was a redirect"

OR_NOFOLLOW: Final = ", or only such as forbid robots to follow their links"
"""Links of pages that say nofollow are not taken, so nobody knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What decided: pattern `number` (from 1) of include or exclude, a line of robots, a bound of traps."""

    name: str
    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a scope takes a URL: `reason` is None where it does; `rule` is what decided, if one did."""

    reason: str | None = None
    rule: Rule | None = None


class Landing(StrEnum):
    """What the place that a redirect leads to is in its run."""

    NEW = "which is a request of its own"
    KNOWN = "which the run had already"
    NOT_TAKEN = "which the run did not take"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Where a redirect leads, and what that is in the run."""

    url: str
    landing: Landing


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A request of the run, as its row says. `wait` are the words for what it waits for, until `until`."""

    fate: Fate
    reason: str = ""
    status: int | None = None
    attempts: int = 0
    wait: str = ""
    until: datetime | None = None
    hop: Hop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of one URL in one run.

    `outside` is the reason of a sample that was kept of it. `robots` is the line of the host's
    robots.txt, as it is now, that forbids it. `follows` is whether the run takes links at all, `full`
    whether its page limit is used up, `crowded` whether its path has all the queries that the bound against
    traps allows, `over` whether it has ended, `forgotten` whether its requests are
    not kept any more.
    """

    url: Url
    scope: Scope
    request: Known | None = None
    spare: bool = False
    outside: str | None = None
    robots: Rule | None = None
    follows: bool = True
    full: bool = False
    crowded: bool = False
    over: bool = False
    forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a URL. `reason` is the code that decided, empty where none did; `why` is for people."""

    fate: Fate
    reason: str = ""
    why: str = ""
    rule: Rule | None = None
    until: datetime | None = None

    @property
    def words(self) -> str:
        """What became of the URL, for people."""
        return REDIRECTED if self.reason == "redirected" else self.fate.words

    @property
    def parts(self) -> tuple[str, str, str]:
        """`why`, parted: what stands before the words of the rule that it quotes, those, and the rest.

        The second is empty where it quotes none.
        """
        quoted = self.rule.text if self.rule else ""
        return self.why.rpartition(quoted) if quoted and quoted in self.why else (self.why, "", "")


def decide(case: Case) -> Decision:
    """Return what happened to the URL of `case`, or what would."""
    if case.request is not None:
        return _of_request(case.request, case.robots)
    if case.spare:
        ended = "and no place came free" if case.over else "and takes the place of a page that is skipped"
        return Decision(fate=Fate.SPARE, reason="max_pages", why=f"it was kept for later, {ended}")
    if case.outside is not None:
        found = judge(case.scope, case.url, depth=0)
        rule = found.rule if found.reason == case.outside else _bound(case.outside, case.scope)
        return Decision(
            fate=Fate.OUTSIDE, reason=case.outside, why=in_words(case.outside, case.scope, rule), rule=rule
        )
    return _unseen(case)


def judge(scope: Scope, url: Url, *, depth: int) -> Verdict:
    """Return whether `scope` takes `url` at `depth`, and which of its patterns decided."""
    reason = scope.refusal(url, depth=depth)
    match reason:
        case "include":
            texts = ", ".join(pattern.pattern for pattern in scope.include)
            return Verdict(reason=reason, rule=Rule(name="include", text=texts))
        case "exclude":
            for number, pattern in enumerate(scope.exclude, start=1):
                if pattern.search(url.text):
                    rule = Rule(name="exclude", text=pattern.pattern, number=number)
                    return Verdict(reason=reason, rule=rule)
        case _:
            pass
    return Verdict(reason=reason, rule=_bound(reason, scope) if reason else None)


def in_words(reason: str, scope: Scope, rule: Rule | None = None) -> str:
    """Return why a link is not followed, for people; `reason` is that of a scope."""
    if reason == "exclude" and rule is not None:
        return f"pattern {rule.number} of those never to be followed matches it: {rule.text}"
    if reason == "include":
        return f"it matches none of the {len(scope.include)} patterns of what is to be followed"
    if reason == "depth" and scope.max_depth is not None:
        return f"it is more than {scope.max_depth} links away from a start URL"
    words = f"it {OUTSIDE[reason]}" if reason in OUTSIDE else explain(reason)
    bound = _bound(reason, scope)
    return words if bound is None else f"{words} (the bound of this target: {bound.text})"


def _bound(reason: str, scope: Scope) -> Rule | None:
    """Return the target's bound against traps that a link is beyond."""
    name = reason.removeprefix("trap_")
    if name == reason or not hasattr(scope.traps, name):
        return None
    return Rule(name="traps", text=f"{name} {getattr(scope.traps, name)}")


def robots_rule(reason: str) -> Rule | None:
    """Return the line of robots.txt that the reason of a skipped request quotes; None where it does not."""
    found = _ROBOTS_REASON.fullmatch(reason)
    return Rule(name="robots", text=found[2], number=int(found[1])) if found else None


_ROBOTS_REASON: Final = re.compile(rf"{RobotsForbidden.code}: line (\d+), (.*)", re.DOTALL)


def _of_request(request: Known, robots: Rule | None) -> Decision:
    match request.fate:
        case Fate.QUEUED | Fate.LEASED:
            return _of_waiting(request, robots)
        case Fate.DONE:
            return Decision(fate=Fate.DONE, reason=request.reason, why=_of_done(request))
        case Fate.SKIPPED if (rule := robots_rule(request.reason)) is not None:
            why = f"line {rule.number} of robots.txt forbids it: {rule.text}"
            return Decision(fate=Fate.SKIPPED, reason=RobotsForbidden.code, why=why, rule=rule)
        case fate:
            tries = f", after {request.attempts} attempts" if request.attempts > 1 else ""
            return Decision(fate=fate, reason=request.reason, why=f"{_explained(request.reason)}{tries}")


def _explained(reason: str) -> str:
    """Return what a stored reason means, with what it says besides its code."""
    code, _, more = reason.partition(": ")
    words = explain(reason)
    return f"{CODES[code]}: {more}" if words == reason and more and code in CODES else words


def _of_waiting(request: Known, robots: Rule | None) -> Decision:
    parts = [request.wait]
    if request.reason:
        parts.append(f"at its last attempt: {explain(request.reason)}")
    if robots is not None:
        parts.append(f"line {robots.number} of robots.txt, as it is now, forbids it: {robots.text}")
    return Decision(
        fate=request.fate,
        reason=request.reason,
        why="; ".join(part for part in parts if part),
        rule=robots,
        until=request.until,
    )


def _of_done(request: Known) -> str:
    if request.reason != "redirected":
        return f"the server answered with status {request.status}" if request.status else ""
    if request.hop is not None:
        return f"it redirects to {request.hop.url}, {request.hop.landing}"
    return "it redirects to a page that the run had already, or that it does not follow"


def _unseen(case: Case) -> Decision:
    """Return the nearest reason for which a run has no trace of a URL."""
    if case.forgotten:
        return Decision(
            fate=Fate.UNSEEN, reason="forgotten", why="the requests of this run are not kept any more"
        )
    if not case.follows:
        return Decision(
            fate=Fate.UNSEEN, reason="follow", why="this run asks known pages again and follows no links"
        )
    found = judge(case.scope, case.url, depth=0)
    if found.reason is None and case.scope.max_depth == 0:
        found = Verdict(reason="depth")
    if found.reason is None and case.crowded:
        found = Verdict(reason=TOO_MANY_VARIANTS, rule=_bound(TOO_MANY_VARIANTS, case.scope))
    if found.reason is not None:
        words = in_words(found.reason, case.scope, found.rule)
        why = f"links to it are not followed: {words}"
        return Decision(fate=Fate.UNSEEN, reason=found.reason, why=why, rule=found.rule)
    if case.robots is not None:
        why = f"it would be skipped: line {case.robots.number} of robots.txt forbids it: {case.robots.text}"
        return Decision(fate=Fate.UNSEEN, reason=RobotsForbidden.code, why=why, rule=case.robots)
    if case.full:
        why = "the page limit is used up: of the links found since then only the first thousand are kept"
        return Decision(fate=Fate.UNSEEN, reason="max_pages", why=why)
    return Decision(fate=Fate.UNSEEN, why=_would_be_followed(case))


def _would_be_followed(case: Case) -> str:
    near = f" within {case.scope.max_depth} links of a start URL" if case.scope.max_depth else ""
    if case.over:
        return f"no page that was read{near} linked to it{OR_NOFOLLOW}; it would have been followed"
    return f"no page that was read so far{near} links to it{OR_NOFOLLOW}; it is followed when one does"
