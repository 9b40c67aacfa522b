"""From words to settings, and from problems to lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.services.drafts import Problem
from crawler.services.terminal import asked as words
from crawler.services.terminal.asked import Asked, Refusal

URL = "https://example.test/"


def lines(asked: Asked) -> tuple[str, ...]:
    with pytest.raises(Refusal) as refused:
        words.settings_of(asked)
    assert refused.value.status == 2
    return refused.value.lines


def test_what_was_left_out_is_left_to_the_defaults() -> None:
    assert words.settings_of(Asked(urls=(URL,))) == {"name": "terminal", "start_urls": [URL]}


def test_every_option_has_its_setting() -> None:
    settings = words.settings_of(
        Asked(
            urls=(URL,),
            pages="50",
            depth="3",
            sitemaps=("https://example.test/s.xml",),
            robots_sitemaps=True,
            sitemaps_since="7d",
            scope="prefix",
            include=("/shop/",),
            exclude=("/logout",),
            traps=("variants=500", "alike=none", "repeats=0"),
            delay="0.5",
            connections="2",
            no_robots=True,
            http2=True,
            user_agent="me",
            headers=("X-A: b",),
            cookies=True,
            proxies=("http://proxy.test:8080",),
            user="ada",
            password="p",
            fields=("name=css:h1", 'price={"css": ".price", "type": "price"}'),
            row="css:.product",
            keys=("name", "price"),
            options=("links=true", "favor=recall"),
        )
    )
    assert settings == {
        "name": "terminal",
        "start_urls": [URL],
        "max_pages": 50,
        "max_depth": 3,
        "sitemaps": ["https://example.test/s.xml"],
        "robots_sitemaps": True,
        "sitemaps_since": "7d",
        "scope": "prefix",
        "include": ["/shop/"],
        "exclude": ["/logout"],
        "traps": {"variants": 500, "alike": None, "repeats": None},
        "delay_seconds": 0.5,
        "connections": 2,
        "obey_robots": False,
        "http2": True,
        "user_agent": "me",
        "options": {"links": True, "favor": "recall"},
        "headers": {"X-A": "b"},
        "cookies": True,
        "proxies": ["http://proxy.test:8080"],
        "login": {"kind": "basic", "user": "ada", "password": "p"},
        "scraper": "fields",
        "fields": {"name": "css:h1", "price": {"css": ".price", "type": "price"}},
        "row": "css:.product",
        "key": ["name", "price"],
    }


@pytest.mark.parametrize(
    ("delay", "connections", "expected"),
    [("0", None, 16), ("0", "3", 3), ("0.1", None, None), (None, None, None)],
)
def test_without_delay_sixteen_connections_are_used(
    delay: str | None, connections: str | None, expected: int | None
) -> None:
    settings = words.settings_of(Asked(urls=(URL,), delay=delay, connections=connections))

    assert settings.get("connections") == expected


def test_named_scraper_wins_over_the_one_that_fields_imply() -> None:
    settings = words.settings_of(Asked(urls=(URL,), fields=("a=css:b",), scraper="auto"))

    assert settings["scraper"] == "auto"


def test_selector_may_hold_equals_signs() -> None:
    settings = words.settings_of(Asked(urls=(URL,), fields=("a=css:a[rel=next]::attr(href)",)))

    assert settings["fields"] == {"a": "css:a[rel=next]::attr(href)"}


def test_all_words_that_cannot_be_read_are_told_at_once() -> None:
    told = lines(Asked(urls=(URL,), pages="1e3", delay="soon", fields=("a", "b=css:x", "b=css:y", "c={")))

    assert [line.split(",")[0].split(" is ")[0] for line in told] == [
        "--pages: must be a whole number",
        "--delay: must be a number of seconds",
        "--field: 'a'",
        "--field: b",
        "--field: c",
    ]


def test_bounds_against_traps_that_cannot_be_read_are_told() -> None:
    told = lines(Asked(urls=(URL,), traps=("variants", "depth=deep", "alike=9", "alike=10")))

    assert told == (
        "--trap: 'variants' is not of the form variants=500",
        "--trap depth: must be a whole number or none, not 'deep'",
        "--trap: alike is given twice",
    )


def test_options_of_the_scraper_that_cannot_be_read_are_told() -> None:
    told = lines(Asked(urls=(URL,), options=("links", "links=true", "links=false")))

    assert told == (
        "--option: 'links' is not of the form links=true",
        "--option: links is given twice",
    )


def test_no_run_came_before_that_of_a_terminal() -> None:
    (line,) = lines(Asked(urls=(URL,), sitemaps_since="Last run"))

    assert line.startswith("--sitemaps-since: a crawl in the terminal knows no run before it")


def test_start_is_needed() -> None:
    assert lines(Asked())[0].startswith("URL: say where to start")


def test_problems_are_named_by_the_option_they_came_from() -> None:
    problems = [
        Problem(field="start_urls.1", message="is bad"),
        Problem(field="fields.price.css", message="is no selector"),
        Problem(field="fields.price.transform.0", message="is unknown"),
        Problem(field="fields.price.transform.2", message="is unknown"),
        Problem(field="fields.offer.fields.seller.xpath", message="is no selector"),
        Problem(field="key.0", message="is unknown"),
        Problem(field="max_pages", message="is too many"),
    ]
    assert words.lines_of(problems, urls=("a", "b")) == (
        "URL b: is bad",
        "--field price: is no selector",
        "--field price.transform.0: is unknown",
        "--field price.transform.2: is unknown",
        "--field offer.fields.seller.xpath: is no selector",
        "--key: is unknown",
        "--pages: is too many",
    )


def test_run_to_resume_is_a_number() -> None:
    assert words.run_number(Asked(resume="12")) == 12


@pytest.mark.parametrize("word", ["", "x", "-1", "1.5", "²", "9" * 30])
def test_anything_else_is_no_run(word: str) -> None:
    with pytest.raises(Refusal, match="must be the number of a run"):
        words.run_number(Asked(resume=word))


def test_resumed_run_keeps_its_settings() -> None:
    with pytest.raises(Refusal) as refused:
        words.run_number(Asked(resume="12", urls=(URL,), scraper="auto"))

    assert [line.split(":")[0] for line in refused.value.lines] == ["URL", "--scraper"]


def test_fields_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text('{"row": "li", "fields": {"name": "h3"}, "options": {"next": "a.next"}}')

    settings = words.settings_of(Asked(urls=(URL,), declaration=str(file), fields=("price=css:.price",)))
    assert settings == {
        "name": "terminal",
        "start_urls": [URL],
        "scraper": "fields",
        "row": "li",
        "options": {"next": "a.next"},
        "fields": {"name": "h3", "price": "css:.price"},
    }


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must hold an object with fields, row, options"),
        ('{"row": "li"}', "must hold an object with fields, row, options"),
        ('{"fields": {"a": "b"}, "rows": "li"}', "rows in {path} is unknown"),
        ('{"fields": {"name": "b"}}', "--field: name is in {path} too"),
    ],
)
def test_file_that_declares_no_fields_is_told(tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "shop.json"
    file.write_text(written)

    (line,) = lines(Asked(urls=(URL,), declaration=str(file), fields=("name=css:h1",)))
    assert said.format(path=file) in line


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (line,) = lines(Asked(urls=(URL,), declaration=str(tmp_path / "none.json")))
    assert line.endswith("cannot be read: No such file or directory")
