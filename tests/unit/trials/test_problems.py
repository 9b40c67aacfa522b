"""Selectors are tried before they are saved: what hurts is refused or ended, and nothing else is."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

import pytest

from crawler import trials
from crawler.trials import asking
from scrapers.fields import KINDS, BadSelector, compile_selector
from tests.cases.hostile_selectors import ENDLESS, HARMLESS, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.cases.hostile_selectors import Hostile

SHORT_SECONDS = 0.15


def settings(selectors: Iterable[Hostile], **more: object) -> dict[str, object]:
    fields = {f"f{number}": {kind: text} for number, (kind, text) in enumerate(selectors)}
    return {"name": "fields", "fields": fields, **more}


def chunks(selectors: tuple[Hostile, ...], size: int) -> list[tuple[Hostile, ...]]:
    """Return them some at a time, each kind by itself, as not all go together.

    Without those that cannot be written as JSON: they are refused before they get here.
    """
    written = [one for one in selectors if not any("\ud800" <= char <= "\udfff" for char in one[1])]
    by_kind = [[one for one in written if one[0] == kind] for kind in KINDS]
    return [tuple(some[start : start + size]) for some in by_kind for start in range(0, len(some), size)]


def test_there_are_two_hundred_of_them() -> None:
    assert len({*ENDLESS, *REFUSED, *HARMLESS}) >= 200


@pytest.mark.usefixtures("forked_trials")
@pytest.mark.parametrize("hostile", ENDLESS)
def test_selector_that_takes_too_long_is_ended_and_refused_with_its_path(hostile: Hostile) -> None:
    (problem,) = trials.problems_of(settings([("css", "h1"), hostile]), cpu_seconds=SHORT_SECONDS)
    assert problem == (f"fields.f1.{hostile[0]}", asking.TOO_LONG)


def test_the_whole_trial_of_an_endless_selector_uses_the_processor_for_seconds_at_most() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    (problem,) = trials.problems_of(settings([ENDLESS[0]]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert problem[1] == asking.TOO_LONG
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 4, "1 s, and what a start takes, which counts for more on a processor that others share"


@pytest.mark.usefixtures("forked_trials")
@pytest.mark.parametrize("refused", chunks(REFUSED, 50))
def test_selector_that_cannot_be_used_is_refused_with_a_reason(refused: tuple[Hostile, ...]) -> None:
    problems = dict(trials.problems_of(settings(refused), cpu_seconds=len(refused)))
    assert list(problems) == [f"fields.f{number}.{kind}" for number, (kind, _) in enumerate(refused)]
    assert all(problems.values())


@pytest.mark.usefixtures("forked_trials")
@pytest.mark.parametrize("harmless", chunks(HARMLESS, 30))
def test_selector_that_only_looks_hostile_may_be_saved(harmless: tuple[Hostile, ...]) -> None:
    assert trials.problems_of(settings(harmless), cpu_seconds=len(harmless)) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_character_is_refused_before_anything_is_tried(kind: str) -> None:
    with pytest.raises(BadSelector, match="half a character"):
        compile_selector(kind, "a\ud800")


def test_fields_that_take_too_long_only_together_are_refused_as_a_whole() -> None:
    inner: dict[str, object] = {"css": "*"}
    for _ in range(4):
        inner = {"xpath": "//*", "many": True, "fields": {"x": inner}}
    (problem,) = trials.problems_of({"name": "fields", "fields": {"x": inner}}, cpu_seconds=0.5)
    assert problem == ("fields", asking.TOO_LONG_TOGETHER)


def test_what_is_wrong_besides_is_told_as_ever() -> None:
    said = trials.problems_of(settings([("css", "h1")], row="re:x", options={"a": 1}))
    assert sorted(path for path, _ in said) == ["options.a", "row"]


def test_no_selector_reads_a_file() -> None:
    reading = [("xpath", f"//li[{call}]") for call in ("document('/etc/passwd')", "doc('/etc/passwd')")]
    problems = dict(trials.problems_of(settings(reading)))
    assert list(problems.values()) == ["cannot be used: Unregistered function"] * 2


def test_child_that_cannot_be_started_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(trials.CannotTry, match="no process can be started"):
        trials.problems_of(settings([("css", "h1")]))


def test_child_that_ends_without_an_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(trials.CannotTry, match="ended with code 1"):
        trials.problems_of(settings([("css", "h1")]))
