"""The database of the benchmarks: what is made fits together, and every address they ask for answers."""

from __future__ import annotations

import pytest

from benchmarks import api, export, filled
from crawler.models import Item, Page, Request, Run

pytestmark = pytest.mark.django_db
SIZES = filled.Sizes(items=60, pages=60, requests=200, targets=12)


@pytest.fixture
def made() -> filled.Filled:
    return filled.make(SIZES)


def test_all_rows_are_there_and_runs_add_up(made: filled.Filled) -> None:
    assert Item.objects.count() == Page.objects.count() == 60
    assert Item.objects.filter(sightings__run=made.runs[0]).count() == 30
    for run in Run.objects.filter(pk__in=made.runs):
        settled = run.done + run.failed + run.skipped + run.dead
        queued = Request.objects.filter(run=run, state=0).count()
        assert run.discovered == settled + queued == Request.objects.filter(run=run).count()


@pytest.mark.parametrize(("caller", "place"), [("administrator", 0), ("person", 1)])
def test_every_address_answers(made: filled.Filled, caller: str, place: int) -> None:
    clients = {
        True: filled.client(getattr(made, caller)),
        False: filled.signed_in(filled.ADMINISTRATOR if caller == "administrator" else filled.PERSON),
    }

    asked = api.addresses(made, SIZES, place=place)

    assert len(asked) > 50
    for address in asked:
        api.ask(clients[address.path.startswith("/api/")], address.path)
    assert api.cpu_seconds() > 0


@pytest.mark.parametrize("what", ["alone", "jsonl", "csv"])
def test_every_export_has_every_item_of_its_target(made: filled.Filled, what: str) -> None:
    found = export.exported(what, made.targets[0], token=made.administrator)

    assert found.items == 30
    assert found.bytes > 30 * 200
