"""The page, the API and the command about near copies."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from crawler.management.commands.alike import Command
from crawler.models import Page, Target
from crawler.queries import turns
from tests.integration.services.test_alike import STORY, a_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(target: Target) -> list[Page]:
    return [a_page(target, number, f"{STORY} {number}") for number in range(2)]


def test_stored_pages_are_read_by_a_button_and_shown_in_groups(
    client: Client, target: Target, pages: list[Page]
) -> None:
    address = reverse("target-alike", args=[target.pk])
    assert "0 of 2 pages" in client.get(address).content.decode()
    answer = client.post(address, {"after": ""})
    assert answer["Location"] == f"{address}?after={pages[-1].pk}"
    assert "Go on" in client.get(answer["Location"]).content.decode()
    done = client.post(address, {"after": str(pages[-1].pk)})
    text = client.get(done["Location"]).content.decode()
    assert "2 of 2 pages" in text
    assert all(page.url in text for page in pages)
    assert client.post(address, {"after": "nonsense"}).status_code == 404


def test_the_api_reads_step_by_step(client: Client, target: Target, pages: list[Page]) -> None:
    path = f"/api/v1/targets/{target.pk}/near-copies"
    unread = client.get(path).json()
    assert (unread["groups"], unread["read"], unread["total"], unread["whole"]) == ([], 0, 2, False)
    step = client.post(path).json()
    assert step == {"made": 2, "after": pages[-1].pk}
    assert client.post(f"{path}?after={step['after']}").json() == {"made": 0, "after": None}
    found = client.get(path).json()
    assert [row["url"] for row in found["groups"][0]["pages"]] == [page.url for page in pages]
    assert (found["copies"], found["pages"], found["read"], found["total"]) == (1, 2, 2, 2)
    assert found["whole"]


def test_a_process_looks_for_near_copies_once_at_a_time(
    client: Client, target: Target, pages: list[Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
    address, path = reverse("target-alike", args=[target.pk]), f"/api/v1/targets/{target.pk}/near-copies"
    with turns.taken():
        assert "Others are being compared just now" in client.get(address).content.decode()
        assert client.post(address, {"after": "7"})["Location"] == f"{address}?after=7"
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert client.get(path).status_code == 200
    text = client.get(address).content.decode()
    assert "0 of 2 pages" in text
    assert "Others are being compared just now" in text, "what the button was told"


def test_the_command_reads_all_and_prints_the_groups(
    target: Target, pages: list[Page], capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command()

    def typed(*words: str) -> None:
        command.handle(**vars(command.create_parser("manage.py", "alike").parse_args(words)))

    typed(str(target.pk))
    out, told = capsys.readouterr()
    assert told == "alike: 2 pages read\n"
    assert all(page.url in out for page in pages)
    assert out.endswith("near copies: 1; groups: 1\npages with text: 2 of 2\n")
    typed(str(target.pk), "--json")
    assert json.loads(capsys.readouterr().out)["count"] == 2
    with pytest.raises(SystemExit) as ended:
        typed("0")
    assert ended.value.code == 2
