"""`python -m webui.processes.celery -A APP worker|beat ...` does what `celery` does with these words.

Celery's own command line imports all of its commands, and with the interactive one of them a library that
makes up a sixth of what a process imports until it works.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery.app.utils import find_app
from celery.bin.base import CLIContext

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str]) -> None:
    """Become the worker or beat; Celery's command ends this process."""
    _option, app, name, *rest = words
    command: Any = getattr(import_module(f"celery.bin.{name}"), name)
    context = CLIContext(app=find_app(app), no_color=False, workdir=None)
    command.main(args=rest, prog_name=f"celery {name}", obj=context)


if __name__ == "__main__":
    main(sys.argv[1:])
