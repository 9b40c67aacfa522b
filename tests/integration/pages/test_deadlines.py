"""Tests of giving a run a deadline, changing it and taking it away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import Run, Target

AHEAD = datetime(2040, 7, 1, 5, 0, tzinfo=UTC)
IN_PRAGUE = {"at": "2040-07-01T07:00", "zone": "Europe/Prague"}


def test_the_page_of_a_run_leads_to_its_deadline_and_shows_what_is_set(client: Client, run: Run) -> None:
    """The time zone is that of the target's schedule, and what is shown again is what was written."""
    where = reverse("run-deadline", args=[run.pk])
    assert where in client.get(reverse("run", args=[run.pk])).content.decode()
    assert client.get(where).context["form"].values == {"at": "", "zone": "Europe/Prague"}

    answer = client.post(where, IN_PRAGUE, follow=True)

    assert Run.objects.get().deadline_at == AHEAD
    shown = answer.content.decode()
    assert "is to be done by 2040-07-01 07:00 Europe/Prague" in shown
    assert "1 Jul 05:00 UTC" in shown
    assert client.get(where).context["form"].values == IN_PRAGUE


def test_a_deadline_is_taken_away_with_the_urgency_it_gave(client: Client, run: Run) -> None:
    Run.objects.update(deadline_at=AHEAD, priority=9, own_priority=4)
    client.post(reverse("run-deadline-remove", args=[run.pk]))

    run.refresh_from_db()
    assert (run.deadline_at, run.priority) == (None, 4)


@pytest.mark.parametrize(
    ("given", "control", "words"),
    [
        ({"at": ""}, "at", "Write a date and a time"),
        ({"at": "tomorrow"}, "at", "Write a date and a time"),
        ({"at": "2040-07-01T07:00+02:00"}, "at", "Write a date and a time"),
        ({"at": "0001-01-01T00:00"}, "at", "Write a date and a time"),
        ({"at": "9999-12-31T23:59"}, "at", "Write a date and a time"),
        ({"at": "2020-07-01T07:00"}, "at", "Has passed already"),
        ({"zone": "Nowhere/There"}, "zone", "is not a time zone"),
    ],
)
@pytest.mark.parametrize("name", ["run-deadline", "target-crawl-by"])
def test_what_cannot_be_a_deadline_is_refused_beside_its_control_and_kept(
    client: Client, run: Run, name: str, given: dict[str, str], control: str, words: str
) -> None:
    texts = IN_PRAGUE | given
    number = run.pk if name == "run-deadline" else run.target_id
    answer = client.post(reverse(name, args=[number]), texts)

    assert answer.status_code == 422
    form = answer.context["form"]
    assert (list(form.problems), form.values) == ([control], texts)
    assert words in answer.content.decode()
    assert list(Run.objects.values_list("pk", "deadline_at")) == [(run.pk, None)]


@pytest.mark.parametrize(("more", "priority"), [({}, 5), ({"urgent": "1"}, 9)])
def test_a_run_is_started_with_a_deadline_from_the_page_of_its_target(
    client: Client, target: Target, more: dict[str, str], priority: int
) -> None:
    where = reverse("target-crawl-by", args=[target.pk])
    assert where in client.get(reverse("target", args=[target.pk])).content.decode()
    assert client.get(where).status_code == 200
    answer = client.post(where, IN_PRAGUE | more)

    run = Run.objects.get()
    assert (run.deadline_at, run.priority) == (AHEAD, priority)
    assert answer["Location"] == reverse("run", args=[run.pk])


def test_a_local_time_that_does_not_exist_is_the_first_instant_that_does(client: Client, run: Run) -> None:
    gap = {"at": "2040-03-25T02:30", "zone": "Europe/Berlin"}
    client.post(reverse("run-deadline", args=[run.pk]), gap)
    assert Run.objects.get().deadline_at == datetime(2040, 3, 25, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["run-deadline", "run-deadline-remove"])
def test_a_run_that_missed_its_deadline_keeps_it_and_says_why(client: Client, run: Run, name: str) -> None:
    passed = timezone.now() - timedelta(hours=1)
    Run.objects.update(deadline_at=passed, deadline_met=False)
    answer = client.post(reverse(name, args=[run.pk]), IN_PRAGUE, follow=True)

    assert "has missed the one that it had" in answer.content.decode()
    assert Run.objects.get().deadline_at == passed


def test_a_target_that_is_switched_off_starts_nothing(client: Client, target: Target) -> None:
    Target.objects.update(enabled=False)
    where = reverse("target-crawl-by", args=[target.pk])
    assert where not in client.get(reverse("target", args=[target.pk])).content.decode()
    assert "switched off" in client.post(where, IN_PRAGUE, follow=True).content.decode()
    assert not Run.objects.exists()


def test_the_clock_is_that_of_the_targets_own_deadline(client: Client, target: Target, ada: User) -> None:
    Target.objects.update(deadline={"time": "07:00", "timezone": "Asia/Kathmandu"})
    answer = client.get(reverse("target-crawl-by", args=[target.pk]))
    assert answer.context["form"].values["zone"] == "Asia/Kathmandu"


@pytest.mark.parametrize("name", ["run-deadline", "run-deadline-remove", "target-crawl-by"])
def test_deadlines_of_somebody_else_are_not_found(stranger: Client, run: Run, name: str) -> None:
    number = run.target_id if name == "target-crawl-by" else run.pk
    assert stranger.post(reverse(name, args=[number]), IN_PRAGUE).status_code == 404
    assert list(Run.objects.values_list("deadline_at", flat=True)) == [None]
