"""`./run held`: what is held, and decided on, in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest
from django.utils import timezone

from crawler.management.commands.held import Command
from crawler.models import Item, LookState, RepairLook, Replay, Run
from crawler.services import looking, replays
from crawler.services.terminal import apart, holding, waiting
from tests.integration.services.test_holding import followed, usual
from tests.integration.services.test_mending import MANY, with_other_rows
from tests.integration.services.test_mending import held as broken
from tests.integration.services.test_quality import START, things

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

__all__ = ["broken"]
pytestmark = pytest.mark.django_db


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "held").parse_args(words)))


def held(clock: FakeClock) -> Run:
    return followed(usual(clock), clock, things(price=None))


def test_held_runs_are_listed_and_one_is_told_of(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    typed()
    assert capsys.readouterr().out == "No run is held.\n"
    run = held(clock)
    line = f"run {run.pk} of A site (target {run.target_id}): 20 items held\n"

    typed()
    assert capsys.readouterr().out == line
    typed(str(run.pk))
    assert capsys.readouterr().out == (
        f"{line}price: coverage is 0.0, and was 1.0\n  {START}\n{holding.HOW}\n"
    )


@pytest.mark.parametrize(
    ("option", "says", "price"),
    [("--accept", "Published: 0 new, 20 changed, 0 restored.", None), ("--discard", "Discarded.", 5.0)],
)
def test_what_is_decided_is_done_at_once(
    clock: FakeClock, capsys: pytest.CaptureFixture[str], option: str, says: str, price: float | None
) -> None:
    run = held(clock)
    typed(str(run.pk), option)

    assert capsys.readouterr().out.startswith(says)
    assert {item.data["price"] for item in Item.objects.all()} == {price}


def test_records_that_are_apart_are_printed_beside_the_items(
    clock: FakeClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "AT_ONCE", 7)
    run = held(clock)
    typed(str(run.pk), "--items")

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["key"] for one in found} == {item.key for item in Item.objects.all()}
    assert len(found) == 20
    assert found[0]["changes"] == [{"field": "price", "before": 5.0, "after": None}]
    assert found[0]["item"] == Item.objects.get(key=found[0]["key"]).pk


def test_run_that_looks_otherwise_and_is_not_held_is_taken_for_usual(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    run = followed(usual(clock, quality={"hold": False}), clock, things(price=None))
    typed(str(run.pk), "--accept")

    assert capsys.readouterr().out == f"{holding.USUAL}\n"
    run.refresh_from_db()
    assert run.report["data"]["accepted"] is True


def test_repair_says_what_it_took_and_reads_the_pages(
    broken: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(str(broken.pk), "--repair")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('price=1: {"css":".amount","type":"price"} gives 12 of 12 values as before')
    assert lines[0].endswith(", all of them on 12 of 12 pages")
    assert lines[1].startswith("13 pages read: 12 records changed")
    assert {item.data["price"] for item in Item.objects.all()} == {number + 0.5 for number in range(12)}
    assert Run.objects.get(pk=broken.pk).publication == "discarded"


def test_repair_waits_for_what_others_do_of_it(
    broken: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is at the look and at the pages: it goes on while this terminal waits."""
    look, read = looking.step, replays.step
    monkeypatch.setattr(looking, "step", lambda **_asked: False)
    monkeypatch.setattr(replays, "step", lambda **_asked: False)
    RepairLook.objects.update(state=LookState.QUEUED, after=0, seen=0, tried=0, counts={})
    waited: list[str] = []

    def others() -> None:
        now = timezone.now()
        storing = Replay.objects.filter(stores=True).first()
        waited.append("look" if storing is None else "pages")
        if storing is None:
            look(run=broken.pk, now=now)
        else:
            read(replay=storing.pk, now=now)

    monkeypatch.setattr(waiting, "pause", others)
    typed(str(broken.pk), "--repair")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(", all of them on 12 of 12 pages")
    assert lines[1].startswith("13 pages read: 12 records changed")
    assert waited[0] == "look"
    assert waited[-1] == "pages"


