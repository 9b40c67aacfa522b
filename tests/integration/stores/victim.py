"""A process that begins a slice, claims what is due, says so, and waits to be killed."""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta


def main() -> None:
    """Hold what can be claimed until the process ends.

    With "alone" also what must run alone; with "hang" its reader is stuck in the first page.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

    from crawler.models import Slice
    from crawler.stores import processes
    from crawler.stores.clock import DatabaseClock
    from tests.integration.stores.hands import Hands

    clock = DatabaseClock()
    owner = processes.new_owner()
    hands = Hands(clock, owner=owner)
    Slice.objects.filter(owner=owner).update(node=processes.node())
    claims = hands.claims()
    if "alone" in sys.argv:
        claims |= {claim.url: claim for claim in hands.look(lease=False, alone=True).claims}
    sys.stdout.write(f"{len(claims)}\n")
    sys.stdout.flush()
    if "hang" in sys.argv:
        hang(owner, next(iter(claims.values())).id)
    threading.Event().wait(30)


def hang(owner: str, request: int) -> None:
    """Read a page with a person's XPath that never ends, which no signal interrupts."""
    from lxml import etree

    from crawler.engine.reading import TimedReader
    from crawler.stores import keeper
    from crawler.stores.clock import DatabaseClock

    keeper.HUNG_SECONDS = 0.5
    reader = TimedReader()
    lengths = {
        "every": timedelta(milliseconds=20),
        "send_time": timedelta(seconds=45),
        "lease_time": timedelta(seconds=60),
    }
    page = etree.fromstring("<a>" + "<b/>" * 300 + "</a>")
    endless = etree.XPath("//b[count(" * 8 + "//b" + ")>0]" * 8)
    with reader, keeper.LeaseKeeper(owner=owner, clock=DatabaseClock(), reader=reader, **lengths):
        reader.read(request, lambda: endless(page))


if __name__ == "__main__":
    main()
