"""`./run data`: what the data of a run is like, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.policy.quality import fields_of, untold
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.holding import broken, run_of
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.models import Run

MOST_WORDS: Final = 8


def examined(number: str) -> Run:
    """Return a run whose data was examined; raises Refusal."""
    run = run_of(number)
    if not run.report.get("data"):
        raise Refusal(f"run {run.pk} was not examined: it goes on, or did not finish, or read chosen pages")
    return run


def as_it_should_be(run: Run) -> bool:
    """Say whether a run breaks no rule and looks as usual, or was taken for usual."""
    data = run.report["data"]
    return not data["breaches"] and (data["accepted"] or not data["drifts"])


def lines(run: Run) -> Iterator[str]:
    """Yield what the data is like, for people."""
    yield from map(plain, _lines(run))


def _lines(run: Run) -> Iterator[str]:
    data = run.report["data"]
    yield f"run {run.pk} of {run.target.name}: {data['items']:,} items, {data['examined']:,} examined"
    for name, figures in fields_of(data).items():
        yield f"  {name}: {', '.join(_said(figures))}"
    yield from untold(data)
    for one in data["breaches"]:
        place = f"{one['field']}: " if one["field"] else ""
        yield f"breaks a rule: {place}{one['rule']} is {one['found']}, wanted is {one['wanted']}"
    if data["drifts"]:
        yield f"looks otherwise than before{', which was accepted' if data['accepted'] else ''}:"
        yield from broken(run)


def document(run: Run) -> bytes:
    """Return the same as one line of JSON, as the API tells it."""
    data = run.report["data"]
    told = {name: value for name, value in data.items() if name != "inside"}
    return orjson.dumps({**told, "fields": fields_of(data)})


def _said(figures: Mapping[str, Any]) -> Iterator[str]:
    of = f" of {figures['records']:,}" if figures.get("records") else ""
    yield f"in {figures['coverage']:.1%}{of}"
    yield from (f"{part:.1%} {name}" for name, part in figures["types"].items())
    if figures["least"] is not None:
        yield f"from {figures['least']:,} to {figures['most']:,}"
    if words := figures["words"]:
        more = " | …" if len(words) > MOST_WORDS else ""
        yield f"says {' | '.join(words[:MOST_WORDS])}{more}"
    elif figures["length"] is not None:
        yield f"{figures['length']:,.0f} characters"
    if figures["repeated"]:
        yield f"{figures['repeated']:,} repeated"
