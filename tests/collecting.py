"""How three processes that collect the same tests do less: each compiles a third, and none looks for garbage.

Loaded with `-p`, as it comes before anything is collected.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCHES_AFTER: Final = (10_000, 10, 20)
"""What Python has as 700, 10, 10; so often, it took a seventh of the CPU of tests that start no programs."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Look for no garbage in what stays until the end, and leave it out of the few later searches."""
    gc.disable()
    try:
        _import_share(session.config)
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*SEARCHES_AFTER)
        gc.enable()


def _import_share(config: pytest.Config) -> None:
    """Import modules of tests that none of the other processes imports first, so that these find bytecode.

    pytest puts its own code into each assertion, which takes 10 s of CPU for all of them where nobody did
    yet: in every fresh clone. What cannot be imported is told when it is collected.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return
    root, number = config.rootpath, int(worker["workerid"].removeprefix("gw"))
    paths = sorted((root / "tests").rglob("test_*.py"))
    for path in paths[number :: worker["workercount"]]:
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(root).with_suffix("").parts))
