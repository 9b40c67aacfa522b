"""The crawlers that are compared, and how each is started."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.crawls import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BASE: Final = Path(__file__).resolve().parents[2]
PEERS: Final = BASE / "benchmarks" / "peers"
ITEMS: Final = "items.jsonl"
OURS: Final = "Trawl"
REFERENCE: Final = "wget -r"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One crawler. `command` is given the start URL and an empty folder, where its items go to `ITEMS`."""

    name: str
    command: Callable[[str, Path], list[str]]
    writes_items: bool = True
    variables: Callable[[Path], dict[str, str]] = field(default=lambda _folder: {})

    def environment(self, folder: Path) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "PYTHONPATH"}
        }
        return kept | self.variables(folder)


def chosen(names: Iterable[str] | None, *, beside: Iterable[Path] = ()) -> list[Contender]:
    """Return those whose names contain one of `names`, all without; the peers are installed if needed.

    `beside` are other checkouts of Trawl, to be compared with this one.
    """
    wanted = [name.lower() for name in names or ()]
    every = _every(beside)
    found = [known for known in every if not wanted or any(name in known.name.lower() for name in wanted)]
    if not found:
        raise SystemExit(f"--only: choose among {', '.join(known.name for known in every)}")
    if any(known.name.startswith(("Scrapy", "Crawlee")) for known in found):
        environment.prepare()
    return [known for known in found if known.name != REFERENCE or _has_wget()]


def _every(beside: Iterable[Path]) -> list[Contender]:
    trees = {OURS: BASE} | {f"{OURS} in {tree}": tree for tree in beside}
    return [
        *(
            Contender(name=name, command=_trawl(tree), variables=_trawls_variables)
            for name, tree in trees.items()
        ),
        Contender(name=REFERENCE, command=_wget, writes_items=False),
        *(
            Contender(name=f"{peer}, {kind}", command=_peer(program, kind))
            for peer, program, kinds in (
                ("Scrapy", "scrapy_peer.py", ("defaults", "tuned")),
                ("Crawlee", "crawlee_peer.py", ("parsel", "beautifulsoup")),
            )
            for kind in kinds
        ),
    ]


def _trawl(tree: Path) -> Callable[[str, Path], list[str]]:
    def command(start: str, folder: Path) -> list[str]:
        options = ["--delay", "0", "--pages", "10000000", "--scraper", "auto", "-o", str(folder / ITEMS)]
        return [_python(tree), str(tree / "manage.py"), "crawl", start, *options]

    return command


def _python(tree: Path) -> str:
    """Return what runs a checkout: another one's own Python and packages where it has them, else these."""
    own = tree / ".venv" / "bin" / "python"
    return str(own) if tree != BASE and own.exists() else sys.executable


def _trawls_variables(folder: Path) -> dict[str, str]:
    return {"TRAWL_VAR": str(folder / "var"), "EGRESS_ALLOW": "127.0.0.0/8"}


def _wget(start: str, folder: Path) -> list[str]:
    return ["wget", "-r", "-l", "inf", "--quiet", "--follow-tags=a,area", "-P", str(folder), start]


def _peer(program: str, kind: str) -> Callable[[str, Path], list[str]]:
    def command(start: str, folder: Path) -> list[str]:
        return [str(environment.python()), str(PEERS / program), kind, start, str(folder / ITEMS)]

    return command


def _has_wget() -> bool:
    if shutil.which("wget") is None:
        print(f"without {REFERENCE}, which is not there: sudo apt install wget")
        return False
    return True
