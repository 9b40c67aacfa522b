"""Tells Django about accounts."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """API tokens and their command."""

    name = "webui.accounts"
    label = "accounts"
