"""`move`: takes everything of an SQLite database over into an empty PostgreSQL one."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from webui.processes import lock, moving
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Copies all rows while nothing runs; the file stays as it is."""

    help = "Take everything of an SQLite database over into the empty PostgreSQL database of DATABASE_URL."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", type=Path, help="the SQLite database, such as var/trawl.sqlite3"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        var = Path(settings.VAR_DIR)
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with lock.held(var / "up.lock", url="no address (./run move)", patience=timedelta()):
                copied = moving.move(options["file"], say=self.stdout.write)
        except (moving.CannotMove, CannotStart) as error:
            self.stderr.write(f"move: {error}")
            sys.exit(1)
        self.stdout.write(f"{copied:,} rows are taken over; {options['file']} is as it was.")
        self.stdout.write("Start ./run up with the same DATABASE_URL and the same var/ (it has the keys).")
