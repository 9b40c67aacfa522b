"""What the site's first process does before it forks the others."""

from __future__ import annotations

import gc

from webui.processes import gunicorn


def test_what_is_there_before_the_others_is_not_looked_through_for_cycles() -> None:
    before = gc.get_freeze_count()
    try:
        gunicorn.when_ready(None)

        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
