"""Tells Django about the processes, for the command `up`."""

from __future__ import annotations

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """The service's processes."""

    name = "webui.processes"
    label = "processes"
