"""A process that begins a slice, claims what is due, says so, and waits to be killed."""

from __future__ import annotations

import os
import sys
import threading


def main() -> None:
    """Hold what can be claimed until the process ends; with "alone" also what must run alone."""
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
    threading.Event().wait(30)


if __name__ == "__main__":
    main()
