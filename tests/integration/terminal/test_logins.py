"""Crawls in the terminal that log in, with secrets that nobody sees on the command line."""

from __future__ import annotations

import pytest

from tests.integration.terminal.conftest import Terminal
from tests.site.members import PASSWORD, USER, Members
from tests.site.proxy import ForwardProxy
from tests.site.server import HostileSite

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@pytest.fixture
def members(hostile_site: HostileSite) -> Members:
    return Members(hostile_site, good_for=4)


def words(members: Members) -> tuple[object, ...]:
    login = members.login
    checked = ("--check-url", login["check_url"], "--check-text", login["check_text"])
    return (members.start, "--delay", 0, "--no-robots", "--login-url", login["url"], "--user", USER, *checked)


def test_terminal_logs_in_and_in_again_through_a_proxy_with_headers(
    terminal: Terminal, members: Members
) -> None:
    (terminal.files / "headers").write_text("X-Team: birds\n")
    with ForwardProxy() as proxy:
        ended = terminal.crawl(
            *words(members), "--password", "@env:SHOP_PASSWORD",
            "--header", "@file:headers", "--proxy", proxy.url, SHOP_PASSWORD=PASSWORD,
        )  # fmt: skip
        asked = len(proxy.asked)

    assert ended.status == 0, ended.said
    titles = sorted(item["title"] for item in ended.items)
    assert titles == [f"Member /members/{number}" for number in range(members.pages + 1)]
    assert len(members.sessions) == 2
    assert asked == len(members.site.requests)
    assert {request.header("X-Team") for request in members.site.requests} == {"birds"}
    assert PASSWORD not in ended.said


def test_terminal_that_cannot_log_in_says_why(terminal: Terminal, members: Members) -> None:
    ended = terminal.crawl(*words(members), "--password", "wrong")

    assert ended.status == 1
    assert ended.out == ""
    assert (
        f"failed: the run could not log in: the text 'Hello Ada' is not on {members.site.origin}"
        in ended.said
    )
    assert "wrong" not in ended.said.replace("wrong=1", "")
    assert not members.site.asked("/members/0")
