"""`./run suggest`: a page is fetched politely, or read as it is stored, and what it has is said."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from crawler.management.commands import crawl, suggest
from crawler.models import Page, Target
from crawler.services import targets
from crawler.services.terminal import asked
from crawler.stores import snapshots
from crawler.urls import canonical
from demo import pages as shop
from tests.site.reply import respond

if TYPE_CHECKING:
    from tests.site.server import HostileSite

TWO_LISTS = Path(__file__).parents[2] / "cases/suggesting/two_lists/page.html"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

SITE = shop.Site.at(base="https://shop.test", seed=1, epoch=0)
LIST = shop.category(SITE, SITE.categories[0], 1).html


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """Call the command in this process with what is typed after it; return what it printed where."""
    with pytest.raises(SystemExit) as ended:
        suggest.Command().handle(
            **vars(suggest.Command().create_parser("manage.py", "suggest").parse_args(words))
        )
    out, complaints = capsys.readouterr()
    assert ended.value.code == status, complaints
    assert (out == "") is (status != 0)
    return out or complaints


def test_candidates_are_shown_with_samples_and_a_command_that_crawls_with_them(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    url = hostile_site.serve("/tea/", LIST)

    told = said(capsys, url)

    assert "1. 10 records, score 0." in told
    assert ": .card\n" in told
    assert "Café au lait bowl" in told
    assert f"next page: {url}?page=2" in told
    words = shlex.split(told.splitlines()[-1].partition(": ")[2])
    typed = crawl.Command().create_parser("manage.py", "crawl").parse_args(words[2:])
    settings = asked.settings_of(
        asked.Asked(
            urls=tuple(typed.urls), row=typed.row, fields=tuple(typed.fields), options=tuple(typed.options)
        )
    )
    values = targets.validate(settings, now=NOW).values
    assert (values["row"], values["options"]) == (".card", {"next": 'a[rel~="next"]'})


def test_json_is_a_target_that_can_be_registered(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    url = hostile_site.serve("/tea/", LIST)

    settings = json.loads(said(capsys, url, "--json"))

    assert (settings["start_urls"], settings["scraper"]) == ([url], "fields")
    targets.validate({"name": "Tea", **settings}, now=NOW)


@pytest.mark.parametrize("how", [("--json",), ()])
def test_candidate_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite, how: tuple[str, ...]
) -> None:
    url = hostile_site.serve("/tea/", LIST)
    assert "there are 1, and no number 7" in said(capsys, url, *how, "--candidate", "7", status=2)


def test_one_candidate_is_shown_with_what_reads_it_and_every_sample(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    url = hostile_site.serve("/two/", TWO_LISTS.read_text())
    both = said(capsys, url)
    second = both.split("\n2. ")[1].splitlines()[0]

    told = said(capsys, url, "--candidate", "2")

    assert told.startswith(f"2. {second}\n")
    assert "\n1. " not in f"\n{told}"
    settings = json.loads(said(capsys, url, "--json", "--candidate", "2"))
    assert all(json.dumps(one, separators=(",", ":")) in told for one in settings["fields"].values())
    assert told.count("\n   record ") == 3
    assert shlex.join(("--row", settings["row"])) in told.splitlines()[-1]


def test_answer_of_an_api_is_fetched_and_its_records_shown(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    body = {"items": [{"name": f"Tea {number}", "price": number + 0.5} for number in range(6)]}
    answer = respond(200, json.dumps(body).encode(), [("Content-Type", "application/json")])
    url = hostile_site.answer("/teas", answer)

    told = said(capsys, url)

    assert "1. 6 records, score 0." in told
    assert ": jmespath:items[]\n" in told


def test_stored_page_is_read_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    target = Target.objects.create(name="Shop", start_urls=["https://shop.test/"])
    with transaction.atomic():
        snapshots.save({b"h" * 16: (snapshots.compress(LIST.encode()), len(LIST.encode()))}, now=NOW)
    about = {"url": "https://shop.test/tea/", "content_type": "text/html", "run": 1, "status": 200}
    times = dict.fromkeys(("first_seen", "last_seen", "changed_at"), NOW)
    page = Page.objects.create(target=target, key=b"k" * 16, body_hash=b"h" * 16, **about, **times)

    told = said(capsys, "--page", str(page.pk))
    assert "10 records" in told
    assert "to crawl with the first: ./run crawl https://shop.test/tea/ --row" in told
    assert json.loads(said(capsys, "--page", str(page.pk), "--json"))["start_urls"] == [page.url]
    Page.objects.update(body_hash=b"n" * 16)
    assert "was not kept" in said(capsys, "--page", str(page.pk), status=1)


def test_page_behind_the_first_record_is_looked_at_when_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    product = SITE.categories[0].page(1)[0]
    hostile_site.serve(product.path, shop.product(SITE, product).html)
    url = hostile_site.serve("/tea/", LIST)

    before = said(capsys, url)
    told = said(capsys, url, "--behind")

    assert "each record leads to a page of its own (link): --behind looks at the first one, too" in before
    assert "page of link" in told
    assert f"looked at behind link: {hostile_site.url(product.path)}" in told
    settings = json.loads(said(capsys, url, "--behind", "--json"))
    assert settings["fields"]["sku"]["follow"] == "link"
    targets.validate({"name": "Tea", **settings}, now=NOW)


def test_page_behind_that_is_not_had_is_told_and_leaves_the_rest(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    url = hostile_site.serve("/tea/", LIST)
    with pytest.raises(SystemExit):
        suggest.Command().handle(
            **vars(suggest.Command().create_parser("manage.py", "suggest").parse_args([url, "--behind"]))
        )
    out, complaints = capsys.readouterr()
    assert "10 records" in out
    assert complaints.startswith(f"suggest: {hostile_site.url('/product/')}")
    assert "status 404" in complaints


def test_stored_pages_behind_a_stored_list_tell_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    target = Target.objects.create(name="Shop", start_urls=["https://shop.test/"])
    product = SITE.categories[0].page(1)[1]
    listed = store(target, "https://shop.test/tea/", LIST)
    store(target, f"https://shop.test{product.path}", shop.product(SITE, product).html)

    told = said(capsys, "--page", str(listed.pk), "--candidate", "1")

    assert f"looked at behind link: https://shop.test{product.path}" in told
    assert product.sku in told
    Page.objects.exclude(pk=listed.pk).update(target=Target.objects.create(name="Other", start_urls=[]))
    assert "looked at behind" not in said(capsys, "--page", str(listed.pk))


def store(target: Target, url: str, html: str) -> Page:
    at = canonical(url)
    with transaction.atomic():
        snapshots.save({at.key: (snapshots.compress(html.encode()), len(html.encode()))}, now=NOW)
    times = dict.fromkeys(("first_seen", "last_seen", "changed_at"), NOW)
    return Page.objects.create(
        target=target,
        key=at.key,
        url=url,
        body_hash=at.key,
        content_type="text/html",
        run=1,
        status=200,
        **times,
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--page", "7", "--behind"), "suggest: --behind goes with a URL"),
        ((), "suggest: say which page"),
        (("https://shop.test/", "--page", "1"), "suggest: say which page"),
        (("shop.test",), "suggest: URL: 'shop.test' is not a whole URL"),
        (("--page", "7"), "suggest: --page: no page is stored as 7"),
    ],
)
def test_what_cannot_be_looked_at_is_told(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    assert said(capsys, *words, status=2).startswith(complaint)


def test_robots_keeps_from_a_page_here_too(
    capsys: pytest.CaptureFixture[str], hostile_site: HostileSite
) -> None:
    hostile_site.serve("/robots.txt", "User-agent: *\nDisallow: /tea")
    url = hostile_site.serve("/tea/", LIST)

    assert "robots.txt forbids this page: line 2" in said(capsys, url, status=1)
    assert "10 records" in said(capsys, url, "--no-robots")


def test_page_without_records_is_told(capsys: pytest.CaptureFixture[str], hostile_site: HostileSite) -> None:
    url = hostile_site.serve("/about/", "<h1>About</h1><p>Nothing repeats here.</p>")
    assert "nothing repeats" in said(capsys, url, status=1)
