"""Hosts that drip cost the others little: in a slice, at its end, and however many there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from crawler.engine.engine import Limits
from crawler.errors import TimedOut
from crawler.http import Failed, Outcome, Request
from tests.fakes.clock import LoopClock, run
from tests.fakes.frontier import FakeFrontier
from tests.fakes.rules import some_rules
from tests.unit.engine.slicing import Bench, TimedFetcher

GOOD = [f"http://good{number}.test" for number in range(5)]
SECONDS = 65


class Dripping(TimedFetcher):
    """Good hosts answer in 0.1 s; the others send bytes until the fetcher has waited for `patience`."""

    def __init__(self, *, patience: float) -> None:
        super().__init__(seconds=0.1)
        self._patience = patience

    async def fetch(self, request: Request) -> Outcome:
        if "good" in request.url:
            return await super().fetch(request)
        self.times.append((asyncio.get_running_loop().time(), request.url))
        await asyncio.sleep(self._patience)
        return Failed(url=request.url, error=TimedOut(which="too_slow"), elapsed_seconds=self._patience)


def visited(*, drips: int, patience: float = 20.0) -> Counter[str]:
    """Return how often each kind of host was asked in `SECONDS` of one slice after the other."""
    bench = Bench(fetcher=Dripping(patience=patience), limits=Limits(look_every=timedelta(seconds=1)))
    good = [f"{origin}/{number}" for origin in GOOD for number in range(SECONDS)]
    bench.fetcher.serve(*good)
    bench.world.add_run(some_rules(1, delay_seconds=1.0), *good)
    bench.world.add_run(
        some_rules(2), *(f"http://drip{host}.test/{page}" for host in range(drips) for page in (1, 2))
    )
    run(_slices(bench))
    return Counter("good" if "good" in url else "drip" for time, url in bench.fetcher.times if time < SECONDS)


async def _slices(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < SECONDS:
        await bench.engine(FakeFrontier(bench.world, most_hosts=bench.most_hosts)).run()


@pytest.mark.parametrize(("drips", "patience"), [(200, 20.0), (300, 30.0)])
def test_good_hosts_keep_four_fifths_of_their_throughput_while_hundreds_drip(
    drips: int, patience: float
) -> None:
    alone, beside = visited(drips=0), visited(drips=drips, patience=patience)
    assert beside["good"] >= 0.8 * alone["good"]
    assert beside["drip"] >= drips


def dripping_slice(*others: str) -> Bench:
    bench = Bench(fetcher=Dripping(patience=20.0))
    bench.fetcher.serve(*others)
    bench.world.add_run(some_rules(1, delay_seconds=1.0), "http://drip.test/", *others)
    bench.slice()
    return bench


def test_slice_does_not_wait_at_its_end_for_a_host_that_ran_out_of_time_before() -> None:
    bench = dripping_slice(*(f"http://good.test/{number}" for number in range(40)))
    assert bench.fetcher.asked().count("http://drip.test/") == 1
    assert 30 <= bench.lasted < 31


def test_host_that_ran_out_of_time_is_asked_again_at_once_where_nobody_else_waits() -> None:
    assert dripping_slice().fetcher.asked() == ["http://drip.test/"] * 2


def test_slice_goes_on_with_good_hosts_while_it_waits_for_some_that_began_to_drip_late() -> None:
    bench = Bench(fetcher=Dripping(patience=20.0), clock=LoopClock(chance=0.9))
    good = [f"{origin}/{number}" for origin in GOOD for number in range(60)]
    bench.fetcher.serve(*good)
    bench.world.add_run(some_rules(1, delay_seconds=1.0), *good)
    drips = [f"http://drip{host}.test/{page}" for host in range(20) for page in (1, 2)]

    bench.slice((22.0, lambda: bench.world.add_run(some_rules(2), *drips)))

    assert 42 <= bench.lasted < 44
    for origin in GOOD:
        assert sum(url.startswith(origin) for url in bench.fetcher.asked()) >= 42 / 1.27 - 1
    assert sum("drip" in url for url in bench.fetcher.asked()) == 20


def test_slice_that_is_told_to_stop_asks_nobody_while_it_waits() -> None:
    bench = Bench(fetcher=Dripping(patience=20.0))
    good = [f"{GOOD[0]}/{number}" for number in range(60)]
    bench.fetcher.serve(*good)
    bench.world.add_run(some_rules(1, delay_seconds=1.0), *good)
    late = (25.0, lambda: bench.world.add_run(some_rules(2), "http://drip.test/1"))

    bench.slice(late, (35.0, lambda: setattr(bench, "stopping", True)))

    assert 34 <= max(time for time, url in bench.fetcher.times if "good" in url) <= 35.5
