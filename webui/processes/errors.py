"""Why the service cannot start, in one line that a person can act on."""

from __future__ import annotations


class CannotStart(Exception):
    """The service cannot start; the message is one line and names what to do."""


class Refused(CannotStart):
    """supervisord did not do what it was asked to, and goes on."""
