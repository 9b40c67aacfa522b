"""How three processes that collect the same tests do less: each compiles a third, and none collects garbage.

Loaded with `-p`, as it comes before anything is collected.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Look for no garbage in what stays until the end, and then leave it out of each later search."""
    gc.disable()
    try:
        _import_share(session.config)
        yield
    finally:
        gc.collect()
        gc.freeze()
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
