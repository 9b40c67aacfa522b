"""What a link may be before it counts as a trap."""

from __future__ import annotations

import pytest

from crawler.frontier.traps import DEEPEST, Traps, traps_of
from crawler.services.drafts.traps import BOUNDS
from crawler.urls import canonical


def refusal(traps: Traps, path: str, depth: int = 1) -> str | None:
    return traps.refusal(canonical(f"https://a.test{path}"), depth=depth)


@pytest.mark.parametrize(
    ("path", "caught"),
    [
        ("/", None),
        ("/a/a", None),
        ("/a/a/a", "trap_repeats"),
        ("/x/a/a/a/y", "trap_repeats"),
        ("/a/b/a/b/a/b", None),
        ("//" * 5, None),
        ("/" + "/".join(str(n) for n in range(20)), None),
        ("/" + "/".join(str(n) for n in range(21)), "trap_segments"),
    ],
)
def test_only_traps_have_paths_that_deep_or_repetitive(path: str, caught: str | None) -> None:
    assert refusal(Traps(), path) == caught


def test_target_may_allow_longer_paths_or_any() -> None:
    deep = "/" + "/".join(str(n) for n in range(21))

    assert refusal(Traps(segments=21), deep) is None
    assert refusal(Traps(segments=None), deep * 5) is None
    assert refusal(Traps(repeats=3), "/a/a/a") is None
    assert refusal(Traps(repeats=None), "/a" * 20) is None
    assert refusal(Traps(repeats=1), "/a/a") == "trap_repeats"
    assert refusal(Traps(segments=1), "/a/b") == "trap_segments"


def test_length_of_the_whole_url_counts() -> None:
    assert refusal(Traps(length=50), "/" + "x" * 34) is None
    assert refusal(Traps(length=50), "/" + "x" * 36) == "trap_length"


def test_chain_of_links_without_end_is_a_trap_whatever_a_target_allows() -> None:
    assert refusal(Traps(depth=None), "/next", depth=DEEPEST) is None
    assert refusal(Traps(depth=None), "/next", depth=DEEPEST + 1) == "trap_depth"


def test_what_a_target_leaves_out_is_as_for_every_target() -> None:
    assert traps_of(None) == traps_of({}) == Traps()
    assert traps_of({"variants": None, "depth": 5}) == Traps(variants=None, depth=5)


def test_every_bound_may_be_set() -> None:
    assert set(BOUNDS) == set(Traps.__dataclass_fields__)
