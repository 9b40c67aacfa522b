"""What the benchmark of the frontier says of its figures."""

from __future__ import annotations

from benchmarks import frontier
from benchmarks.frontiers.measuring import Cost, Memory, Size


def a_size(requests: int, *, look: float = 10, commit: float = 100, own: float = 90) -> Size:
    return Size(
        requests=requests,
        look=Cost(mean=look, median=look),
        commit=Cost(mean=commit, median=commit),
        insert=Cost(mean=5, median=5),
        memory=Memory(own=own, resident=own),
    )


def test_sizes_lead_up_to_the_largest() -> None:
    assert frontier.sizes_up_to(10_000_000) == [100_000, 1_000_000, 10_000_000]
    assert frontier.sizes_up_to(500_000) == [100_000, 500_000]
    assert frontier.sizes_up_to(1_000) == [1_000]


def test_costs_that_stay_within_half_as_much_again_are_no_problem() -> None:
    assert frontier.report([a_size(100_000), a_size(1_000_000, look=15, commit=149)]) == 0


def test_each_cost_that_grows_beyond_that_is_told() -> None:
    sizes = [a_size(100_000), a_size(1_000_000, look=16), a_size(10_000_000, commit=151, own=201)]

    assert list(frontier.misses(sizes)) == [
        "looking costs 1.60 times as much at 1,000,000 as at 100,000",
        "committing costs 1.51 times as much at 10,000,000 as at 100,000",
        "the process has 201 MiB of its own at 10,000,000",
    ]
