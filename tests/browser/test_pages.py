"""A person's way through the pages in a real browser: from signing in to the items."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from demo import catalogue
from tests.browser.conftest import DESKTOP, EPOCH, PHONE, OpenTab, Tab, keeps_pictures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.timeout(900),
]
CRAWL_MILLISECONDS = 180_000
LISTS = {
    "dashboard": "/",
    "targets": "/targets/",
    "target-new": "/targets/new/",
    "runs": "/runs/",
    "calendar": "/calendar/",
    "items": "/items/",
    "queue": "/queue/",
    "hosts": "/hosts/",
}


def register(tab: Tab, shop: str, name: str) -> None:
    tab.go("/targets/new/")
    tab.fill(name=name, start_urls=shop, key="sku", delay_seconds="0.02", connections="2")
    tab.page.locator("[name=scraper]").select_option("demo_shop")
    tab.page.get_by_role("button", name="Register target").click()
    expect(tab.page.get_by_role("heading", name=name)).to_be_visible()


def test_register_crawl_watch_and_read(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab(stranger=True)
    tab.sign_in()
    register(tab, shop, "Kontor")
    tab.page.get_by_role("button", name="Crawl now", exact=True).click()
    expect(tab.page.get_by_role("heading", name=re.compile(r"Run \d+"))).to_be_visible()
    tab.picture("run-under-way")
    expect(tab.page.locator(".head .state.finished")).to_be_visible(timeout=CRAWL_MILLISECONDS)
    expect(tab.page.locator("progress").first).to_have_attribute("value", "100")
    expect(tab.page.locator(".chart canvas")).to_be_visible()

    tab.page.get_by_role("link", name="Items", exact=True).last.click()
    expect(tab.page).to_have_url(re.compile("/items/"))
    tab.page.wait_for_load_state()
    products = {product.name: product for product in catalogue.products(epoch=EPOCH)}
    shown = set()
    while True:
        shown |= set(tab.page.locator("tbody th a").all_inner_texts())
        after = tab.page.get_by_role("link", name="Next →")
        if not after.count():
            break
        tab.page.goto(urljoin(tab.page.url, after.get_attribute("href")))
    assert shown == set(products)

    tab.page.get_by_label("Search items").fill("head torch")
    tab.page.get_by_role("button", name="Search").click()
    tab.page.get_by_role("link", name="Head torch").click()
    expect(tab.page.locator(".facts").first).to_contain_text(str(float(products["Head torch"].price)))


def test_test_fetch_shows_the_item_before_anything_is_saved(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab()
    tab.go("/targets/new/")
    tab.fill(start_urls=f"{shop}product/head-torch/")
    tab.page.locator("[name=scraper]").select_option("demo_shop")
    tab.page.get_by_role("button", name="Test fetch").click()
    expect(tab.page.locator("#preview")).to_contain_text("1 item would be stored", timeout=CRAWL_MILLISECONDS)
    expect(tab.page.locator("#preview")).to_contain_text("OUT-011")
    tab.picture("test-fetch")


def test_suggested_fields_are_filled_in_with_one_click(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab(color_scheme="dark")
    tab.go("/targets/new/")
    tab.fill(name="Kitchen", start_urls=f"{shop}category/kitchen/")
    tab.page.get_by_role("button", name="Suggest fields").click()
    expect(tab.page.locator("#preview")).to_contain_text("10 records", timeout=CRAWL_MILLISECONDS)
    tab.picture("suggestions-desktop-dark")
    tab.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    tab.picture("suggestions-phone-dark")
    assert tab.overflow() == 0
    tab.page.get_by_role("button", name="Look behind the links").click()
    expect(tab.page.locator("#preview")).to_contain_text("on the page of link", timeout=CRAWL_MILLISECONDS)
    tab.picture("suggestions-behind-phone-dark")
    assert tab.overflow() == 0
    tab.page.get_by_role("button", name="Use these fields").click()
    expect(tab.page.locator("[name=row]")).to_have_value(".card")
    assert "link" in [one.input_value() for one in tab.page.locator("[name=field_follow]").all()]
    assert tab.page.locator("[name=field_name]").first.input_value() == "link"
    expect(tab.page.get_by_role("button", name="Add a field")).to_be_visible()
    assert tab.page.locator("[name=name]").input_value() == "Kitchen"
    expect(tab.page.locator("#preview")).to_contain_text("10 records")
    tab.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    tab.page.emulate_media(color_scheme="light")
    tab.picture("suggestions-used")


def test_rules_of_a_field_are_set_in_the_table_and_shown_as_json(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab()
    tab.go("/targets/new/")
    tab.fill(name="Rules", start_urls=shop)
    tab.page.locator("[name=scraper]").select_option("fields")
    spare = tab.page.locator("[name=field_name]").count()
    tab.page.get_by_role("button", name="Add a field").click()
    field = tab.page.locator(".fields-table tbody").nth(spare)
    field.locator("[name=field_name]").fill("sku")
    field.locator("[name=field_selector]").fill("a[")
    field.locator("summary").focus()
    tab.page.keyboard.press("Enter")
    field.locator("[name=step_choice]").first.select_option("replace")
    field.locator("[name=step_first]").first.fill("^No ")
    field.locator("[name=step_choice]").nth(1).select_option("upper")
    field.get_by_label("Move transform 2 of field").first.focus()
    tab.page.keyboard.press("Enter")
    expect(field.locator("[name=step_choice]").first).to_have_value("upper")
    expect(field.locator("[name=step_first]").nth(1)).to_have_value("^No ")
    tab.page.keyboard.press("Enter")
    expect(field.locator("[name=step_choice]").first).to_have_value("replace")
    field.get_by_label("Matches the pattern (RE2)").fill("^[A-Z]+$")
    field.get_by_label("At least", exact=True).fill("some")
    tab.page.get_by_role("button", name="Register target").last.click()
    expect(tab.page.locator("#field-1-problems")).to_contain_text("Min: must be a number")
    expect(tab.page.locator("[aria-invalid]")).to_have_count(2)
    _pictures(tab, "field-rules")
    tab.page.get_by_label("At least", exact=True).first.fill("")
    tab.page.locator("[name=field_selector]").first.fill("a")
    tab.page.get_by_role("button", name="Write them as JSON").click()
    said = json.loads(tab.page.locator("[name=fields_json]").input_value())
    assert said == {
        "sku": {"css": "a", "pattern": "^[A-Z]+$", "transform": [{"replace": ["^No ", ""]}, "upper"]}
    }
    tab.page.get_by_text("In words: 1 field").click()
    _pictures(tab, "fields-json")
    tab.page.get_by_role("button", name="Show them as a table").click()
    expect(tab.page.locator("summary .mono").first).to_have_text("replace, upper, pattern")
    # the browser says of a form that was refused that its status was 422
    tab.complaints[:] = [complaint for complaint in tab.complaints if "422" not in complaint]


def _pictures(tab: Tab, name: str) -> None:
    """Look at the page in four forms; on a phone it is no wider than the window."""
    for size, width in (("desktop", DESKTOP), ("phone", PHONE)):
        tab.page.set_viewport_size({"width": width[0], "height": width[1]})
        for scheme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=scheme)
            tab.picture(f"{name}-{size}-{scheme}")
        assert tab.overflow() == 0, size
    tab.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def test_dry_run_shows_what_the_form_would_change(open_tab: OpenTab, crawled: dict[str, str]) -> None:
    tab = open_tab(size=PHONE)
    tab.go(crawled["target-edit"])
    tab.page.get_by_text("Only some addresses").click()
    tab.fill(exclude="/category/outdoor/")
    tab.page.get_by_role("button", name="Dry run").click()
    expect(tab.page.locator("#preview")).to_contain_text("Would be dropped")
    expect(tab.page.locator("#preview")).to_contain_text("matches one of the patterns to leave out")
    tab.page.locator("#preview").get_by_text("Show them").last.click()
    tab.picture("dry-run-phone")
    assert tab.overflow() == 0
    tab.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    tab.picture("dry-run-desktop")


def test_every_write_works_without_javascript(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab(stranger=True, java_script_enabled=False)
    tab.sign_in()
    register(tab, shop, "Kontor without scripts")
    tab.page.get_by_role("link", name="Edit").click()
    tab.fill(delay_seconds="5")
    tab.page.get_by_role("button", name="Save").click()
    tab.page.get_by_role("button", name="Crawl now, urgent").click()
    expect(tab.page.get_by_text("9 · urgent")).to_be_visible()
    tab.page.get_by_role("button", name="2", exact=True).click()
    expect(tab.page.get_by_text("2 · bulk")).to_be_visible()
    tab.page.get_by_role("link", name="What it waits for").click()
    expect(tab.page.get_by_role("row", name=shop.rstrip("/"))).to_be_visible()
    tab.page.get_by_role("link", name=re.compile("Run .* of Kontor")).click()
    tab.page.get_by_role("button", name="Pause").click()
    expect(tab.page.locator(".head .state.paused")).to_be_visible()
    tab.page.get_by_role("link", name="Set one").click()
    tab.fill(at="2040-07-01T07:00", zone="Europe/Prague")
    tab.page.get_by_role("button", name="Set the deadline").click()
    expect(tab.page.get_by_text("1 Jul 05:00 UTC")).to_be_visible()
    tab.page.get_by_role("link", name="Change").click()
    tab.picture("deadline")
    tab.page.get_by_role("button", name="Remove it").click()
    expect(tab.page.get_by_role("link", name="Set one")).to_be_visible()
    tab.page.get_by_role("button", name="Resume").click()
    tab.page.get_by_role("button", name="Cancel").click()
    expect(tab.page.locator(".head .state.cancelled")).to_be_visible()
    tab.page.locator("details.menu summary").click()
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_schedule_is_given_paused_and_found_in_the_calendar(open_tab: OpenTab, shop: str) -> None:
    tab = open_tab(size=PHONE)
    tab.go("/targets/new/")
    tab.fill(name="Nightly", start_urls=shop)
    tab.page.locator("[name=when]").select_option("cron")
    tab.fill(cron="30 * * * *", windows="22:00-06:00", jitter="600")
    tab.page.get_by_role("button", name="Register target").click()
    expect(tab.page.locator("#schedule")).to_contain_text("22:00-06:00")
    tab.page.get_by_role("button", name="Pause").click()
    expect(tab.page.locator("#schedule")).to_contain_text("none while paused")
    tab.page.get_by_role("button", name="Resume").click()
    tab.picture("schedule-phone")

    tab.page.get_by_role("link", name="Calendar").click()
    tab.page.locator(".heat tbody tr").nth(1).get_by_role("link", name="23:00: 1 run").click()
    expect(tab.page.locator("#day")).to_contain_text("Nightly")
    tab.picture("calendar-phone")
    assert tab.overflow() == 0
    tab.page.locator("#day").get_by_role("link", name="Nightly").first.click()
    tab.page.get_by_role("button", name="Pause").click()  # it is not to run while others look
    expect(tab.page.locator("#schedule")).to_contain_text("none while paused")


def test_chosen_theme_is_kept(open_tab: OpenTab) -> None:
    tab = open_tab(color_scheme="light")
    tab.go("/")
    tab.page.locator("details.menu summary").click()
    tab.page.get_by_role("button", name="Dark").click()
    tab.go("/targets/")
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_periodic_task_says_in_words_when_its_crontab_fires(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.go("/admin/django_celery_beat/crontabschedule/add/")
    tab.fill(minute="15", hour="6")
    tab.page.get_by_role("button", name="Save", exact=True).click()
    tab.go("/admin/django_celery_beat/periodictask/")
    tab.page.get_by_role("link", name="tick", exact=True).click()
    told = tab.page.locator(".field-crontab_translation .readonly")
    expect(told).to_have_text("-")
    made = tab.page.locator("#id_crontab option", has_text="15 6 * * *").get_attribute("value")
    tab.page.locator("#id_crontab").select_option(made)
    expect(told).to_contain_text("At 06:15 AM")
    tab.picture("admin-periodic-task")


def test_pages_fit_their_window(open_tab: OpenTab, crawled: dict[str, str]) -> None:
    tab = open_tab(stranger=True)
    tab.go("/sign-in/")
    fits(tab, "sign-in")
    tab.sign_in()
    for name, path in (LISTS | crawled).items():
        tab.go(path)
        fits(tab, name)


def fits(tab: Tab, name: str) -> None:
    """Check the page that is open on a desktop and on a phone; for pictures, each light and dark."""
    for device, (width, height), first in (("desktop", DESKTOP, "light"), ("phone", PHONE, "dark")):
        tab.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            if scheme != first and not keeps_pictures():
                continue
            tab.page.emulate_media(color_scheme=scheme)
            if tab.page.locator("[data-chart]").count():
                tab.page.reload()  # charts take their size and their colours as they are drawn
            tab.picture(f"{name}-{device}-{scheme}")
            assert tab.overflow() == 0, f"{name} scrolls sideways on a {device} when it is {scheme}"
