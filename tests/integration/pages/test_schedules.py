"""Tests of the schedule on a target's page and in its form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import Schedule, SkipKind, Target
from crawler.services import schedules, skips, targets
from crawler.services.skips import Skip
from tests.integration.pages.conftest import NOW, SETTINGS
from tests.integration.pages.test_targets import FILLED

WHOLE = {
    "every_seconds": 3600,
    "timezone": "Europe/Prague",
    "misfire": "skip",
    "overlap": "queue",
    "windows": ["weekdays 22:00-06:00", "sat,sun"],
    "jitter_seconds": 90,
    "paused": True,
    "spread": False,
}


def page(client: Client, name: str, target: Target) -> str:
    return client.get(reverse(name, args=[target.pk])).content.decode()


def test_form_stores_windows_jitter_spread_and_pause(client: Client) -> None:
    more = {
        "windows": "Weekdays 22:00 – 06:00\nsat,sun",
        "jitter": "90",
        "paused": "on",
        "spread_every": "on",
    }
    client.post(reverse("target-new"), {**FILLED, **more})

    schedule = Schedule.objects.get()
    assert schedule.windows == ["weekdays 22:00-06:00", "sat,sun"]
    assert (schedule.jitter_seconds, schedule.spread) == (90, True)
    assert schedule.paused_at is not None


def test_form_shows_what_is_stored_and_stores_it_unchanged(client: Client, ada: User) -> None:
    target = targets.create(owner=ada, data={**SETTINGS, "schedule": WHOLE}, now=NOW)
    before = Schedule.objects.values().get()
    shown = page(client, "target-edit", target)
    assert "weekdays 22:00-06:00\nsat,sun</textarea>" in shown
    assert 'name="paused" checked' in shown
    assert 'name="spread_every" >' in shown

    texts = {
        **{name: str(WHOLE[name]) for name in ("timezone", "misfire", "overlap")},
        "name": "Kontor",
        "start_urls": "\n".join(SETTINGS["start_urls"]),
        "scope": "host",
        "scraper": "auto",
        "priority": "5",
        "enabled": "on",
        "adapt_pace": "on",
        "obey_robots": "on",
        "when": "every",
        "every": "1",
        "every_unit": "3600",
        "windows": "weekdays 22:00-06:00\nsat,sun",
        "jitter": "90",
        "paused": "on",
    }
    assert client.post(reverse("target-edit", args=[target.pk]), texts).status_code == 302
    after = Schedule.objects.values().get()
    assert {**after, "feasibility": {}} == {**before, "feasibility": {}}


def test_form_proposes_a_quiet_minute_for_a_new_cron_schedule(
    client: Client, ada: User, target: Target
) -> None:
    """`target` has the expression that the new one is given, which is moved to the minute after it."""
    shown = client.get(reverse("target-new")).content.decode()
    assert 'name="spread_cron" checked' in shown
    cron = {"when": "cron", "cron": "15 6 * * 1-5", "timezone": "Europe/Prague", "spread_cron": "on"}
    client.post(reverse("target-new"), FILLED | cron)

    made = Target.objects.get(name="Garden")
    assert made.schedule.shift_minutes == 1
    shown = page(client, "target", made)
    assert "<code>16 6 * * 1-5</code>" in shown
    assert "<code>15 6 * * 1-5</code> moved by 1 min to a quiet minute" in shown


@pytest.mark.parametrize("schedule", [None, {"every_seconds": 3600}])
def test_form_proposes_a_quiet_minute_where_there_was_no_cron_schedule(
    client: Client, ada: User, schedule: dict[str, int] | None
) -> None:
    old = targets.create(owner=ada, data={**SETTINGS, "schedule": schedule}, now=NOW)
    assert 'name="spread_cron" checked' in page(client, "target-edit", old)


def test_an_old_cron_schedule_is_not_moved_when_it_is_edited(client: Client, target: Target) -> None:
    before = Schedule.objects.values().get()
    assert 'name="spread_cron" >' in page(client, "target-edit", target)
    cron = {"when": "cron", "cron": "15 6 * * 1-5", "timezone": "Europe/Prague", "misfire": "skip"}
    client.post(reverse("target-edit", args=[target.pk]), FILLED | cron)

    after = Schedule.objects.values().get()
    assert after["misfire"] == "skip"
    assert [after[name] for name in ("shift_minutes", "next_run_at", "due_at")] == [
        before[name] for name in ("shift_minutes", "next_run_at", "due_at")
    ]


def test_what_is_wrong_with_windows_stands_beside_them(client: Client) -> None:
    response = client.post(reverse("target-new"), {**FILLED, "windows": "sat\nmon 25:00-26:00"})
    assert response.status_code == 422
    assert "Line 2: character 5: &#x27;25:00&#x27; is not a time of day" in response.content.decode()


@pytest.mark.parametrize(
    ("when", "control"), [("every", "every"), ("cron", "cron"), ("", "when"), ("sometimes", "when")]
)
@pytest.mark.parametrize("stored", [{"cron": "0 5 * * *"}, {"every_seconds": 3600}])
def test_emptied_times_are_refused_beside_their_control_and_change_nothing(
    client: Client, ada: User, stored: dict[str, object], when: str, control: str
) -> None:
    target = targets.create(owner=ada, data={**SETTINGS, "schedule": stored}, now=NOW)
    before = Schedule.objects.values().get()
    texts = {**FILLED, "when": when, "every": "", "cron": " "}

    answer = client.post(reverse("target-edit", args=[target.pk]), texts)

    assert answer.status_code == 422
    assert list(answer.context["form"].problems) == [control]
    assert Schedule.objects.values().get() == before


def test_page_shows_windows_jitter_shift_and_whether_it_fits(client: Client, ada: User) -> None:
    target = targets.create(owner=ada, data={**SETTINGS, "schedule": {**WHOLE, "paused": False}}, now=NOW)
    Schedule.objects.update(shift_minutes=17)
    shown = page(client, "target", target)
    for words in (
        "weekdays 22:00-06:00",
        "up to 1 min 30 s",
        "17 min to a quiet minute",
        "does not fit",
        "3 h 12 min",
    ):
        assert words in shown
    assert shown.count("<li><time") >= 5


def test_pausing_and_resuming_is_one_press(client: Client, target: Target) -> None:
    planned = Schedule.objects.get().next_run_at
    client.post(reverse("target-schedule", args=[target.pk, "pause"]))
    paused = page(client, "target", target)
    assert "none while paused" in paused
    assert reverse("target-schedule", args=[target.pk, "resume"]) in paused
    assert "paused" in client.get(reverse("targets")).content.decode()
    assert "Kontor" not in client.get(reverse("targets"), {"show": "scheduled"}).content.decode()

    answer = client.post(reverse("target-schedule", args=[target.pk, "resume"]), follow=True)
    assert "The schedule goes on" in answer.content.decode()
    assert Schedule.objects.get().next_run_at == planned


@pytest.mark.parametrize("step", ["stop", "resume"])
def test_a_step_that_there_is_not_is_not_found(client: Client, ada: User, step: str) -> None:
    bare = targets.create(owner=ada, data={**SETTINGS, "schedule": None}, now=NOW)
    assert client.post(reverse("target-schedule", args=[bare.pk, step])).status_code == 404


def test_a_schedule_that_would_be_refused_today_says_so(client: Client, target: Target) -> None:
    Schedule.objects.update(windows=["now and then"])
    Schedule.objects.update(paused_at=NOW)
    answer = client.post(reverse("target-schedule", args=[target.pk, "resume"]))
    assert answer.status_code == 302
    assert Schedule.objects.get().paused_at == NOW


def test_times_without_a_run_are_listed_with_their_reasons(client: Client, target: Target) -> None:
    times = tuple(NOW + timedelta(hours=hour) for hour in range(3))
    for number in range(8):
        reason = f"nothing was running <{number}>"
        skips.note(target=target.pk, skip=Skip(kind=SkipKind.MISFIRE, reason=reason, times=times), now=NOW)
    shown, listed = page(client, "target", target), page(client, "target-skips", target)
    assert "Mon 02 Mar 11:00 to Mon 02 Mar 13:00, 3 times" in shown
    assert "nothing was running &lt;7&gt;" in shown
    assert "nothing was running &lt;2&gt;" not in shown
    assert listed.count("nothing was running") == 8


def test_next_five_are_when_runs_start_and_not_their_nominal_times(client: Client, ada: User) -> None:
    now = timezone.now()
    target = targets.create(
        owner=ada, data={**SETTINGS, "schedule": {"every_seconds": 86_400, "jitter_seconds": 80_000}}, now=now
    )
    schedule = Schedule.objects.get()
    starts = schedules.next_times(schedule, now=now)
    assert starts[0] == schedule.due_at
    assert starts[0].isoformat() in page(client, "target", target)


def test_a_stranger_changes_and_sees_nothing(stranger: Client, target: Target) -> None:
    assert stranger.post(reverse("target-schedule", args=[target.pk, "pause"])).status_code == 404
    assert stranger.get(reverse("target-skips", args=[target.pk])).status_code == 404
