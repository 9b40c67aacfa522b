"""Tests that pages are for the people they belong to."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from crawler.models import Item, Run, Target
from webui.pages import urls

OPEN = {"login", "logout"}
PAGES = [pattern for pattern in urls.urlpatterns if pattern.name not in OPEN]
SAMPLES: dict[str, object] = {
    "pk": 1, "step": "pause", "preview": "nothing", "webhook_id": 1, "delivery_id": 1, "change": 1,
    "version": "now",
}  # fmt: skip


def address(pattern: URLPattern, **given: object) -> str:
    wanted = pattern.pattern.converters
    return reverse(str(pattern.name), kwargs={name: {**SAMPLES, **given}[name] for name in wanted})


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_sends_strangers_to_the_door(method: str, db: None) -> None:
    led = {str(page.name): getattr(Client(), method)(address(page)).headers.get("Location") for page in PAGES}
    assert len(led) > 70
    assert [name for name, to in led.items() if not str(to).startswith(f"{reverse('login')}?")] == []


@pytest.mark.parametrize("name", ["target", "target-edit", "target-delete"])
def test_target_of_somebody_else_is_not_found(name: str, stranger: Client, target: Target) -> None:
    assert stranger.get(reverse(name, args=[target.pk])).status_code == 404
    assert stranger.post(reverse("target-delete", args=[target.pk])).status_code == 404
    assert stranger.post(reverse("target-crawl", args=[target.pk])).status_code == 404


@pytest.mark.parametrize(
    "name", ["run", "run-live", "run-chart", "run-requests", "run-outside", "run-problems"]
)
def test_run_of_somebody_else_is_not_found(name: str, stranger: Client, run: Run) -> None:
    assert stranger.get(reverse(name, args=[run.pk])).status_code == 404
    assert stranger.post(reverse("run-change", args=[run.pk, "cancel"])).status_code == 404


def test_items_and_hosts_of_somebody_else_are_not_shown(stranger: Client, run: Run, torch: Item) -> None:
    assert stranger.get(reverse("item", args=[torch.pk])).status_code == 404
    assert stranger.get(reverse("items"), {"run": run.pk}).status_code == 404
    assert stranger.get(reverse("items"), {"target": run.target_id}).status_code == 404
    assert stranger.get(reverse("items-export"), {"run": str(run.pk), "format": "csv"}).status_code == 404
    for name in ("dashboard", "targets", "runs", "queue", "items", "hosts"):
        assert b"shop.test" not in stranger.get(reverse(name)).content
        assert b"Kontor" not in stranger.get(reverse(name)).content


def test_administrator_sees_every_target(db: None, target: Target) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert client.get(reverse("target", args=[target.pk])).status_code == 200


def test_signing_in_leads_to_the_page_that_was_asked_for(ada: User) -> None:
    ada.set_password("a long password")
    ada.save()
    client = Client()
    answer = client.post(
        reverse("login"), {"username": "ada", "password": "a long password", "next": reverse("runs")}
    )
    assert answer.status_code == 302
    assert answer["Location"] == reverse("runs")


def test_wrong_password_is_said_so(ada: User) -> None:
    answer = Client().post(reverse("login"), {"username": "ada", "password": "wrong"})
    assert answer.status_code == 200
    assert "correct username and password" in answer.content.decode()


def test_signing_out_needs_a_post_and_ends_the_session(client: Client) -> None:
    assert client.get(reverse("logout")).status_code == 405
    client.post(reverse("logout"))
    assert client.get(reverse("dashboard")).status_code == 302


@pytest.mark.parametrize("name", ["target-crawl", "target-delete"])
def test_writes_without_the_csrf_token_are_refused(name: str, ada: User, target: Target) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post(reverse(name, args=[target.pk]))
    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()
