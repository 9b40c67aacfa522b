"""What may be scraped from a page is found in a process that can be ended."""

from __future__ import annotations

import pytest

from crawler import trials
from crawler.trials import StoredPage
from scrapers.page import Page
from scrapers.suggesting import suggest

pytestmark = pytest.mark.usefixtures("forked_trials")

ROWS = "".join(
    f'<li class="kettle"><a href="/{n}">Kettle {n}</a><b class="price">€ {n}</b></li>' for n in range(5)
)
LIST = f'<ul>{ROWS}</ul><a rel="next" href="?page=2">2</a>'


def stored(html: str) -> StoredPage:
    return StoredPage(url="https://shop.test/", headers={"content-type": "text/html"}, body=html.encode())


def test_what_is_suggested_there_is_what_would_be_suggested_here() -> None:
    found = trials.suggestions_of(stored(LIST))
    page = Page(url="https://shop.test/", body=LIST.encode(), headers={"content-type": "text/html"})
    assert found == suggest(page)
    assert found.candidates[0].rows == 5
    assert found.next_page is not None


def test_page_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(trials.TookTooLong):
        trials.suggestions_of(stored(ROWS * 5_000), cpu_seconds=0.05)


def test_what_the_page_behind_a_record_adds_is_found_there_too() -> None:
    first = trials.suggestions_of(stored(LIST)).candidates[0]
    behind = StoredPage(
        url="https://shop.test/1", headers={"content-type": "text/html"}, body=b"<p class=maker>Ada"
    )

    found = trials.completed_by(stored(LIST), first, [("https://shop.test/1", behind)])

    assert found.fields["maker"] == {"css": ".maker", "type": "text", "follow": "link"}
    assert (found.samples[1]["maker"], found.behind) == ("Ada", ("https://shop.test/1",))
    with pytest.raises(trials.TookTooLong):
        trials.completed_by(
            stored(LIST), first, [("https://shop.test/1", stored(ROWS * 5_000))], cpu_seconds=0.05
        )
