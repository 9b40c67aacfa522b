"""`./run replay`: stored pages read again in a terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler import trials
from crawler.management.commands.replay import Command
from crawler.models import Item, Replay, Target
from crawler.services import targets
from crawler.services.terminal import Refusal, items
from tests.integration.replays import PRICED, READ, stored, watched

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(django_user_model: type[User]) -> Target:
    now = timezone.now()
    owner = django_user_model.objects.create_superuser("ada")
    target = targets.create(
        owner=owner, data={"name": "Shop", "start_urls": ["http://shop.test/"], **READ}, now=now
    )
    stored(target, now=now)
    return target


def typed(*words: str) -> object:
    """Call the command in this process with what is typed after it; return its exit status."""
    command = Command()
    options = vars(command.create_parser("manage.py", "replay").parse_args(words))
    with pytest.raises(SystemExit) as ended:
        command.handle(**options)
    return ended.value.code


PRICE = ("--field", "name=css:h1", "--field", 'price={"css": "p", "type": "price"}')


def test_trial_prints_what_would_change(shop: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(str(shop.pk), *PRICE) == 0

    assert capsys.readouterr().out.splitlines() == [
        "3 pages read: 3 records changed, 0 new, 0 not found any more, 0 the same",
        "field  stored  read now",
        "name   100.0%    100.0%",
        "price    0.0%    100.0%",
        "Nothing was stored; --store saves these settings and updates the items.",
    ]
    assert Target.objects.get(pk=shop.pk).fields == READ["fields"]


def test_storing_updates_items_and_settings(shop: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(str(shop.pk), *PRICE, "--store") == 0

    assert capsys.readouterr().out.splitlines()[-1].startswith("Stored.")
    assert [item.data["price"] for item in Item.objects.order_by("pk")] == [1.0, 2.0, 3.0]
    assert Target.objects.get(pk=shop.pk).fields == PRICED


def test_json_has_the_samples(shop: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(str(shop.pk), *PRICE, "--pages", "1", "--json") == 0

    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["state"], said["total"], said["records"]["changed"]) == ("done", 1, 1)
    assert said["samples"][0]["after"] == {"name": "kettle", "price": 1.0}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("999",), "replay: TARGET: there is no target '999'"),
        (("shop",), "replay: TARGET: there is no target 'shop'"),
        (("{}", "--pages", "0"), "replay: --pages: must be a number from 1 to 1,000, not '0'"),
        (("{}", "--field", "price"), "replay: --field: 'price' is not of the form name=css:selector"),
        (("{}", "--field", "price=css:[["), "replay: --field price: "),
        (("{}", "--scraper", "crystal-ball"), "replay: --scraper: 'crystal-ball' is unknown"),
    ],
)
def test_what_cannot_be_done_is_said(
    shop: Target, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    assert typed(*(word.format(shop.pk) for word in words)) == 2

    out, said = capsys.readouterr()
    assert (out, said.splitlines()[0][: len(complaint)]) == ("", complaint)
    assert not Replay.objects.exists()


def test_interrupt_cancels_it(
    shop: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trials, "records_of", interrupted)

    assert typed(str(shop.pk), *PRICE) == 130
    assert "cancelled" in capsys.readouterr().err
    assert Replay.objects.get().state == "cancelled"


def test_earlier_versions_are_told_apart_and_what_was_filled_in_is_restored(
    shop: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    Item.objects.all().delete()
    shop.pages.all().delete()
    now = timezone.now()
    item = watched(shop, now=now)
    assert typed(str(shop.pk), *PRICE, "--field", "left=css:i", "--earlier", "--store") == 0

    assert capsys.readouterr().out.splitlines() == [
        "1 pages read: 1 records changed, 0 new, 0 not found any more, 0 the same",
        "field  stored  read now",
        "name   100.0%    100.0%",
        "price  100.0%    100.0%",
        "left     0.0%    100.0%",
        "",
        "2 earlier versions read: 2 records changed, 0 new, 0 not found any more, 0 the same",
        "field  stored  read now",
        "name   100.0%    100.0%",
        "price  100.0%    100.0%",
        "left     0.0%    100.0%",
        "2 records said more than is in the history then: filled in",
        "Stored. What the items said before is in their history.",
    ]
    then = (now - timedelta(days=8)).isoformat()
    assert items.restore(item, then) == "restored as version 4"
    assert Item.objects.get().data == {"name": "kettle", "price": 5.0, "left": "11"}
    with pytest.raises(Refusal, match="the number of a version or a time such as"):
        items.restore(item, "yesterday")
    (line,) = [json.loads(line) for line in items.history(item, field="left")][-1:]
    assert (line["filled"], line["data"]["left"]) == (["left"], "11")
