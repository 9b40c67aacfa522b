"""`./run data`: the figures of a run's data, in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.management.commands.data import Command
from tests.crawling import a_run
from tests.integration.services.test_holding import followed, usual
from tests.integration.services.test_quality import START, crawled, things

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db


def typed(*words: str) -> int | str | None:
    command = Command()
    with pytest.raises(SystemExit) as ended:
        command.handle(**vars(command.create_parser("manage.py", "data").parse_args(words)))
    return ended.value.code


def test_figures_and_broken_rules_are_told(clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    rules = {"min_items": 30, "fields": {"price": {"max": 4}, "made": {"unique": True}}}
    run = crawled(a_run(START, quality=rules), clock, things(made="Tokyo"))

    assert typed(str(run.pk)) == 1
    told = capsys.readouterr().out
    assert f"run {run.pk} of A site: 20 items, 20 examined\n" in told
    assert "\n  price: in 100.0%, 100.0% number, from 5.0 to 5.0\n" in told
    assert "\n  made: in 100.0%, 100.0% text, says Tokyo, 19 repeated\n" in told
    assert "\nbreaks a rule: min_items is 20, wanted is 30\n" in told
    assert "\nbreaks a rule: price: max is " in told

    assert typed(str(run.pk), "--json") == 1
    data = {name: said for name, said in run.report["data"].items() if name != "inside"}
    assert json.loads(capsys.readouterr().out) == data


def test_figures_inside_of_objects_are_told_by_their_paths(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = {f"word{number}": 1 for number in range(31)}
    run = crawled(a_run(START), clock, things(offers=[{"price": 5.0}, {"sold": True}], specs=specs))

    assert typed(str(run.pk)) == 0
    told = capsys.readouterr().out
    assert "\n  offers.price: in 50.0% of 20, 100.0% number, from 5.0 to 5.0\n" in told
    assert "\nObjects in specs have more than 30 different names: " in told
    assert typed(str(run.pk), "--json") == 0
    assert json.loads(capsys.readouterr().out)["fields"]["offers.sold"]["records"] == 20


def test_data_as_usual_is_well_and_what_looks_otherwise_says_where(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    run = usual(clock)
    assert typed(str(run.pk)) == 0
    run = followed(run, clock, things(price=None))
    assert typed(str(run.pk)) == 1

    assert capsys.readouterr().out.endswith(
        f"\nlooks otherwise than before:\nprice: coverage is 0.0, and was 1.0\n  {START}\n"
    )


def test_what_a_site_says_gives_the_terminal_no_commands(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    run = usual(clock)
    run = followed(run, clock, things(price="\x1b]0;owned\x07", **{"a\x1b[2J": 1}))
    assert typed(str(run.pk)) == 1

    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "  a�[2J: in 100.0%" in told


def test_run_that_was_not_examined_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(START)
    assert typed(str(run.pk)) == 2
    assert typed("99999999") == 2
    said = capsys.readouterr().err
    assert "was not examined" in said
    assert "there is no run" in said
