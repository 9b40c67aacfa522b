#!/usr/bin/env python
"""Django's command line; a setting that cannot be used is one line, not a traceback."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
    try:
        utility = ManagementUtility(sys.argv)
        utility.prog_name = "./run"  # which is what people call
        utility.execute()
    except ImproperlyConfigured as error:
        sys.exit(f"trawl: {error}")


if __name__ == "__main__":
    main()
