"""What cannot be crawled is said in one line, before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from crawler.management.commands.crawl import Command
from crawler.models import Run, Target
from crawler.services.terminal import database
from crawler.stores import schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.terminal.conftest import Shop, Terminal

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

URL = "https://example.test/"


@dataclass(frozen=True, slots=True)
class Refused:
    """What the command said before it ended."""

    status: object
    lines: list[str]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> Refused:
    """Call the command in this process with what is typed after it."""
    with pytest.raises(SystemExit) as ended:
        Command().handle(**vars(Command().create_parser("manage.py", "crawl").parse_args(words)))
    out, said = capsys.readouterr()
    assert out == ""
    return Refused(ended.value.code, said.splitlines())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "crawl: URL: say where to start"),
        (("example.test",), "crawl: URL: 'example.test' is not a whole URL"),
        (("http://8.8.8.8:22/",), "crawl: URL http://8.8.8.8:22/: port 22 is none of the web's"),
        (("ftp://example.test/",), "crawl: URL: only http and https can be fetched"),
        ((URL, "--scraper", "crystal-ball"), "crawl: --scraper: 'crystal-ball' is unknown"),
        ((URL, "--delay", "soon"), "crawl: --delay: must be a number of seconds, not 'soon'"),
        ((URL, "--pages", "0"), "crawl: --pages: must be between 1 and"),
        ((URL, "--scope", "planet"), "crawl: --scope: must be one of page, prefix, host, domain"),
        ((URL, "--field", "price"), "crawl: --field: 'price' is not of the form name=css:selector"),
        ((URL, "--field", "price=css:[["), "crawl: --field price: "),
        ((URL, "--colour", "red"), "crawl: unrecognized arguments: --colour red"),
        ((URL, "-o", "items.xls"), "crawl: -o: 'items.xls' must end with one of .jsonl"),
        ((URL, "-o", "a.json", "-O", "b.json"), "crawl: -O: give -o to append or -O to replace"),
        ((URL, "-o", "missing/items.jsonl"), "missing/items.jsonl: cannot be written: No such file"),
        ((URL, "-O", "missing/items.csv"), "missing/items.csv: cannot be written: No such file"),
        ((URL, "--include", "("), "crawl: --include: is not a regular expression"),
        ((URL, "--trap", "height=3"), "crawl: --trap height: is not a bound against traps"),
        ((URL, "--sitemaps-since", "long ago"), "crawl: --sitemaps-since: must be last_run, an age"),
        ((URL, "--header", "Host: a"), "crawl: --header Host: the crawler sets this header itself"),
        ((URL, "--proxy", "socks5://127.0.0.1"), "crawl: --proxy: SOCKS is not spoken"),
        ((URL, "--proxy", "http://8.8.8.8:3128"), "crawl: --proxy http://8.8.8.8:3128: port 3128 is none"),
        ((URL, "--user", "ada"), "crawl: --password: is missing"),
        ((URL, "--token", "@env:NOBODY_SET_IT"), "crawl: --token: there is no variable 'NOBODY_SET_IT'"),
        ((URL, "--token", "t", "--user-field", "u"), "crawl: --user-field: is no key of a login of kind"),
        ((URL, "--token", "t", "--check-url", URL), "crawl: --check-text: is required"),
        (("--resume", "12", "--token", "t"), "crawl: --token: a run keeps the settings it began with"),
        (("--resume", "x"), "crawl: --resume: must be the number of a run, not 'x'"),
        (("--resume", "12", "--delay", "3"), "crawl: --delay: a run keeps the settings it began with"),
    ],
)
def test_bad_words_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    said = refused(capsys, *words)

    assert said.status == 2
    assert len(said.lines) == 1
    assert complaint in said.lines[0]


def test_every_problem_has_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, URL, "--delay", "-1", "--connections", "65", "--depth", "-3")

    assert said.status == 2
    assert sorted(line.split(":")[1].strip() for line in said.lines) == [
        "--connections",
        "--delay",
        "--depth",
    ]


@pytest.mark.django_db
def test_run_that_is_not_there_cannot_be_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--resume", "4711").lines == ["crawl: --resume: there is no run 4711"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("trigger", "state", "complaint"),
    [
        ("manual", "paused", "belongs to the service, whose workers crawl it"),
        ("terminal", "finished", "is finished; there is nothing left to crawl"),
    ],
)
def test_run_that_no_terminal_can_go_on_with_is_refused(
    capsys: pytest.CaptureFixture[str], trigger: str, state: str, complaint: str
) -> None:
    run = Run.objects.create(target=Target.objects.create(name="t"), trigger=trigger, state=state)

    assert refused(capsys, "--resume", str(run.pk)).lines == [f"crawl: --resume: run {run.pk} {complaint}"]


@pytest.mark.django_db
def test_old_database_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "is_behind", lambda: True)
    monkeypatch.setattr(type(connection.introspection), "table_names", lambda *_: ["crawler_run"])

    assert refused(capsys, "--resume", "1").lines == [f"crawl: {database.OLD}"]


def test_refused_address_names_the_variable_that_opens_it(terminal: Terminal, shop: Shop) -> None:
    ended = terminal.crawl(shop.url, EGRESS_ALLOW="")

    assert ended.status == 2
    assert "EGRESS_ALLOW" in ended.said
    assert len(ended.said.splitlines()) == 1


def test_run_that_fetches_nothing_fails_with_the_reason(terminal: Terminal, shop: Shop) -> None:
    ended = terminal.crawl(f"{shop.url}missing/", "--delay", 0)

    assert ended.status == 1
    assert ended.said.endswith("failed: no start URL could be fetched\n")
    assert "  1 failed: the server answered with status 404\n" in ended.said
    assert ended.said.count("404") == 1


def test_quiet_run_that_fails_says_why(terminal: Terminal, shop: Shop) -> None:
    ended = terminal.crawl(f"{shop.url}missing/", "--delay", 0, "--quiet")

    assert ended.said.endswith("no start URL could be fetched (the server answered with status 404)\n")


def test_run_that_finds_no_robots_txt_says_what_kept_it_away(terminal: Terminal) -> None:
    ended = terminal.crawl("http://127.0.0.1:1/", "--delay", 0)

    assert ended.status == 1
    assert ended.said.count("the host accepted no connection") == 1
    assert "connect_failed" not in ended.said


def test_database_that_cannot_be_used_is_one_line(terminal: Terminal, tmp_path: Path, shop: Shop) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_text("this is no database, and long enough to be sure of it" * 100)
    ended = terminal.crawl(shop.url, DATABASE_URL=f"sqlite:///{broken}")

    assert ended.status == 1
    assert "the database cannot be used" in ended.said
    assert len(ended.said.splitlines()) == 1
