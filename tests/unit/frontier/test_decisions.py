"""What is told of a URL, and which rule of a run is named for it."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.frontier.decisions import (
    REDIRECTED,
    Case,
    Decision,
    Fate,
    Hop,
    Known,
    Landing,
    Rule,
    Verdict,
    decide,
    judge,
)
from crawler.frontier.scope import Scope, compile_scope
from crawler.urls import canonical

SHOP = "https://shop.test/"


def a_scope(*, kind: str = "host", max_depth: int | None = None, **patterns: list[str]) -> Scope:
    return compile_scope(
        kind=kind,
        starts=[SHOP],
        include=patterns.get("include", []),
        exclude=patterns.get("exclude", []),
        max_depth=max_depth,
    )


def told(url: str = f"{SHOP}page", *, scope: Scope | None = None, **facts: Any) -> Decision:
    return decide(Case(url=canonical(url), scope=scope or a_scope(), **facts))


def test_exclude_pattern_is_named_by_its_place() -> None:
    scope = a_scope(exclude=["/old/", r"\.pdf$"])

    found = judge(scope, canonical(f"{SHOP}a.pdf"), depth=1)

    assert found == Verdict(reason="exclude", rule=Rule(name="exclude", text=r"\.pdf$", number=2))


def test_include_patterns_are_named_together() -> None:
    scope = a_scope(include=["/a/", "/b/"])

    found = judge(scope, canonical(f"{SHOP}c/"), depth=1)

    assert found == Verdict(reason="include", rule=Rule(name="include", text="/a/, /b/"))


def test_what_is_in_scope_has_no_reason() -> None:
    assert judge(a_scope(include=["/a/"]), canonical(f"{SHOP}a/"), depth=1) == Verdict()


def test_skipped_by_robots_quotes_line_and_rule() -> None:
    skipped = Known(fate=Fate.SKIPPED, reason="robots: line 12, Disallow: /a, b")

    decision = told(request=skipped)

    assert decision.rule == Rule(name="robots", text="Disallow: /a, b", number=12)
    assert (decision.fate, decision.reason) == (Fate.SKIPPED, "robots")
    assert decision.why == "line 12 of robots.txt forbids it: Disallow: /a, b"


def test_words_are_parted_where_they_quote_the_rule() -> None:
    skipped = told(request=Known(fate=Fate.SKIPPED, reason="robots: line 1, Disallow: /"))
    assert skipped.parts == ("line 1 of robots.txt forbids it: ", "Disallow: /", "")

    trapped = told(outside="trap_alike")
    assert trapped.parts[1:] == ("alike 200", ")")
    assert "".join(trapped.parts) == trapped.why


def test_words_that_quote_no_rule_stay_whole() -> None:
    decision = told(scope=a_scope(include=["/a/"]), outside="include")

    assert decision.rule is not None
    assert decision.parts == (decision.why, "", "")


def test_failure_is_explained_with_its_attempts() -> None:
    decision = told(request=Known(fate=Fate.FAILED, reason="timed_out", status=None, attempts=3))

    assert decision.why == "the answer took too long, after 3 attempts"


def test_waiting_request_tells_what_it_waits_for_and_what_robots_would_say() -> None:
    waits = Known(fate=Fate.QUEUED, reason="status-503", wait="the host asked to be left alone")

    decision = told(request=waits, robots=Rule(name="robots", text="Disallow: /", number=2))

    assert decision.why == (
        "the host asked to be left alone; at its last attempt: the server answered with status 503; "
        "line 2 of robots.txt, as it is now, forbids it: Disallow: /"
    )


@pytest.mark.parametrize(
    ("landing", "why"),
    [
        (Landing.NEW, f"it redirects to {SHOP}new, which is a request of its own"),
        (Landing.KNOWN, f"it redirects to {SHOP}new, which the run had already"),
        (Landing.NOT_TAKEN, f"it redirects to {SHOP}new, which the run did not take"),
        (None, "it redirects to a page that the run had already, or that it does not follow"),
    ],
)
def test_redirect_tells_where_it_leads(landing: Landing | None, why: str) -> None:
    hop = Hop(url=f"{SHOP}new", landing=landing) if landing else None
    gone = Known(fate=Fate.DONE, reason="redirected", status=301, hop=hop)

    assert (told(request=gone).why, told(request=gone).words) == (why, REDIRECTED)


def test_link_that_was_met_and_left_out_names_the_pattern_of_that_reason() -> None:
    scope = a_scope(exclude=["page"])

    assert told(scope=scope, outside="exclude").rule == Rule(name="exclude", text="page", number=1)
    assert told(scope=scope, outside="depth").rule is None


def test_bound_against_traps_is_named() -> None:
    decision = told(f"{SHOP}a/a/a/a", scope=a_scope())

    assert (decision.fate, decision.reason) == (Fate.UNSEEN, "trap_repeats")
    assert decision.rule == Rule(name="traps", text="repeats 2")
    assert told(outside="trap_alike").rule == Rule(name="traps", text="alike 200")


def test_shape_that_was_left_alone_is_told_in_words() -> None:
    decision = told(request=Known(fate=Fate.SKIPPED, reason="trap_alike: /calendar/0/*"))

    assert decision.why == "the pages of its shape of URL bring nothing new any more: /calendar/0/*"


@pytest.mark.parametrize(("over", "words"), [(True, "no place came free"), (False, "takes the place")])
def test_link_beyond_the_page_limit_waits_for_a_place(over: bool, words: str) -> None:
    decision = told(spare=True, over=over)

    assert (decision.fate, decision.reason) == (Fate.SPARE, "max_pages")
    assert words in decision.why


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"forgotten": True}, "forgotten"),
        ({"follows": False}, "follow"),
        ({"scope": a_scope(exclude=["page"])}, "exclude"),
        ({"scope": a_scope(kind="page")}, "page"),
        ({"scope": a_scope(max_depth=0)}, "depth"),
        ({"robots": Rule(name="robots", text="Disallow: /", number=2), "full": True}, "robots"),
        ({"crowded": True, "full": True}, "trap_variants"),
        ({"full": True}, "max_pages"),
        ({}, ""),
    ],
)
def test_url_without_a_trace_has_the_nearest_reason(facts: dict[str, Any], reason: str) -> None:
    decision = told(**facts)

    assert (decision.fate, decision.reason) == (Fate.UNSEEN, reason)
    assert decision.why


@pytest.mark.parametrize(
    ("over", "why"),
    [
        (False, ("no page that was read so far within 3 links of a start URL links to it, "
                "or only such as forbid robots to follow their links; it is followed when one does")),
        (True, ("no page that was read within 3 links of a start URL linked to it, "
               "or only such as forbid robots to follow their links; it would have been followed")),
    ],
)  # fmt: skip
def test_url_that_would_be_followed_says_so(over: bool, why: str) -> None:
    assert told(scope=a_scope(max_depth=3), over=over).why == why
