"""What a fault test found: one line for people, one file for machines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.db import connection

from tests.fleet import ROOT

if TYPE_CHECKING:
    from tests.faults.crawl import Judgement

FOLDER = ROOT / "var" / "faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of the fault table as it ran; `measured` are further figures with their units as names."""

    row: str
    scale: str
    broker: str
    faults: int
    judgement: Judgement
    undisturbed_seconds: float | None = None
    measured: dict[str, float] = field(default_factory=dict)
    database: str = field(default_factory=lambda: connection.vendor)

    @property
    def line(self) -> str:
        """The result as a row of a table in Markdown."""
        judged = self.judgement
        alone = self.undisturbed_seconds
        undisturbed = "" if alone is None else f", undisturbed {alone:.0f} s"
        more = ", ".join(f"{name} {value:g}" for name, value in self.measured.items())
        return (
            f"| {self.row} | {self.database}, {self.broker} | {self.faults} | {judged.lost} | "
            f"{judged.repeated} | {judged.in_flight} | {judged.seconds:.0f} s{undisturbed} | {more} |"
        )

    def save(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        name = "-".join(word.replace(" ", "_") for word in (self.row, self.database, self.broker, self.scale))
        (FOLDER / f"{name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")
