"""`alive`: says by its exit status whether one process of this machine does its work."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from crawler.models import Heartbeat
from crawler.queue import WORKERS
from crawler.stores import processes
from webui.processes import health

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

SILENT_FOR = timedelta(seconds=90)


class Command(BaseCommand):
    """A container's health check: the whole path of a process, not just that it exists."""

    help = "Exit with 0 when the named process of this machine does its work, else with 1."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", choices=["web", "beat", *(kind.name for kind in WORKERS)])
        parser.add_argument(
            "--port", type=int, default=8000, help="where the web site listens (default: 8000)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        process = options["process"]
        found = _web_answers(options["port"]) if process == "web" else _was_seen(process)
        if not found:
            self.stderr.write(f"{process} does not answer")
            sys.exit(1)


def _web_answers(port: int) -> bool:
    """Say whether the site answers and can store something; it does its work without the other parts."""
    name = health.name_among(list(settings.ALLOWED_HOSTS))
    return health.Site(host="127.0.0.1", port=port, name=name).parts().get("database") == "ok"


def _was_seen(kind: str) -> bool:
    since = timezone.now() - SILENT_FOR
    return Heartbeat.objects.filter(kind=kind, node=processes.node(), seen_at__gte=since).exists()
