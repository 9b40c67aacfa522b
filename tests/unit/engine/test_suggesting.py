"""A test fetch that says what may be scraped: of its page, and of the page behind a record of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.engine.findings import Shown
from crawler.engine.preview import Preview
from crawler.engine.reading import TimedReader
from scrapers.page import Problem
from scrapers.suggesting import Candidate, NextPage, SuggestedField, Suggestions
from tests.fakes.fetcher import FakeFetcher
from tests.unit.engine.test_preview import ROBOTS, SHOP, means, some_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.findings import Finding
    from crawler.http import Fetched


@pytest.fixture
def fetcher() -> FakeFetcher:
    fetcher = FakeFetcher()
    fetcher.answer(SHOP, "<title>Shop</title>")
    return fetcher


async def look_for_records(
    fetcher: FakeFetcher, suggest: Callable[[Fetched], Suggestions | Problem]
) -> Finding:
    with TimedReader() as reader:
        parts = means(fetcher, reader)
        return await Preview(rules=some_rules(scraper="none"), means=parts, suggest=suggest).run(SHOP)


async def test_what_may_be_scraped_is_told_where_it_is_asked_for(fetcher: FakeFetcher) -> None:
    suggested = Suggestions(next_page=NextPage(url=f"{SHOP}2", selector="", because="numbers"))

    found = await look_for_records(fetcher, lambda page: suggested if page.url == SHOP else Suggestions())

    assert isinstance(found, Shown)
    assert (found.suggestions, found.problems) == (suggested, ())


async def test_suggestions_that_take_too_long_are_a_problem_of_the_page(fetcher: FakeFetcher) -> None:
    late = Problem(code="reader_timed_out", message="it takes too long")

    found = await look_for_records(fetcher, lambda _page: late)

    assert isinstance(found, Shown)
    assert found.suggestions is None
    assert [problem.code for problem in found.problems] == ["reader_timed_out"]
    assert found.facts.title == "Shop"


async def test_nothing_is_suggested_for_an_answer_that_is_no_page() -> None:
    fetcher = FakeFetcher()
    fetcher.answer(SHOP, "gone", status=404)

    found = await look_for_records(fetcher, lambda _page: pytest.fail("it was asked"))

    assert isinstance(found, Shown)
    assert found.suggestions is None


CANDIDATE = Candidate(
    row="li",
    fields={"link": {"css": "a", "type": "url"}},
    options={},
    columns=(SuggestedField(name="link", meaning="url", share=1.0),),
    rows=2,
    score=0.5,
    samples=({"link": f"{SHOP}one"}, {"link": f"{SHOP}two"}),
    link="link",
)


async def look_behind(
    fetcher: FakeFetcher,
    complete: Callable[[Fetched, Candidate, str, Fetched], Candidate | Problem],
    candidate: Candidate = CANDIDATE,
) -> Finding:
    with TimedReader() as reader:
        preview = Preview(
            rules=some_rules(scraper="none"),
            means=means(fetcher, reader),
            suggest=lambda _page: Suggestions(candidates=(candidate, candidate)),
            complete=complete,
        )
        return await preview.run(SHOP)


async def test_page_behind_the_first_record_is_asked_for_once_and_completes_its_candidate(
    fetcher: FakeFetcher,
) -> None:
    fetcher.answer(f"{SHOP}one", "first")

    def complete(listed: Fetched, candidate: Candidate, link: str, page: Fetched) -> Candidate:
        assert (listed.url, candidate, link, page.body) == (SHOP, CANDIDATE, f"{SHOP}one", b"first")
        return replace(candidate, behind=(page.url,))

    found = await look_behind(fetcher, complete)

    assert isinstance(found, Shown)
    assert found.suggestions is not None
    assert [one.behind for one in found.suggestions.candidates] == [(f"{SHOP}one",), ()]
    pages = [request.url for request in fetcher.requests if request.url != ROBOTS]
    assert pages == [SHOP, f"{SHOP}one"]


@pytest.mark.parametrize(
    ("robots", "status", "said"),
    [
        ("User-agent: *\nDisallow: /one\n", 200, "robots.txt forbids this page: line 2"),
        ("", 404, "the server answered with status 404"),
    ],
)
async def test_candidate_whose_page_behind_is_not_had_stays_as_it_was_and_says_why(
    fetcher: FakeFetcher, robots: str, status: int, said: str
) -> None:
    fetcher.answer(ROBOTS, robots)
    fetcher.answer(f"{SHOP}one", "first", status=status)

    found = await look_behind(fetcher, lambda *_: pytest.fail("it was read"))

    assert isinstance(found, Shown)
    assert found.suggestions == Suggestions(candidates=(CANDIDATE, CANDIDATE))
    assert [problem.code for problem in found.problems] == ["record_incomplete"]
    assert found.problems[0].message.startswith(f"{SHOP}one: ")
    assert said in found.problems[0].message


async def test_page_behind_that_takes_too_long_to_look_through_is_told(fetcher: FakeFetcher) -> None:
    fetcher.answer(f"{SHOP}one", "first")
    late = Problem(code="reader_timed_out", message="it takes too long")

    found = await look_behind(fetcher, lambda *_: late)

    assert isinstance(found, Shown)
    assert [problem.message for problem in found.problems] == [f"{SHOP}one: it takes too long"]
    assert found.suggestions is not None


@pytest.mark.parametrize("first", ["http://10.0.0.1/latest/", f"{SHOP}#top", SHOP, f"{SHOP}a?{'b' * 2_048}"])
async def test_page_behind_is_on_the_host_of_the_list_whatever_the_first_record_links_to(
    fetcher: FakeFetcher, first: str
) -> None:
    fetcher.answer(f"{SHOP}two", "second")
    listed = replace(CANDIDATE, samples=({"link": first}, {"link": None}, {"link": f"{SHOP}two"}))

    found = await look_behind(
        fetcher, lambda _listed, one, link, _page: replace(one, behind=(link,)), candidate=listed
    )

    assert isinstance(found, Shown)
    assert found.suggestions is not None
    assert found.suggestions.candidates[0].behind == (f"{SHOP}two",)
    pages = [request.url for request in fetcher.requests if request.url != ROBOTS]
    assert pages == [SHOP, f"{SHOP}two"]
