"""What people are told while nothing can be stored, or no crawl can begin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crawler import queue
from crawler.models import Outage, Run, Target
from crawler.services.lookout import lookout
from crawler.stores import outages
from tests.outages import read_only

pytestmark = pytest.mark.django_db(transaction=True)
SAVED = {"username": "ada", "password": "a long password"}


@pytest.fixture(autouse=True)
def _look_again() -> None:
    lookout.forget()
    outages.watch.forget()


@pytest.fixture
def client(client: Client) -> Client:
    """A browser: errors are pages to it."""
    client.raise_request_exception = False
    return client


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "trouble", lambda: "")


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.usefixtures("answering")
def test_nothing_is_said_while_all_is_well(client: Client) -> None:
    assert 'role="alert"' not in text(client, "/")


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize("path", ["/", "/targets/", "/runs/", "/items/", "/hosts/", "/condition/"])
def test_every_page_says_why_nothing_can_be_stored(client: Client, path: str) -> None:
    with read_only():
        assert "Nothing can be stored: the database is read-only, since" in text(client, path)


def test_every_page_says_that_crawls_begin_later_without_a_broker(client: Client) -> None:
    assert "The broker does not answer." in text(client, "/targets/")


@pytest.mark.usefixtures("answering")
def test_who_wants_to_sign_in_is_told_before_and_after(ada: User) -> None:
    ada.set_password(SAVED["password"])
    ada.save()
    person = Client(raise_request_exception=False)

    with read_only():
        assert "Nothing can be stored" in text(person, "/sign-in/")
        answer = person.post("/sign-in/", SAVED)
        assert answer.status_code == 503
        assert "The database is read-only." in answer.content.decode()
        assert answer["Retry-After"] == "5"

    lookout.forget()
    assert person.post("/sign-in/", SAVED).status_code == 302


@pytest.mark.usefixtures("answering")
def test_what_cannot_be_saved_is_refused_whole(client: Client, target: Target) -> None:
    with read_only():
        answer = client.post(f"/targets/{target.pk}/crawl/")
        assert answer.status_code == 503

    assert not Run.objects.exists()


@pytest.mark.usefixtures("answering")
def test_signing_out_is_refused_and_not_called_a_bad_request(client: Client) -> None:
    with read_only():
        assert client.post("/sign-out/").status_code == 503


@pytest.mark.usefixtures("answering")
def test_the_api_names_the_reason(client: Client, target: Target) -> None:
    with read_only():
        answer = client.post(f"/api/v1/targets/{target.pk}/runs", {}, content_type="application/json")

    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("the database is read-only; nothing was changed")


@pytest.mark.usefixtures("answering")
def test_a_run_says_when_it_stood_still_and_why(client: Client, run: Run) -> None:
    began = run.created_at + timedelta(minutes=1)
    for seconds in (0, 30):
        Outage.objects.create(
            kind="disk_full", began_at=began, ended_at=began + timedelta(minutes=8, seconds=seconds)
        )
    Outage.objects.create(
        kind="read_only",
        began_at=run.created_at - timedelta(hours=2),
        ended_at=run.created_at - timedelta(hours=1),
    )

    shown = text(client, f"/runs/{run.pk}/")
    told = client.get(f"/api/v1/runs/{run.pk}").json()["outages"]

    assert shown.count("Stood still from") == 1
    assert "the database&#x27;s disk is full" in shown
    assert [outage["kind"] for outage in told] == ["disk_full"]
