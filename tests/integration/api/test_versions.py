"""The versions of pages, by the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.models import Page, PageVersion, Target
from crawler.policy.identity import digest
from crawler.stores import snapshots
from tests.integration.api.conftest import NOW, Api, problem

HOUR = timedelta(hours=1)
OLD, NEW = b"<h1>Kettle</h1><p>38.00 EUR", b"<h1>Kettle</h1><p>41.80 EUR"


@pytest.fixture
def version(page: Page) -> PageVersion:
    for body in (OLD, NEW):
        snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=NOW)
    Page.objects.update(body_hash=digest(NEW))
    return PageVersion.objects.create(
        target=page.target, page=page, run=1, ended_by=2, status=200, content_type="text/html",
        body_hash=digest(OLD), size=len(OLD), stored_size=20, began_at=NOW, seen_at=NOW, ended_at=NOW,
    )  # fmt: skip


def test_versions_are_listed_read_and_compared(api: Api, page: Page, version: PageVersion) -> None:
    listed = api.get(f"/pages/{page.pk}/versions").json()
    assert [row["version"] for row in listed["items"]] == ["now", str(version.pk)]
    assert [row["hash"] for row in listed["items"]] == [digest(NEW).hex(), digest(OLD).hex()]
    assert [row["found_by"] for row in listed["items"]] == [2, None]
    body = api.get(f"/pages/{page.pk}/versions/{version.pk}/body")
    assert (body.content, body["Content-Type"]) == (OLD, "text/plain")
    assert body["Content-Security-Policy"].startswith("sandbox")
    found = api.get(f"/pages/{page.pk}/comparison").json()
    assert (found["before"], found["after"], found["changed"]) == (str(version.pk), "now", 1)
    changed = found["lines"][1]
    assert changed["kind"] == "changed"
    assert [part["text"] for part in changed["before"] if part["differs"]] == ["38.00"]
    assert [part["text"] for part in changed["after"] if part["differs"]] == ["41.80"]


def test_a_version_that_left_is_told_of_clearly(api: Api, page: Page, version: PageVersion) -> None:
    version.delete()
    gone = f"/pages/{page.pk}/versions/{version.pk or 1}/body"
    assert "not kept any more" in problem(api.get(gone), 404)["detail"]
    assert "not kept any more" in problem(api.get(f"/pages/{page.pk}/comparison?from=7"), 404)["detail"]


def test_pictures_are_not_compared(api: Api, page: Page, version: PageVersion) -> None:
    PageVersion.objects.update(content_type="image/png")
    assert "only text" in problem(api.get(f"/pages/{page.pk}/comparison"), 409)["detail"]


def test_noise_is_refused_by_its_position(api: Api, target: Target) -> None:
    noise = {"css": [".ok", "::::"], "patterns": ["(?=x)"], "dates": "yes", "smells": True}
    document = problem(api("PATCH", f"/targets/{target.pk}", {"noise": noise}), 422)
    fields = {error["field"] for error in document["errors"]}
    assert fields == {"noise.css.1", "noise.patterns.0", "noise.dates", "noise.smells"}
    assert api("PATCH", f"/targets/{target.pk}", {"noise": {"css": [".ad"], "dates": False}}).json()[
        "noise"
    ] == {"css": [".ad"]}


def test_a_change_of_noise_alone_is_none(api: Api, page: Page, version: PageVersion) -> None:
    def read() -> tuple[dict[str, object], dict[str, object], list[dict[str, object]]]:
        listed = api.get("/pages?changed_since=2026-03-02T09:30:00Z").json()["items"]
        return (
            api.get(f"/pages/{page.pk}").json(),
            api.get(f"/pages/{page.pk}/versions").json()["items"][0],
            listed,
        )

    PageVersion.objects.update(awaits_judgement=True)
    Page.objects.update(changed_at=NOW + HOUR)
    one, newest, listed = read()
    assert (one["awaits_judgement"], newest["judged"], newest["noise"]) == (True, False, [])
    assert [row["awaits_judgement"] for row in listed] == [True]

    PageVersion.objects.update(awaits_judgement=False, noise="dates,css")
    Page.objects.update(changed_at=NOW - HOUR, body_at=NOW + HOUR)
    one, newest, listed = read()
    assert (one["awaits_judgement"], one["body_at"]) == (False, "2026-03-02T11:00:00Z")
    assert (newest["judged"], newest["noise"], newest["since"]) == (True, ["dates", "css"], one["body_at"])
    assert listed == []


def test_what_is_ignored_is_told_when_asked_for(api: Api, page: Page, version: PageVersion) -> None:
    Target.objects.update(noise={"css": ["p"]})
    assert api.get(f"/pages/{page.pk}/comparison").json()["changed"] == 0
    assert api.get(f"/pages/{page.pk}/comparison?ignored=true").json()["changed"] == 1
