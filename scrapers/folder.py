"""Site scrapers of one's own: the Python files of a folder, each loaded by itself."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from scrapers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from scrapers.registry import SiteScraper

CASES: Final = "cases"
"""The folder beside the files in which each scraper has a folder of golden cases."""
SHIPPED_CASES: Final = Path(__file__).parents[1] / "tests" / "cases" / "extractors"
"""Where the cases of Trawl's own scrapers are, in the same form; an image comes without tests."""
REMEDY: Final = "mend the file and restart; ./run scraper list shows which are used"
"""What to do about a mistake."""
_PACKAGE: Final = "trawl_scrapers"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Why a file, or a class of it, gives no scraper; `message` says the `line`, too, where there is one."""

    file: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a folder gave: its scrapers with the names of their files, and what was wrong with the others."""

    path: Path | None = None
    scrapers: tuple[tuple[str, SiteScraper], ...] = ()
    mistakes: tuple[Mistake, ...] = ()


@dataclass(slots=True)
class _Installed:
    """The folder of this process."""

    loaded: Loaded = field(default_factory=Loaded)


_INSTALLED: Final = _Installed()


def install(path: str) -> Loaded:
    """Load the folder at `path` and offer its scrapers; without a path none are."""
    loaded = load(Path(path)) if path else Loaded()
    _INSTALLED.loaded = loaded
    registry.add(tuple(scraper for _file, scraper in loaded.scrapers))
    return loaded


def installed() -> Loaded:
    """Return what this process has loaded."""
    return _INSTALLED.loaded


def is_name(text: str) -> bool:
    """Whether a scraper may be called so."""
    return _NAME.fullmatch(text) is not None


def load(path: Path) -> Loaded:
    """Return the scrapers of every file of a folder; what is wrong with one stops no other."""
    if not path.is_dir():
        return Loaded(path=path, mistakes=(Mistake(file=str(path), message="is not a folder"),))
    scrapers: list[tuple[str, SiteScraper]] = []
    mistakes: list[Mistake] = []
    taken = dict.fromkeys((choice.name for choice in registry.own_names()), "Trawl's own")
    for file in sorted(path.glob("[!_]*.py")):
        for found in _of_file(file):
            if isinstance(found, Mistake):
                mistakes.append(found)
            elif found.name in taken:
                said = f"the name {found.name} is taken: {taken[found.name]}"
                mistakes.append(Mistake(file=file.name, message=said))
            else:
                taken[found.name] = file.name
                scrapers.append((file.name, found))
    return Loaded(path=path, scrapers=tuple(scrapers), mistakes=tuple(mistakes))


def _of_file(file: Path) -> Iterator[SiteScraper | Mistake]:
    """Yield each scraper of a file, or what is wrong with it."""
    try:
        module = _module(file)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one file must not stop the others
        yield _raised(error, file)
        return
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "parse")
    ]
    if not classes:
        yield Mistake(file=file.name, message="has no class with parse(page)")
    for one in classes:
        try:
            scraper = one()
            wrong = _wrong(scraper)
            yield Mistake(file=file.name, message=wrong) if wrong else cast("SiteScraper", scraper)
        except Exception as error:  # noqa: BLE001 - as above
            yield _raised(error, file, within=f"{one.__name__}: ")


def _module(file: Path) -> ModuleType:
    name = f"{_PACKAGE}.{file.stem}"
    spec = util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("cannot be read as Python")
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _wrong(scraper: object) -> str:
    """Return what `scraper` lacks; it is asked once whether it knows a page that no site has."""
    kind = type(scraper).__name__
    name = getattr(scraper, "name", None)
    if not isinstance(name, str) or not is_name(name):
        return f"{kind}: name must be text in small letters, digits and _, such as my_shop"
    for said in ("title", "description"):
        if not isinstance(getattr(scraper, said, None), str):
            return f"{kind}: {said} must be text"
    matches = getattr(scraper, "matches", None)
    if not callable(matches):
        return f"{kind}: matches(url) is missing"
    if not isinstance(matches("https://scraper.invalid/"), bool):
        return f"{kind}: matches(url) must give True or False"
    return _wrong_callbacks(kind, scraper)


def _wrong_callbacks(kind: str, scraper: object) -> str:
    """Return what is wrong with the names of the methods that may be followed with."""
    callbacks = getattr(scraper, "callbacks", ())
    if not isinstance(callbacks, tuple) or not all(isinstance(name, str) for name in callbacks):
        return f'{kind}: callbacks must be a tuple of names of methods, such as ("detail",)'
    lacking = [name for name in callbacks if not callable(getattr(scraper, name, None))]
    return f"{kind}: callbacks names {lacking[0]}, which is none of its methods" if lacking else ""


def _raised(error: BaseException, file: Path, *, within: str = "") -> Mistake:
    line = error.lineno if isinstance(error, SyntaxError) else _line(error, file)
    where = f"line {line}: " if line else ""
    said = str(error.msg if isinstance(error, SyntaxError) else error)[:200]
    message = f"{within}{where}{type(error).__name__}{': ' if said else ''}{said}"
    return Mistake(file=file.name, message=message, line=line)


def _line(error: BaseException, file: Path) -> int | None:
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
