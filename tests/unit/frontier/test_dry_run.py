"""How URLs fare under other rules than those of the run that found them."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.frontier.dry_run import SAMPLES, Comparison, Past, Rules, words
from crawler.frontier.scope import compile_scope
from crawler.frontier.traps import Traps
from crawler.urls import canonical

SHOP = "https://shop.test/"


def a_comparison(*, max_pages: int | None = None, obeys: bool = True, **scope: Any) -> Comparison:
    rejudges, before = scope.pop("rejudges", False), scope.pop("before", None)
    parts: dict[str, Any] = {
        "kind": "host", "starts": [SHOP], "include": [], "exclude": [], "max_depth": None
    }  # fmt: skip
    rules = Rules(
        scope=compile_scope(**parts | scope),
        starts=frozenset({SHOP}),
        before=compile_scope(**parts | before) if before else None,
        max_pages=max_pages,
        obeys=obeys,
        rejudges=rejudges,
    )
    return Comparison(rules)


def past(id_: int, path: str, *, depth: int = 1, parent: int | None = 1, **more: Any) -> Past:
    return Past(id_, canonical(SHOP + path), depth, parent, **more)


def dropped(found: Comparison) -> dict[str, str]:
    return {sample.url.removeprefix(SHOP): sample.reason for sample in found.dropped.samples}


def followed(found: Comparison) -> dict[str, str]:
    return {sample.url.removeprefix(SHOP): sample.reason for sample in found.followed.samples}


def test_url_that_is_still_in_scope_is_kept_and_one_that_is_not_is_dropped() -> None:
    found = a_comparison(exclude=[r"\.pdf$"])

    found.request(past(1, "", depth=0, parent=None))
    found.request(past(2, "a"))
    found.request(past(3, "a.pdf"))

    assert (found.kept, dropped(found)) == (2, {"a.pdf": "exclude"})


def test_what_was_found_on_a_dropped_page_is_dropped_with_it() -> None:
    found = a_comparison(exclude=["list"])

    found.request(past(1, "", depth=0, parent=None))
    found.request(past(2, "list"))
    found.request(past(3, "a", depth=2, parent=2))
    found.request(past(4, "b", depth=3, parent=3))
    found.request(past(5, "c", depth=1, parent=1))

    assert dropped(found) == {"list": "exclude", "a": "parent", "b": "parent"}
    assert found.kept == 2


def test_start_url_is_kept_whatever_the_patterns_say_and_so_is_where_it_leads() -> None:
    found = a_comparison(exclude=["."])

    found.request(past(1, "", depth=0, parent=None))
    found.request(Past(2, canonical("https://elsewhere.test/"), 0, 1, hop_of_start=True))

    assert (found.kept, found.dropped.count) == (2, 0)


def test_start_url_that_is_none_any_more_is_judged_like_a_link() -> None:
    found = a_comparison()

    found.request(Past(1, canonical("https://elsewhere.test/"), 0, None))

    assert found.dropped.reasons == {"host": 1}


def test_deeper_pages_are_dropped_by_a_smaller_depth() -> None:
    found = a_comparison(max_depth=1)

    found.request(past(2, "a", depth=1))
    found.request(past(3, "b", depth=2, parent=2))

    assert dropped(found) == {"b": "depth"}


def test_what_went_on_with_a_list_or_a_record_has_only_to_lie_within_the_scope() -> None:
    before = {"max_depth": 0, "exclude": ["print"]}
    found = a_comparison(before=before, max_depth=0, exclude=["print", "gone"])

    found.request(past(1, "", depth=0, parent=None))
    found.request(past(2, "page", depth=1))
    found.request(past(3, "print", depth=0))
    found.request(past(4, "gone", depth=0))
    found.request(Past(5, canonical("https://elsewhere.test/"), 1, 1))

    assert found.kept == 3
    assert found.dropped.reasons == {"exclude": 1, "host": 1}


@pytest.mark.parametrize(
    ("obeys", "expected"), [(True, ({}, 1)), (False, ({"x": "robots"}, 0))], ids=["on", "off"]
)
def test_what_robots_forbade_is_followed_without_it(
    obeys: bool, expected: tuple[dict[str, str], int]
) -> None:
    found = a_comparison(obeys=obeys)

    found.request(past(2, "x", out="robots"))

    assert (followed(found), found.still_out) == expected


def test_robots_that_is_obeyed_from_now_on_drops_what_it_forbids() -> None:
    found = a_comparison(rejudges=True)

    found.request(past(2, "x", forbidden=True))
    found.request(past(3, "y"))

    assert (dropped(found), found.kept) == ({"x": "robots"}, 1)


def test_pages_beyond_a_smaller_limit_are_dropped_and_redirects_are_no_pages() -> None:
    found = a_comparison(max_pages=2)

    found.request(past(1, "", depth=0, parent=None, counts=False))
    for number in range(2, 6):
        found.request(past(number, str(number)))

    assert dropped(found) == {"4": "max_pages", "5": "max_pages"}


def test_links_beyond_the_limit_are_followed_where_the_limit_is_larger() -> None:
    found = a_comparison(max_pages=2)
    found.request(past(1, "", depth=0, parent=None))

    found.spare(canonical(f"{SHOP}a"), depth=1)
    found.spare(canonical(f"{SHOP}b"), depth=1)

    assert (followed(found), found.still_out) == ({"a": "max_pages"}, 1)


def test_links_that_were_left_out_are_followed_where_nothing_is_against_it() -> None:
    found = a_comparison(max_depth=2)

    found.outside(canonical(f"{SHOP}old"), was="exclude", depth=1)
    found.outside(canonical(f"{SHOP}deep"), was="depth", depth=2)
    found.outside(canonical("https://far.test/"), was="host", depth=1)

    assert (followed(found), found.still_out) == ({"old": "exclude", "deep": "depth"}, 1)


def test_entries_that_a_sitemap_did_not_give_stay_out() -> None:
    found = a_comparison()

    found.outside(canonical(f"{SHOP}a"), was="unchanged", depth=0)
    found.outside(canonical(f"{SHOP}b"), was="foreign", depth=0)

    assert (found.followed.count, found.still_out) == (0, 2)


@pytest.mark.parametrize(("variants", "still_out"), [(100, 1), (None, 0)])
def test_bounds_against_traps_hold_as_long_as_there_are_any(variants: int | None, still_out: int) -> None:
    found = a_comparison(traps=Traps(variants=variants))

    found.outside(canonical(f"{SHOP}?sort=1"), was="trap_variants", depth=1)

    assert found.still_out == still_out


def test_shape_that_was_left_alone_stays_so_unless_the_bound_is_gone() -> None:
    bound, free = a_comparison(), a_comparison(traps=Traps(alike=None))
    for found in (bound, free):
        found.request(past(2, "calendar/1", out="trap_alike"))

    assert (bound.still_out, followed(free)) == (1, {"calendar/1": "trap_alike"})


def test_samples_are_bounded_and_counts_are_not() -> None:
    found = a_comparison(exclude=["x"])

    for number in range(2, 3 * SAMPLES):
        found.request(past(number, f"x{number}"))

    assert (len(found.dropped.samples), found.dropped.count) == (SAMPLES, 3 * SAMPLES - 2)


def test_ids_that_lie_far_apart_cost_no_memory() -> None:
    found = a_comparison(exclude=["x"])

    found.request(past(10, "x"))
    found.request(past(10 + (1 << 40), "x2"))

    assert len(found._gone) == 1


def test_reasons_have_words() -> None:
    assert words("parent") == "was found on a page that is dropped; another page may link to it"
    assert words("host") == "lies outside of the start URLs' hosts"
