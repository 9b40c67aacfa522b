"""A process that ticks or reconciles whenever it is told the time, and says when it is done."""

from __future__ import annotations

import os
import sys
from datetime import datetime

RECONCILIATIONS = 3


def main() -> None:
    """Do one kind of work, "tick" or "reconcile", for each time that a line of the input gives."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    import django
    from django.conf import settings

    kind, settings.DATABASES["default"]["NAME"] = sys.argv[1:3]
    django.setup()

    from crawler import queue
    from crawler.services import reconciling, ticking

    setattr(queue, "send_slice", lambda _lane: None)  # noqa: B010 there is no broker to ring
    _say("ready")
    for line in sys.stdin:
        now = datetime.fromisoformat(line.strip())
        if kind == "tick":
            ticking.tick(now=now)
        else:
            for _ in range(RECONCILIATIONS):
                reconciling.reconcile(now=now)
        _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
