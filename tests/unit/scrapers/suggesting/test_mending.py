"""Fields that a changed layout broke are found again: on the demo shop and on golden pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from demo import pages as shop
from scrapers.fields import DeclaredRecords, parse
from scrapers.page import Page, Scraped
from scrapers.suggesting import mending, outline
from scrapers.suggesting.mending import Known, Mended, mend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CASES = Path(__file__).parents[3] / "cases" / "suggesting"
BASE = "http://shop.test"
FIELDS: dict[str, Any] = {
    "sku": {"jmespath": "[?sku] | [0].sku"},
    "name": {"css": ".product-name"},
    "price": {"css": ".price", "type": "price", "required": True},
    "stock": "css:.stock",
    "description": {"css": ".description", "default": ""},
}


def page_of(html: str, *, url: str = "https://site.test/list") -> Page:
    return Page(url=url, body=html.encode(), headers={"content-type": "text/html; charset=utf-8"})


def records(page: Page, fields: Mapping[str, Any], row: str = "") -> list[dict[str, Any]]:
    scraper = DeclaredRecords(schema=parse(fields=fields, row=row))
    return [found.data for found in scraper.parse(page) if isinstance(found, Scraped)]


def products(*, epoch: int, many: int = 24) -> list[Known]:
    """Return pages of products in the other layout, at an epoch, with what they said before in the first."""
    before = shop.Site.at(base=BASE, seed=1, epoch=4)
    after = shop.Site.at(base=BASE, seed=1, epoch=epoch, layout="2")
    return [
        Known(
            page=page_of(shop.product(after, new).html, url=BASE + new.path),
            records=records(page_of(shop.product(before, old).html, url=BASE + old.path), FIELDS),
        )
        for old, new in zip(before.products[:many], after.products[:many], strict=True)
    ]


def best(found: Mended) -> dict[str, str]:
    return {name: proposals[0].declared["css"] for name, proposals in found.fields.items() if proposals}


BEYOND_THE_ROW: dict[str, dict[str, tuple[int, int] | None]] = {
    # what follows the row or stands around it, and is no part of it
    "definition_list": {"definition": None},
    "flat_blog": {"description": None, "date": None, "description_2": None},
    "glossary": {"definition": None},
    "nested_menu": {"group": None},
    "rows_in_pairs": dict.fromkeys(("score", "hnuser_link", "hnuser", "age_link", "link_3")),
    # cells that hang into the row, and those that are counted otherwise for it
    "rowspan_many": {"line": (3, 6), "zone": (3, 6), "stop": (3, 6), "fare": (3, 6)},
    "wiki_table": {"district": (3, 5), "depth": (3, 5), "notes": (2, 3)},
    # values that one selector of CSS cannot tell: by their label, beside what is struck, a date in a sentence
    "properties": {"area": None},
    "woo_shop": {"price": (5, 8)},
    "repo_list": {"date": None},
    "search_page": {"date": None},
}
"""How many values of how many come again, where a page calls everything otherwise."""
BROKEN = ("name", "price", "stock", "description")
FOUND = {"name": ".headline", "price": ".amount", "stock": ".availability", "description": ".story"}


def test_once_the_time_is_over_no_further_row_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"<li><b>Thing {number}</b> <i>{number} €</i></li>" for number in range(200))
    known = [{"name": f"Thing {number}"} for number in range(200)]
    pages = [Known(page=page_of(f"<ul>{rows}</ul>"), records=known)]
    looked: list[object] = []
    inside = outline.inside

    def counted(element: outline.Element, *, most: int) -> Iterator[outline.Element]:
        looked.append(element)
        return inside(element, most=most)

    monkeypatch.setattr(outline, "inside", counted)
    found = mend(pages, row="css:li", fields={"name": "css:h1"}, broken=["name"], seconds=0)

    assert len(looked) == 1
    assert best(found) == {"name": "b"}


def test_first_proposal_for_the_relaid_shop_restores_every_value() -> None:
    pages = products(epoch=4)
    found = mend(pages, row="", fields=FIELDS, broken=BROKEN)

    assert best(found) == FOUND
    for proposals in found.fields.values():
        assert (proposals[0].restored, proposals[0].filled) == (len(pages), len(pages))
    assert found.fields["price"][0].declared == {"css": ".amount", "type": "price", "required": True}
    declared = FIELDS | {name: proposals[0].declared for name, proposals in found.fields.items()}
    assert [records(known.page, declared) for known in pages] == [known.records for known in pages]


def test_values_that_moved_meanwhile_are_found_by_those_that_did_not_and_by_their_kind() -> None:
    pages = products(epoch=9)
    found = mend(pages, row="", fields=FIELDS, broken=BROKEN)

    assert best(found) == FOUND
    assert 0 < found.fields["price"][0].restored < found.fields["price"][0].filled == len(pages)


def test_a_price_that_is_another_everywhere_is_found_by_its_name_and_kind() -> None:
    pages = [
        Known(
            page=page_of(f'<p>€ 7</p><b class="newPrice">€ {number}.50</b>'),
            records=[{"price": 90.0 + number}],
        )
        for number in range(5)
    ]
    found = mend(pages, row="", fields={"price": {"css": ".gone", "type": "price"}}, broken=["price"])

    assert found.fields["price"][0].declared == {"css": ".newPrice", "type": "price"}
    assert (found.fields["price"][0].restored, found.fields["price"][0].filled) == (0, 5)


def test_rows_that_are_not_found_any_more_are_looked_for_with_all_their_fields() -> None:
    fields = {
        "name": "css:a",
        "price": {"css": ".price", "type": "price"},
        "link": {"css": "a", "type": "url"},
    }
    before, after = (shop.Site.at(base=BASE, seed=1, epoch=4, layout=layout) for layout in "12")
    pages = [
        Known(
            page=page_of(shop.category(after, category, 1).html, url=BASE + category.path),
            records=records(
                page_of(shop.category(before, category, 1).html, url=BASE + category.path), fields, ".card"
            ),
        )
        for category in before.categories
    ]
    found = mend(pages, row=".card", fields=fields, broken=["price"])

    assert (found.row, best(found)) == (
        ".tile",
        {"name": ".tile-name", "price": ".amount", "link": ".tile-name"},
    )
    assert all(proposals[0].restored == proposals[0].known for proposals in found.fields.values())


def of_markup(folder: Path) -> bool:
    """Whether records are proposed there whose rows are elements of HTML."""
    candidates = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["candidates"]
    return bool(candidates) and not candidates[0]["row"].startswith(("json:", "jmespath:", "xpath:"))


@pytest.mark.parametrize("name", [folder.name for folder in sorted(CASES.iterdir()) if of_markup(folder)])
def test_golden_pages_whose_classes_are_renamed_give_every_value_again(name: str) -> None:
    folder = CASES / name
    first = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["candidates"][0]
    fields = {
        field: {key: value for key, value in said.items() if key != "meaning"}
        for field, said in first["fields"].items()
    }
    html = (folder / "page.html").read_text(encoding="utf-8")
    known = records(page_of(html), fields, first["row"])
    pages = [Known(page=page_of(renamed(html)), records=known)]
    found = mend(pages, row=first["row"], fields=fields, broken=fields)

    short = {
        field: (proposals[0].restored, proposals[0].known) if proposals else None
        for field, proposals in ((field, found.fields.get(field)) for field in fields)
        if not proposals or proposals[0].restored < proposals[0].known
    }
    assert short == BEYOND_THE_ROW.get(name, {})


def renamed(html: str) -> str:
    """Return a page whose elements are called otherwise."""

    def other(match: re.Match[str]) -> str:
        return f'{match[1]}"{" ".join(f"relaid-{name}" for name in match[2].split())}"'

    return re.sub(r'(\b(?:class|itemprop)=)"([^"]*)"', other, html)


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(
    said=some.lists(
        some.tuples(some.text("abc de", min_size=3, max_size=12).filter(str.strip), some.integers(1, 99_999)),
        min_size=1,
        max_size=5,
    ),
    called=some.sampled_from(["headline", "css-1q8x0z", "größe", "a b"]),
    moved=some.booleans(),
)
def test_whatever_is_proposed_gives_as_many_known_values_as_it_says(
    said: list[tuple[str, int]], called: str, moved: bool
) -> None:
    fields = {"name": "css:.gone", "price": {"css": ".gone", "type": "price"}}
    pages = [
        Known(
            page=page_of(
                f'<h2 class="{called}">{name}</h2><b class=newPrice>€ {(cents + moved) / 100:.2f}</b>'
            ),
            records=[{"name": " ".join(name.split()), "price": cents / 100}],
        )
        for name, cents in said
    ]
    found = mend(pages, row="", fields=fields, broken=fields).fields

    assert found["price"]
    for name, proposals in found.items():
        for one in proposals:
            read = [(records(known.page, {name: one.declared}), known.records[0][name]) for known in pages]
            assert one.known == len(pages)
            assert one.filled == sum(len(rows) for rows, _known in read)
            assert one.restored == sum(rows == [{name: value}] for rows, value in read)


def test_what_cannot_be_mended_has_no_proposal() -> None:
    page = page_of("<h1>Kettle</h1><p>steel</p>")
    fields = {"parts": {"css": "ul", "fields": {"name": "css:li"}}, "colour": "css:.colour"}
    pages = [Known(page=page, records=[{"parts": {"name": "lid"}, "colour": "blue"}])]

    assert mend(pages, row="", fields=fields, broken=["parts", "colour", "unknown"]).fields == {
        "parts": [],
        "colour": [],
    }
    assert mend([], row=".card", fields=fields, broken=["colour"]).fields == {"colour": []}
    plain = [Known(page=Page(url=BASE, body=b"blue", headers={"content-type": "text/plain"}), records=[])]
    assert mend(plain, row="", fields=fields, broken=["colour"]).fields == {"colour": []}


def test_time_that_is_up_ends_the_trial_with_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = products(epoch=4, many=10)
    found = mend(pages, row="", fields=FIELDS, broken=["name"], seconds=0)

    assert found.fields["name"][0].known == 1
    assert len(pages) > mending.MOST_LOOKED
