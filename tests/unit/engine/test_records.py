"""What becomes of a page's links and records."""

from __future__ import annotations

import tracemalloc

from crawler.engine import records


def test_long_links_of_hostile_pages_fill_no_memory() -> None:
    tracemalloc.start()
    try:
        for number in range(200):
            records.canonical_or_none(f"http://a.test/{number}/{'x' * 100_000}")
            records.canonical_or_none(f"http://a.test/{number}/{'x' * 2_000}")
        kept, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 200_000


def test_link_is_what_it_is_asked_for_as_however_long_it_is() -> None:
    for length in (10, records.LONGEST_KEPT, 1_000):
        url = records.canonical_or_none("HTTP://A.test:80/" + "x" * length)
        assert url is not None
        assert url.text == "http://a.test/" + "x" * length
    assert records.canonical_or_none("mailto:somebody@a.test") is None