def test_repair_says_of_how_many_items_the_pages_were_tried_where_not_of_all(
    broken: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    RepairLook.objects.update(total=6_000)
    typed(str(broken.pk), "--repair")

    assert "\nTried on the pages of 12 of 6,000 items.\n" in capsys.readouterr().out


def test_what_is_to_know_of_the_rows_is_told(broken: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed(str(broken.pk), "--proposals")
    look = RepairLook.objects.get()
    look.found |= {"note": "The rows are gone.", "fields": {}}
    look.save()
    capsys.readouterr()
    typed(str(broken.pk), "--proposals")

    assert capsys.readouterr().out == "The rows are gone.\nprice: nothing was found\n"


def test_proposals_are_told_by_number_and_change_nothing(
    broken: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(str(broken.pk), "--proposals")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('price=1: {"css":".amount","type":"price"} gives 12 of 12 values as before')
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        f"price={n + 1}" for n in range(len(lines) - 1)
    ]
    assert lines[-1].startswith(
        f"./run held {broken.pk} --repair takes the first of each field; --take price="
    )
    assert Run.objects.get(pk=broken.pk).publication == "held"
    assert not Replay.objects.exists()


def test_repair_takes_the_proposal_that_is_wanted(broken: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed(str(broken.pk), "--proposals")
    second = capsys.readouterr().out.splitlines()[1]
    typed(str(broken.pk), "--repair", "--take", "price=2")

    assert capsys.readouterr().out.splitlines()[0] == second
    broken.target.refresh_from_db()
    assert orjson.dumps(broken.target.fields["price"]).decode() in second
    assert broken.target.fields["price"]["css"] != ".amount"


def test_rows_that_give_more_records_are_taken_with_more_alone(
    broken: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with_other_rows(broken, given=MANY + 3)
    typed(str(broken.pk), "--proposals")
    said = capsys.readouterr().out
    assert "give 15 records where 12 were known: --repair takes them with --more" in said
    assert 'not known before: {"name":"An <advert>�"}' in said

    with pytest.raises(SystemExit) as ended:
        typed(str(broken.pk), "--repair")
    assert ended.value.code == 1
    assert "and say that you want more, by --more" in capsys.readouterr().err

    typed(str(broken.pk), "--repair", "--more")
    broken.target.refresh_from_db()
    assert broken.target.row == "xpath://body"


@pytest.mark.parametrize(
    ("take", "status", "says"),
    [
        ("price", 2, "--take price: say a field and the number of its proposal, such as price=2"),
        ("price=x", 2, "--take price=x: say a field and the number"),
        ("price=99", 2, "--take price=99: there are only "),
        ("name=1", 2, "--take name=1: nothing is proposed for that; it is for price"),
        ("price=0", 1, "choose a selector for at least one"),
    ],
)
def test_what_cannot_be_taken_is_said_and_the_run_stays_held(
    broken: Run, capsys: pytest.CaptureFixture[str], take: str, status: int, says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(str(broken.pk), "--repair", "--take", take)

    assert ended.value.code == status
    assert says in capsys.readouterr().err
    assert Run.objects.get(pk=broken.pk).publication == "held"


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("x",), 2, "there is no run 'x'"),
        (("99999999",), 2, "there is no run"),
        (("--accept",), 2, "name the run"),
        (("--items",), 2, "name the run"),
        (("--proposals",), 2, "name the run"),
        (("{run}", "--take", "price=1"), 2, "--take: it says what --repair takes"),
        (("{run}", "--more"), 2, "--more: it says what --repair takes"),
        (("{run}", "--proposals"), 1, "is not held"),
        (("{run}", "--items"), 1, "is not held"),
        (("{run}", "--discard"), 1, "is not held"),
    ],
)
def test_what_cannot_be_done_is_said(
    clock: FakeClock, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, says: str
) -> None:
    run = usual(clock)
    with pytest.raises(SystemExit) as ended:
        typed(*(word.format(run=run.pk) for word in words))

    assert ended.value.code == status
    assert says in capsys.readouterr().err
