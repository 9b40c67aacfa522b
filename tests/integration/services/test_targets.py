"""What may be registered, and what every refusal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.models import Run, RunState, Schedule, Target
from crawler.services import runs, targets
from crawler.services.drafts import DEFAULTS, HIDDEN, KEYS

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHOP: dict[str, Any] = {"name": "Shop", "start_urls": ["https://shop.test/"]}


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def target(owner: User) -> Target:
    return targets.create(owner=owner, data=SHOP, now=NOW)


def problems(data: object, *, existing: Target | None = None, by: User | None = None) -> dict[str, str]:
    with pytest.raises(targets.InvalidTarget) as refused:
        targets.validate(data, existing=existing, by=by, now=NOW)
    return {problem.field: problem.message for problem in refused.value.problems}


def test_target_is_stored_with_the_defaults_of_what_was_left_out(owner: User) -> None:
    target = Target.objects.get(pk=targets.create(owner=owner, data=SHOP, now=NOW).pk)

    assert (target.owner, target.name, target.max_pages, target.priority) == (owner, "Shop", 10_000, 5)
    assert {key: getattr(target, key) for key in DEFAULTS} == dict(DEFAULTS)


def test_defaults_are_those_of_the_table() -> None:
    fresh = Target()

    assert {key: getattr(fresh, key) for key in DEFAULTS} == dict(DEFAULTS)


def test_every_key_is_a_column() -> None:
    assert set(KEYS) <= {field.name for field in Target._meta.fields}


def test_start_urls_are_stored_in_canonical_form_once(owner: User) -> None:
    urls = ["HTTPS://Shop.test", "https://shop.test/#top", "https://shop.test/?utm_source=x"]

    target = targets.create(owner=owner, data={**SHOP, "start_urls": urls}, now=NOW)

    assert target.start_urls == ["https://shop.test/"]


def test_null_sets_the_default_back(target: Target) -> None:
    targets.update(target=target, data={"priority": 9, "tags": ["a"], "max_pages": None}, now=NOW)
    targets.update(target=target, data={"priority": None, "tags": None}, now=NOW)

    target.refresh_from_db()
    assert (target.priority, target.tags, target.max_pages) == (5, [], None)


def test_name_and_start_urls_are_required() -> None:
    assert problems({}) == {"name": "is required", "start_urls": "is required"}


def test_every_problem_is_told_beside_its_field() -> None:
    data = {
        "name": " ",
        "start_urls": ["ftp://a.test/", "https://ok.test/", 3],
        "scope": "everything",
        "include": ["(?=look)"],
        "exclude": ["["],
        "max_depth": True,
        "max_pages": 0,
        "max_minutes": "10",
        "priority": 10,
        "delay_seconds": -1,
        "connections": 1.5,
        "obey_robots": "yes",
        "headers": {"Host": "a", "X-Line": "a\r\nb", "No good": "a"},
        "user_agent": "ü",
        "scraper": "crystal-ball",
        "options": [],
        "fields": 3,
        "row": 1,
        "key": "sku",
        "tags": [""],
        "enabled": 1,
        "schedule": {"cron": "every day", "timezone": "Mars/Olympus", "when": "now"},
        "colour": "red",
    }
    told = problems(data)
    assert set(told) == {
        "name", "start_urls.0", "start_urls.2", "scope", "include.0", "exclude.0", "max_depth", "max_pages",
        "max_minutes", "priority", "delay_seconds", "connections", "obey_robots", "headers.Host",
        "headers.X-Line",
        "headers.No good", "user_agent", "scraper", "options", "fields", "row", "key", "tags.0", "enabled",
        "schedule.cron", "schedule.timezone", "schedule.when", "colour",
    }  # fmt: skip
    assert told["colour"] == "is not a key of a target"
    assert told["max_depth"] == "must be a whole number, not true or false"


def test_every_problem_of_a_schedule_is_told_at_once() -> None:
    schedule = {"cron": "* * *", "every_seconds": 3, "timezone": "Mars/Olympus", "misfire": "q"}

    assert set(problems({**SHOP, "schedule": schedule})) == {
        "schedule", "schedule.cron", "schedule.every_seconds", "schedule.timezone", "schedule.misfire",
    }  # fmt: skip


def test_address_that_no_run_contacts_is_warned_about(settings: Settings) -> None:
    settings.EGRESS_ALLOW = "10.1.0.0/16:8000-8999"
    urls = [
        "http://shop.test/",
        "http://10.1.2.3:8080/",
        "http://10.1.2.3/",
        "http://[::1]/",
        "http://0x7f.1/",
    ]

    draft = targets.validate({**SHOP, "start_urls": urls}, now=NOW)

    assert [warning.field for warning in draft.warnings] == ["start_urls.2", "start_urls.3", "start_urls.4"]
    assert draft.warnings[2].message.startswith("the start URL http://127.0.0.1/ is not on the public web")
    assert all("EGRESS_ALLOW" in warning.message for warning in draft.warnings)


def test_port_that_no_run_contacts_is_warned_about(settings: Settings) -> None:
    settings.EGRESS_ALLOW = "10.1.0.0/16:9000, *:8000"
    urls = [
        "http://shop.test:22/",
        "https://8.8.8.8:25/",
        "http://10.2.3.4:22/",
        *("http://shop.test:8000/", "http://shop.test:8443/", "http://shop.test:9000/"),
    ]

    draft = targets.validate({**SHOP, "start_urls": urls}, now=NOW)

    assert [warning.field for warning in draft.warnings] == ["start_urls.0", "start_urls.1", "start_urls.2"]
    assert "http://shop.test:22/ has port 22" in draft.warnings[0].message
    assert draft.warnings[0].message.endswith("EGRESS_ALLOW=*:22")
    assert "has port 25" in draft.warnings[1].message
    assert "is not on the public web" in draft.warnings[2].message


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\ud800", "x" * 201])
def test_text_that_cannot_be_stored_or_shown_is_refused(name: str) -> None:
    assert set(problems({**SHOP, "name": name})) == {"name"}


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert problems(data) == {"": "must be an object"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e12, 10**400])
def test_numbers_without_end_are_refused(value: float) -> None:
    assert set(problems({**SHOP, "delay_seconds": value})) == {"delay_seconds"}


def test_selectors_are_judged_by_the_scraper_and_named_by_their_path() -> None:
    data = {**SHOP, "scraper": "fields", "fields": {"name": {"css": "h1[["}, "price": {"re": "(?=1)"}}}

    assert set(problems(data)) == {"fields.name.css", "fields.price.re"}


def test_key_must_name_declared_fields() -> None:
    data = {**SHOP, "scraper": "fields", "fields": {"sku": {"css": ".sku"}}, "key": ["sku", "ean"]}

    assert set(problems(data)) == {"key.1"}


def test_too_many_start_urls_are_refused() -> None:
    urls = [f"https://shop.test/{number}" for number in range(1_001)]

    assert problems({**SHOP, "start_urls": urls}) == {
        "start_urls": "has 1,001 entries; at most 1,000 are allowed"
    }


@pytest.mark.parametrize(
    "pace", [{"delay_seconds": 0.1}, {"connections": 2}, {"obey_robots": False}, {"adapt_pace": False}]
)
def test_a_faster_pace_needs_the_permission(owner: User, pace: dict[str, Any]) -> None:
    assert set(problems({**SHOP, **pace}, by=owner)) == set(pace)

    owner.user_permissions.add(Permission.objects.get(codename="crawl_faster"))
    allowed = targets.validate({**SHOP, **pace}, by=User.objects.get(pk=owner.pk), now=NOW)
    assert allowed.changed >= set(pace)


def test_a_slower_pace_needs_none(owner: User) -> None:
    draft = targets.validate({**SHOP, "delay_seconds": 5, "connections": 1}, by=owner, now=NOW)

    assert draft.values["delay_seconds"] == 5.0


def test_owner_keeps_the_pace_an_administrator_set(target: Target, owner: User) -> None:
    root = User.objects.create_superuser("root")
    targets.update(target=target, data={"delay_seconds": 0}, now=NOW, by=root)

    targets.update(target=target, data={"delay_seconds": 0, "name": "Mine"}, now=NOW, by=owner)

    assert target.name == "Mine"


def test_update_changes_what_is_given_and_nothing_else(target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(priority=8)  # meanwhile, by someone else

    targets.update(target=target, data={"name": "Other"}, now=NOW)

    target.refresh_from_db()
    assert (target.name, target.priority) == ("Other", 8)


def test_an_old_setting_that_would_be_refused_now_does_not_block_another(target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(scraper="retired")
    target.refresh_from_db()

    targets.update(target=target, data={"enabled": False}, now=NOW)

    assert not target.enabled
    assert set(problems({"row": "li"}, existing=target)) == {"scraper"}


def test_secret_headers_stay_when_their_placeholder_comes_back(target: Target) -> None:
    targets.update(target=target, data={"headers": {"Authorization": "Bearer 1", "X-Shop": "a"}}, now=NOW)

    targets.update(target=target, data={"headers": {"authorization": HIDDEN, "X-Shop": "b"}}, now=NOW)

    target.refresh_from_db()
    assert target.headers == {"authorization": "Bearer 1", "X-Shop": "b"}


def test_schedule_is_stored_with_its_next_time(target: Target) -> None:
    targets.update(
        target=target, data={"schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}}, now=NOW
    )

    schedule = Schedule.objects.get(target=target)
    assert schedule.next_run_at == datetime(2026, 3, 3, 5, 0, tzinfo=UTC)


def test_parts_of_a_schedule_change_alone(target: Target) -> None:
    targets.update(
        target=target, data={"schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}}, now=NOW
    )
    targets.update(target=target, data={"schedule": {"every_seconds": 600}}, now=NOW)

    schedule = Schedule.objects.get(target=target)
    assert (schedule.cron, schedule.every_seconds, schedule.timezone) == ("", 600, "Europe/Berlin")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": ""}, "schedule.cron"),
        ({"cron": None, "timezone": "Europe/Berlin"}, "schedule.cron"),
        ({"every_seconds": None, "cron": None}, "schedule.every_seconds"),
        ({}, "schedule"),
    ],
)
def test_a_change_that_leaves_a_schedule_no_times_is_refused(
    target: Target, change: dict[str, Any], field: str
) -> None:
    targets.update(target=target, data={"schedule": {"cron": "0 5 * * *"}}, now=NOW)
    with pytest.raises(targets.InvalidTarget) as caught:
        targets.update(target=target, data={"schedule": change}, now=NOW)

    assert [problem.field for problem in caught.value.problems] == [field]
    assert Schedule.objects.get(target=target).cron == "0 5 * * *"


def test_emptying_the_times_that_a_schedule_has_not_leaves_it_as_it_is(target: Target) -> None:
    targets.update(target=target, data={"schedule": {"every_seconds": 600}}, now=NOW)
    targets.update(target=target, data={"schedule": {"cron": None, "misfire": "skip"}}, now=NOW)

    schedule = Schedule.objects.get(target=target)
    assert (schedule.every_seconds, schedule.misfire) == (600, "skip")


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC", "Mars", "../UTC"]
)
def test_a_time_zone_that_differs_by_machine_is_refused(name: str) -> None:
    schedule = {"cron": "0 6 * * *", "timezone": name}
    found = problems({**SHOP, "schedule": schedule, "deadline": {"time": "7:00", "timezone": name}})
    assert set(found) == {"schedule.timezone", "deadline.timezone"}
    assert set(found.values()) == {f"{name!r} is not a time zone; write a name such as Europe/Berlin or UTC"}


def test_a_time_zone_that_was_stored_before_still_counts(target: Target) -> None:
    targets.update(target=target, data={"schedule": {"cron": "0 6 * * *"}}, now=NOW)
    Schedule.objects.update(timezone="Factory")
    target = Target.objects.get(pk=target.pk)

    targets.update(target=target, data={"schedule": {"misfire": "skip"}}, now=NOW)

    assert Schedule.objects.get().timezone == "Factory"


def test_null_removes_the_schedule_and_keeps_its_runs(target: Target) -> None:
    targets.update(target=target, data={"schedule": {"every_seconds": 600}}, now=NOW)
    schedule = Schedule.objects.get(target=target)
    run = Run.objects.create(target=target, schedule=schedule, nominal_at=NOW)

    targets.update(target=target, data={"schedule": None}, now=NOW)

    run.refresh_from_db()
    assert run.schedule is None
    assert not hasattr(Target.objects.get(pk=target.pk), "schedule")


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({}, "schedule"),
        ({"cron": "0 6 * * *", "every_seconds": 60}, "schedule"),
        ({"every_seconds": 1}, "schedule.every_seconds"),
        ({"every_seconds": True}, "schedule.every_seconds"),
        ({"cron": "0 0 30 2 *"}, "schedule.cron"),
        ({"cron": "* * * * * *"}, "schedule.cron"),
        ({"cron": "0 6 * * *", "overlap": "maybe"}, "schedule.overlap"),
        ("hourly", "schedule"),
    ],
)
def test_schedules_that_cannot_be_kept_are_refused(schedule: object, field: str) -> None:
    assert set(problems({**SHOP, "schedule": schedule})) == {field}


def test_disabled_targets_have_no_next_time_until_they_are_enabled_again(target: Target) -> None:
    targets.update(target=target, data={"schedule": {"every_seconds": 600}}, now=NOW)
    targets.update(target=target, data={"enabled": False}, now=NOW)
    assert Schedule.objects.get(target=target).next_run_at is None

    later = NOW + timedelta(days=1)
    targets.update(target=target, data={"enabled": True}, now=later)
    assert Schedule.objects.get(target=target).next_run_at == later + timedelta(seconds=600)


def test_a_schedule_that_the_pace_cannot_keep_is_warned_of_with_what_would_work(target: Target) -> None:
    draft = targets.validate({"schedule": {"every_seconds": 3600}}, existing=target, now=NOW)

    (warning,) = draft.warnings
    assert warning.field == "schedule"
    assert warning.message == (
        "10,000 pages at 1.15 s each is 3 h 12 min: every hour cannot work; "
        "every 4 hours can, or at most 3,130 pages (the page limit counts until a run has shown how many "
        "pages there are)"
    )


@pytest.mark.parametrize("limit", [{"max_pages": 3_000}, {"max_minutes": 30}, {"delay_seconds": 0.1}])
def test_a_schedule_that_the_limits_make_possible_is_not_warned_of(
    target: Target, limit: dict[str, Any]
) -> None:
    targets.update(target=target, data={**limit, "schedule": {"every_seconds": 3600}}, now=NOW, by=root())

    assert targets.warnings(target=target, now=NOW) == ()


def root() -> User:
    return User.objects.create_superuser("root")


def test_warning_counts_the_pages_the_last_run_had(target: Target) -> None:
    targets.update(target=target, data={"schedule": {"every_seconds": 3600}}, now=NOW)
    Run.objects.create(target=target, state=RunState.FINISHED, pages=120)

    assert targets.warnings(target=target, now=NOW) == ()


def test_a_promise_that_a_paused_or_jittery_schedule_cannot_keep_is_warned_of(target: Target) -> None:
    promise = {"max_age_seconds": 10_000, "max_pages": 60, "schedule": {"every_seconds": 7200}}
    targets.update(target=target, data=promise, now=NOW)
    assert targets.warnings(target=target, now=NOW) == ()

    targets.update(target=target, data={"schedule": {"jitter_seconds": 3600}}, now=NOW)
    (late,) = targets.warnings(target=target, now=NOW)
    assert (late.field, late.message[:27]) == ("max_age_seconds", "data gets as old as 3 h 2 m")

    targets.update(target=target, data={"schedule": {"jitter_seconds": 0, "paused": True}}, now=NOW)
    (paused,) = targets.warnings(target=target, now=NOW)
    assert "the schedule is paused" in paused.message


@pytest.mark.parametrize(
    ("schedule", "field", "says"),
    [
        ({"windows": ["mon 25:00-6:00"]}, "schedule.windows.0", "character 5: '25:00'"),
        ({"windows": ["sat", "10:00-10:00"]}, "schedule.windows.1", "never opens"),
        ({"cron": "0 12 * * *", "windows": ["22:00-06:00"]}, "schedule.windows", "such as 0 22 * * *"),
        ({"windows": "sat"}, "schedule.windows", "must be a list"),
        ({"every_seconds": 600, "jitter_seconds": 600}, "schedule.jitter_seconds", "less than the 600 s"),
        ({"cron": "0,5 6 * * *", "jitter_seconds": 400}, "schedule.jitter_seconds", "less than the 300 s"),
        ({"jitter_seconds": -1}, "schedule.jitter_seconds", "between 0 and 86,400"),
        ({"paused": "yes"}, "schedule.paused", "true or false"),
        ({"spread": 1}, "schedule.spread", "true or false"),
    ],
)
def test_what_is_wrong_with_a_part_of_a_schedule_is_said_beside_it(
    schedule: dict[str, Any], field: str, says: str
) -> None:
    times = {} if "cron" in schedule else {"every_seconds": 3600}
    found = problems({**SHOP, "schedule": times | schedule})
    assert list(found) == [field]
    assert says in found[field]


def test_windows_are_stored_tidied_and_emptied_by_an_empty_list(target: Target) -> None:
    schedule = {"every_seconds": 3600, "windows": ["Weekdays  22:00 – 06:00", "weekdays 22:00-06:00"]}
    targets.update(target=target, data={"schedule": schedule}, now=NOW)
    assert Schedule.objects.get().windows == ["weekdays 22:00-06:00"]

    targets.update(target=target, data={"schedule": {"windows": []}}, now=NOW)
    assert Schedule.objects.get().windows == []


def test_deleting_hides_at_once_and_cancels_what_runs(target: Target, owner: User) -> None:
    targets.update(target=target, data={"schedule": {"every_seconds": 600}}, now=NOW)
    run = runs.start(target=target, trigger="manual", now=NOW)  # type: ignore[arg-type]

    targets.delete(target=target, now=NOW)

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not Target.objects.visible_to(owner).exists()
    assert Schedule.objects.get(target=target).next_run_at is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("https://shop.test/"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SCHEDULES = st.fixed_dictionaries(
    {},
    optional={
        "cron": JSON | st.sampled_from(["0 6 * * *", "*/5 * * * *", "0 0 31 2 *"]),
        "every_seconds": JSON,
        "timezone": JSON | st.sampled_from(["UTC", "Europe/Berlin"]),
        "windows": JSON | st.lists(st.sampled_from(["sat,sun", "22:00-06:00", "mon 1:00"]), max_size=2),
        "jitter_seconds": JSON,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_keys=st.dictionaries(st.sampled_from(sorted(KEYS)), JSON, max_size=6), schedule=SCHEDULES | JSON)
def test_no_json_at_all_is_answered_with_anything_but_a_draft_or_its_problems(
    db: None, given_keys: dict[str, Any], schedule: Any
) -> None:
    told: tuple[targets.Problem, ...] = ()
    try:
        draft = targets.validate({**SHOP, **given_keys, "schedule": schedule}, now=NOW)
        Target.objects.create(**draft.values)
    except targets.InvalidTarget as refused:
        told = refused.problems or (targets.Problem(field="", message=""),)

    assert all(problem.message for problem in told)


def test_bounds_against_traps_are_stored_as_they_were_given(owner: User) -> None:
    bounds = {"variants": 5_000, "alike": None}

    target = targets.create(owner=owner, data={**SHOP, "traps": bounds}, now=NOW)

    assert target.traps == bounds
    assert runs.frozen(target)["traps"] == bounds


def test_bounds_against_traps_are_refused_each_by_its_name() -> None:
    found = problems({**SHOP, "traps": {"variants": 0, "length": None, "alike": "many", "width": 3}})

    assert set(found) == {"traps.variants", "traps.length", "traps.alike", "traps.width"}
    assert found["traps.variants"] == "must be between 1 and 1,000,000"
    assert "choose from depth, segments" in found["traps.width"]
    assert set(problems({**SHOP, "traps": [1]})) == {"traps"}
