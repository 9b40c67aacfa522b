"""Tests of the targets pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import EventKind, RefreshPlan, Run, Scope, Target
from crawler.policy import proxies
from crawler.services import events, freshness, refresh, targets
from crawler.stores import proxies as stored
from scrapers import folder
from tests.integration.pages.conftest import NOW, SETTINGS

FILLED: dict[str, Any] = {
    "name": "Garden",
    "start_urls": "http://shop.test/category/garden/\nhttp://shop.test/about/",
    "scope": "prefix",
    "priority": "2",
    "max_pages": "500",
    "adapt_pace": "on",
    "obey_robots": "on",
    "enabled": "on",
    "scraper": "fields",
    "fields_as": "rows",
    "row": "css:li.card",
    "field_name": ["name", "price", ""],
    "field_kind": ["css", "css", "css"],
    "field_selector": ["a", ".price", ""],
    "field_attr": ["", "", ""],
    "field_type": ["text", "price", ""],
    "field_required": ["0"],
    "key": "name",
    "tags": "shop, green",
    "headers": "Accept-Language: cs\nX-Api-Key: 12345",
    "when": "every",
    "every": "2",
    "every_unit": "3600",
    "timezone": "Europe/Prague",
    "misfire": "skip",
    "overlap": "queue",
}


def test_form_registers_what_it_says(client: Client, ada: User) -> None:
    response = client.post(reverse("target-new"), FILLED)
    target = Target.objects.get(name="Garden")
    assert response["Location"] == reverse("target", args=[target.pk])
    assert target.owner == ada
    assert target.start_urls == ["http://shop.test/category/garden/", "http://shop.test/about/"]
    assert (target.scope, target.priority, target.max_pages) == (Scope.PREFIX, 2, 500)
    assert target.fields == {
        "name": {"css": "a", "type": "text", "required": True},
        "price": {"css": ".price", "type": "price"},
    }
    assert (target.row, target.key, target.tags) == ("css:li.card", ["name"], ["shop", "green"])
    assert target.headers == {"Accept-Language": "cs", "X-Api-Key": "12345"}
    schedule = target.schedule
    assert (schedule.every_seconds, schedule.timezone) == (7200, "Europe/Prague")
    assert (schedule.misfire, schedule.overlap) == ("skip", "queue")


def test_row_that_the_scraper_does_not_use_is_left_out_and_that_is_said(client: Client) -> None:
    posted = FILLED | {"scraper": "auto", "row": "["}
    page = client.post(reverse("target-new"), posted, follow=True).content.decode()
    assert "the row selector were left out" in page
    assert Target.objects.get(name="Garden").row == ""


def test_form_of_a_new_target_offers_the_limit_of_pages(client: Client) -> None:
    assert 'name="max_pages" value="10000"' in client.get(reverse("target-new")).content.decode()


def test_every_problem_stands_beside_its_control(client: Client) -> None:
    wrong = FILLED | {
        "name": "",
        "start_urls": "http://shop.test/\nftp://shop.test/",
        "priority": "12",
        "field_selector": ["a[", ".price", ""],
        "headers": "no colon",
        "every": "soon",
        "options": "{",
    }
    response = client.post(reverse("target-new"), wrong)
    assert response.status_code == 422
    assert not Target.objects.exists()
    form = response.context["form"]
    assert set(form.problems) == {"name", "start_urls", "priority", "fields", "headers", "every", "options"}
    assert not form.elsewhere
    assert form.problems["start_urls"][0].startswith("line 2: ")
    page = response.content.decode()
    assert 'id="start_urls-problems"' in page
    assert "a[" in page, "what was typed stays"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("[" * 100_000, id="deep"),
        '{"a": {"css": "b", "min": 1' + "0" * 400 + "}}",
        '{"a": {"css": "b", "default": NaN}}',
        r'{"a": {"css": "b", "default": "\ud800"}}',
    ],
)
def test_fields_that_the_api_would_not_read_are_refused_in_the_form(client: Client, said: str) -> None:
    response = client.post(reverse("target-new"), FILLED | {"fields_as": "json", "fields_json": said})
    assert response.status_code == 422
    assert response.context["form"].problems["fields_json"][0].startswith("is not JSON")
    assert not Target.objects.exists()


def test_place_of_a_mistake_in_fields_keeps_its_small_letters(client: Client) -> None:
    said = '{"price": {"css": "b", "transform": ["shout"]}}'
    response = client.post(
        reverse("target-new"), FILLED | {"scraper": "fields", "fields_as": "json", "fields_json": said}
    )
    assert "<li>At price.transform.0: is unknown; known are " in response.content.decode()


def test_problem_without_a_control_is_still_said(client: Client) -> None:
    response = client.post(reverse("target-new"), FILLED | {"scope": "everything", "scraper": "unheard-of"})
    assert response.status_code == 422
    assert {"scope", "scraper"} <= set(response.context["form"].problems)


def test_saving_an_untouched_form_changes_nothing(client: Client, target: Target) -> None:
    url = reverse("target-edit", args=[target.pk])
    form = client.get(url).context["form"]
    before = Target.objects.filter(pk=target.pk).values().get()
    response = client.post(url, {name: value for name, value in form.values.items() if value})
    assert response.status_code == 302, response.context["form"].problems
    after = Target.objects.filter(pk=target.pk).values().get()
    assert {**after, "updated_at": 0} == {**before, "updated_at": 0}
    target.refresh_from_db()
    assert target.schedule.cron == SETTINGS["schedule"]["cron"]


LOGIN = {
    "login_kind": "form",
    "login_url": "http://shop.test/login",
    "login_user": "ada",
    "login_secret": "hush",
    "login_check_url": "http://shop.test/me",
    "login_check_text": "Ada",
}


def test_login_is_registered_and_its_secret_never_shown(client: Client) -> None:
    client.post(reverse("target-new"), FILLED | LOGIN)
    target = Target.objects.get(name="Garden")
    assert (target.login["url"], target.login["password"]) == ("http://shop.test/login", "hush")

    for place in ("target-edit", "target"):
        page = client.get(reverse(place, args=[target.pk])).content.decode()
        assert "http://shop.test/login" in page
        assert "hush" not in page
    changed = FILLED | LOGIN | {"login_secret": "", "login_user": "eve"}
    client.post(reverse("target-edit", args=[target.pk]), changed)
    target.refresh_from_db()
    assert (target.login["user"], target.login["password"]) == ("eve", "hush")
    client.post(reverse("target-edit", args=[target.pk]), FILLED | {"login_kind": ""})
    target.refresh_from_db()
    assert target.login == {}


def test_what_is_wrong_with_a_login_stands_beside_its_control_without_its_secret(client: Client) -> None:
    page = client.post(reverse("target-new"), FILLED | LOGIN | {"login_url": "x", "login_check_text": ""})
    form = page.context["form"]
    assert set(form.problems) == {"login_url"}
    assert form.has_login
    assert "hush" not in page.content.decode()
    page = client.post(reverse("target-new"), FILLED | {"login_kind": "bearer"})
    assert page.context["form"].problems["login_secret"] == ("is required",)


def test_all_proxies_are_one_entry_of_the_settings_and_many_are_folded(client: Client) -> None:
    for many, folded in ((5, False), (6, True)):
        posted = FILLED | {"proxies": "\n".join(f"http://p{number}.test:8080" for number in range(many))}
        client.post(reverse("target-new"), posted)
        target = Target.objects.latest("pk")

        shown = client.get(reverse("target", args=[target.pk])).content.decode()

        entry = shown.split("<dt>Proxies</dt>")[1].split("<dt>")[0]
        assert (entry.count("<dd>"), entry.count("<li>")) == (1, many)
        assert (f"{many} in turns" in entry) == folded


def test_page_tells_of_the_sitemaps_of_the_target(client: Client) -> None:
    sitemaps = {"robots_sitemaps": "on", "sitemaps": "http://a.test/s.xml", "sitemaps_since": "7d"}
    client.post(reverse("target-new"), FILLED | sitemaps)

    shown = client.get(reverse("target", args=[Target.objects.latest("pk").pk])).content.decode()

    words = "those that robots.txt names, and 1 given by hand; only pages that changed since 7d"
    assert words in " ".join(shown.split())


def test_proxies_are_shown_with_their_state_and_without_their_passwords(client: Client) -> None:
    posted = FILLED | {"proxies": "http://ada:hush@one.test:8080\nhttp://two.test:8080"}
    client.post(reverse("target-new"), posted)
    target = Target.objects.get(name="Garden")
    one = proxies.parse(target.proxies[0])
    health = proxies.ProxyPool([one]).note(one, "the proxy accepts no connection", now=timezone.now())
    assert health is not None
    stored.save([(target.pk, health)])

    page = client.get(reverse("target", args=[target.pk])).content.decode()
    assert "http://ada:(hidden)@one.test:8080" in page
    assert "the proxy accepts no connection; 1 time in a row" in page
    form = client.get(reverse("target-edit", args=[target.pk]))
    assert form.context["form"].values["proxies"].splitlines()[0] == "http://ada:(hidden)@one.test:8080"
    assert "hush" not in page + form.content.decode()


def test_secret_headers_are_not_shown_and_survive_saving(client: Client, target: Target) -> None:
    targets.update(
        target=target, data={"headers": {"Authorization": "Bearer 123", "Accept": "text/html"}}, now=NOW
    )
    url = reverse("target-edit", args=[target.pk])
    response = client.get(url)
    assert "Bearer 123" not in response.content.decode()
    client.post(url, {name: value for name, value in response.context["form"].values.items() if value})
    target.refresh_from_db()
    assert target.headers == {"Authorization": "Bearer 123", "Accept": "text/html"}


def test_nested_fields_are_edited_as_json(client: Client, ada: User) -> None:
    fields = {"offer": {"css": ".offer", "fields": {"price": {"css": ".price"}}}}
    target = targets.create(owner=ada, data={**SETTINGS, "scraper": "fields", "fields": fields}, now=NOW)
    form = client.get(reverse("target-edit", args=[target.pk])).context["form"]
    assert form.values["fields_as"] == "json"
    client.post(
        reverse("target-edit", args=[target.pk]),
        {name: value for name, value in form.values.items() if value},
    )
    target.refresh_from_db()
    assert target.fields == fields


def test_faster_pace_needs_the_permission(client: Client, ada: User) -> None:
    hurried = FILLED | {"delay_seconds": "0"}
    assert set(client.post(reverse("target-new"), hurried).context["form"].problems) == {"delay_seconds"}
    ada.user_permissions.add(Permission.objects.get(codename="crawl_faster"))
    assert client.post(reverse("target-new"), hurried).status_code == 302


def test_list_finds_targets_by_name_address_and_tag(client: Client, ada: User, target: Target) -> None:
    targets.create(owner=ada, data={"name": "Other", "start_urls": ["http://other.test/"]}, now=NOW)
    for q in ("kont", "shop.test", "SHOP", "kontor garden"):
        page = client.get(reverse("targets"), {"q": q}).context["page"]
        assert [line.target.name for line in page.rows] == ["Kontor"], q
    assert [line.target.name for line in client.get(reverse("targets")).context["page"].rows] == [
        "Kontor",
        "Other",
    ]


def test_list_shows_which_are_scheduled_active_and_disabled(client: Client, ada: User, run: Run) -> None:
    targets.create(
        owner=ada, data={"name": "Off", "start_urls": ["http://off.test/"], "enabled": False}, now=NOW
    )
    for shown, names in (("scheduled", ["Kontor"]), ("active", ["Kontor"]), ("disabled", ["Off"])):
        page = client.get(reverse("targets"), {"show": shown}).context["page"]
        assert [line.target.name for line in page.rows] == names


def test_crawl_now_starts_a_run_of_the_target_s_priority(client: Client, target: Target) -> None:
    response = client.post(reverse("target-crawl", args=[target.pk]))
    run = Run.objects.get(target=target)
    assert response["Location"] == reverse("run", args=[run.pk])
    assert (run.priority, run.trigger) == (5, "manual")


def test_crawl_now_urgent_starts_a_run_before_everything(client: Client, target: Target) -> None:
    client.post(reverse("target-crawl", args=[target.pk]), {"urgent": "1"})
    assert Run.objects.get(target=target).priority == 9


def test_disabled_target_says_why_it_does_not_run(client: Client, target: Target) -> None:
    targets.update(target=target, data={"enabled": False}, now=NOW)
    response = client.post(reverse("target-crawl", args=[target.pk]), follow=True)
    assert not Run.objects.exists()
    assert "switched off" in response.content.decode()


def test_deleting_asks_first_and_then_hides_the_target(client: Client, target: Target) -> None:
    url = reverse("target-delete", args=[target.pk])
    assert "Delete this target?" in client.get(url).content.decode()
    client.post(url)
    assert client.get(reverse("target", args=[target.pk])).status_code == 404


def test_page_shows_the_next_five_runs(client: Client, target: Target) -> None:
    assert len(client.get(reverse("target", args=[target.pk])).context["next_times"]) == 5


def test_list_costs_the_same_queries_for_many_targets(
    client: Client, ada: User, target: Target, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        targets.create(owner=ada, data={**SETTINGS, "name": f"Target {number}"}, now=NOW)
    with django_assert_max_num_queries(5):
        client.get(reverse("targets"))


def test_target_tells_how_its_runs_ended(client: Client, run: Run) -> None:
    said: dict[str, str | int] = {"reason": "its time was up", "pages": 1, "items": 2, "failed": 1}
    events.record(EventKind.RUN_FINISHED, target=run.target_id, run=run.pk, now=NOW, **said)
    page = client.get(reverse("target", args=[run.target_id])).content.decode()
    assert '<span class="state finished">run finished</span>' in page
    assert "1 page, 2 items, 1 failed; its time was up" in page


def test_form_says_how_old_data_may_get(client: Client) -> None:
    client.post(reverse("target-new"), FILLED | {"max_age": "1.5", "max_age_unit": "86400"})
    target = Target.objects.get(name="Garden")
    assert target.max_age_seconds == 129_600
    form = client.get(reverse("target-edit", args=[target.pk])).context["form"]
    assert (form.values["max_age"], form.values["max_age_unit"]) == ("36", "3600")


def test_an_age_that_is_none_is_refused_beside_its_control(client: Client) -> None:
    response = client.post(reverse("target-new"), FILLED | {"max_age": "soon", "max_age_unit": "3600"})
    assert set(response.context["form"].problems) == {"max_age"}


def test_late_data_is_shown_on_target_list_and_dashboard(client: Client, target: Target) -> None:
    targets.update(target=target, data={"max_age_seconds": 3600}, now=NOW)
    freshness.watch(now=NOW + timedelta(hours=2))
    badge = '<span class="state bad">late</span>'
    shown = client.get(reverse("target", args=[target.pk])).content.decode()
    assert badge in shown
    assert "no complete run yet" in shown
    assert "no older than 1 h is wanted" in shown
    late = client.get(reverse("targets"), {"show": "late"})
    assert badge in late.content.decode()
    assert "is older than it may be" in client.get(reverse("dashboard")).content.decode()
    targets.update(target=target, data={"enabled": False}, now=NOW)
    assert not client.get(reverse("targets"), {"show": "late"}).context["page"].rows
    assert "not judged while disabled" in client.get(reverse("target", args=[target.pk])).content.decode()


def test_target_tells_how_its_pages_are_refreshed(client: Client, target: Target) -> None:
    client.post(
        reverse("target-edit", args=[target.pk]),
        FILLED | {"refresh_per_day": "500", "start_urls": "http://shop.test/"},
    )
    target.refresh_from_db()
    assert target.refresh_per_day == 500
    shown = client.get(reverse("target", args=[target.pk])).content.decode()
    assert "500 requests a day" in shown
    assert "not planned yet" in shown
    refresh.tick(now=NOW + timedelta(hours=2))
    fastest = [{"page": 1, "url": "http://shop.test/a", "every_seconds": 7200}]
    RefreshPlan.objects.update(pages=9, fresh=0.87, kept=0.912, fastest=fastest)
    shown = client.get(reverse("target", args=[target.pk])).content.decode()
    assert "about 87 % of them" in shown
    assert "about every 2 h" in shown


def test_form_takes_a_deadline_and_gives_it_back(client: Client, ada: User) -> None:
    client.post(reverse("target-new"), FILLED | {"deadline": "07:00", "deadline_zone": "Europe/Berlin"})
    target = Target.objects.get(name="Garden")

    assert target.deadline == {"time": "07:00", "timezone": "Europe/Berlin"}
    form = client.get(reverse("target-edit", args=[target.pk])).context["form"]
    assert (form.values["deadline"], form.values["deadline_zone"]) == ("07:00", "Europe/Berlin")
    page = client.get(reverse("target", args=[target.pk])).content.decode()
    assert "each run is done by 07:00 Europe/Berlin" in page


def test_a_deadline_on_no_clock_is_refused_beside_its_control(client: Client) -> None:
    response = client.post(reverse("target-new"), FILLED | {"deadline": "07:00", "deadline_zone": "Nowhere"})

    assert set(response.context["form"].problems) == {"deadline_zone"}


def test_form_takes_bounds_against_traps_and_gives_them_back(client: Client) -> None:
    client.post(reverse("target-new"), FILLED | {"trap_variants": "500", "trap_alike": "0"})

    target = Target.objects.get(name="Garden")
    assert target.traps == {"variants": 500, "alike": None}
    form = client.get(reverse("target-edit", args=[target.pk])).context["form"]
    assert {name: text for name, text in form.values.items() if name.startswith("trap_") and text} == {
        "trap_variants": "500",
        "trap_alike": "0",
    }
    assert form.has_traps


def test_bound_against_traps_that_cannot_be_is_refused_beside_its_control(client: Client) -> None:
    response = client.post(reverse("target-new"), FILLED | {"trap_length": "0", "trap_variants": "many"})

    assert set(response.context["form"].problems) == {"trap_length", "trap_variants"}


def test_files_that_give_no_scraper_are_told_of_on_the_form_to_administrators_alone(
    client: Client, tmp_path: Path
) -> None:
    (tmp_path / "teas.py").write_text("1 / 0")
    administrator = Client()
    administrator.force_login(User.objects.create_superuser("root"))
    folder.install(str(tmp_path))
    try:
        theirs, ours = (one.get(reverse("target-new")).content.decode() for one in (administrator, client))
    finally:
        folder.install("")

    assert "teas.py: line 1: ZeroDivisionError: division by zero" in theirs
    assert folder.REMEDY in theirs
    assert "teas.py" not in ours
    assert "broken-scrapers" not in administrator.get(reverse("target-new")).content.decode()
