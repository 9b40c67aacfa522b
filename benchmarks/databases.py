"""The database of a benchmark: SQLite in its folder, or PostgreSQL where that is asked for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "DATABASE_URL"


@contextmanager
def chosen(folder: Path, *, postgres: bool) -> Iterator[dict[str, str]]:
    """Yield the variables that choose the database while the block lasts.

    PostgreSQL is that of DATABASE_URL, or a private cluster in `folder`, which waits for no disk
    (`fsync=off`).
    """
    given = os.environ.get(NAME, "")
    if not postgres:
        yield {}
    elif given.startswith("postgres"):
        yield {NAME: given}
    else:
        folder.chmod(0o755)  # the server runs as another user
        cluster = Cluster.start(folder / "postgres")
        try:
            yield {NAME: cluster.url}
        finally:
            cluster.stop()
