"""Tests of the calendar page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from crawler.models import Target
from crawler.services import targets
from tests.integration.pages.conftest import NOW, SETTINGS


@pytest.fixture(autouse=True)
def at_noon() -> object:
    with time_machine.travel(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False):
        yield


def show(client: Client, **asked: str) -> str:
    return client.get(reverse("calendar"), asked).content.decode()


def test_a_week_is_shown_with_one_day_in_full(client: Client, target: Target) -> None:
    shown = show(client, timezone="Europe/Prague")
    assert "4 runs that schedules will start" in shown
    assert shown.count('class="load-') == 7 * 24
    assert "Monday 2 March" in shown
    assert "Nothing starts on this day." in shown

    tuesday = show(client, timezone="Europe/Prague", day="2026-03-03")
    assert "Tuesday 3 March" in tuesday
    assert "06:15" in tuesday
    assert f'href="{reverse("target", args=[target.pk])}">Kontor</a>' in tuesday
    assert "10,000 requests at most in 3 h 12 min" in tuesday


def test_hours_lead_to_their_place_in_the_day(client: Client, target: Target) -> None:
    shown = show(client, timezone="Europe/Prague")
    assert "day=2026-03-03#h202603030500" in shown
    assert 'aria-label="06:00: 1 run, about 2,348 requests"' in shown
    assert 'id="h202603030500"' in show(client, timezone="Europe/Prague", day="2026-03-03")


def test_span_and_day_are_kept_within_reach(client: Client, target: Target) -> None:
    assert show(client, days="31").count('class="load-') == 31 * 24
    assert show(client, days="500").count('class="load-') == 7 * 24
    assert 'value="2026-03-02"' in show(client, **{"from": "1999-01-01"})
    assert 'value="2027-03-03"' in show(client, **{"from": "2999-01-01"})
    assert "Later →" in show(client, days="1")
    assert "day=" not in show(client, days="1", day="2026-03-02").split('<nav class="pages"')[1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "soon"}, "is not a day"),
        ({"day": "never"}, "is not a day"),
        ({"timezone": "Mars"}, "not a time zone"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_shown(
    client: Client, target: Target, asked: dict[str, str], says: str
) -> None:
    shown = show(client, **asked)
    assert says in shown
    assert "Load by hour" in shown


def test_an_empty_calendar_says_how_to_fill_it(client: Client) -> None:
    assert "Nothing is planned" in show(client)


def test_what_is_in_it_belongs_to_its_reader(stranger: Client, target: Target) -> None:
    assert "Kontor" not in show(stranger, day="2026-03-03")


def test_names_are_text(client: Client, ada: User) -> None:
    targets.create(owner=ada, data={**SETTINGS, "name": "<b>bold</b>"}, now=NOW)
    assert "<b>bold" not in show(client, day="2026-03-03")
