"""Why the service cannot start, in one line that a person can act on."""

from __future__ import annotations


class CannotStart(Exception):
    """The service cannot start; the message is one line and names what to do."""
