"""The sites that are crawled: documentation as Debian ships it, and generated pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import site

DOCUMENTATION: Final = {
    "python": ("/usr/share/doc/python3*/html", "python3-doc"),
    "postgresql": ("/usr/share/doc/postgresql-doc-*/html", "postgresql-doc"),
}
REQUIRED: Final = "python"
ROBOTS: Final = "User-agent: *\nDisallow: /private/\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site in a folder, and where a crawl of it starts.

    `pages` are the paths of all its pages where that is known; else what all crawlers found together.
    """

    name: str
    folder: Path
    start: str
    pages: frozenset[str] | None = None


def documentation(folder: Path) -> Place:
    """Return a site of the manuals that are installed, one of which must be Python's."""
    folder.mkdir()
    names = []
    for name, (pattern, package) in DOCUMENTATION.items():
        found = sorted({path.resolve() for path in Path("/").glob(f"{pattern[1:]}") if _is_whole(path)})
        if found:
            (folder / name).symlink_to(found[-1])
            names.append(name)
        elif name == REQUIRED:
            raise SystemExit(
                f"there is no {pattern}; install it: sudo apt install {package} (or --site generated)"
            )
        else:
            print(f"without {name}'s manual, which is not there: sudo apt install {package}")
    links = "".join(f'<li><a href="/{name}/index.html">{name}</a></li>' for name in names)
    (folder / "index.html").write_text(f"<!doctype html><title>Manuals</title><ul>{links}</ul>")
    (folder / "robots.txt").write_text(ROBOTS)
    return Place(name="documentation", folder=folder, start="/index.html")


def _is_whole(manual: Path) -> bool:
    return (manual / "index.html").is_file()


def generated(folder: Path, *, pages: int) -> Place:
    """Return a site of `pages` pages of 10 KB with 30 links each."""
    folder.mkdir()
    site.generate(folder, pages=pages)
    paths = frozenset(site.path_of(number) for number in range(pages))
    return Place(name="generated", folder=folder, start=site.path_of(0), pages=paths)


def single(folder: Path) -> Place:
    """Return a site of one page: what a crawl of it takes is what starting and ending takes."""
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title><p>The only page.</p>")
    (folder / "robots.txt").write_text(ROBOTS)
    return Place(name="single", folder=folder, start="/index.html", pages=frozenset({"/index.html"}))
