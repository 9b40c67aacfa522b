"""API tokens and roles in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from webui.accounts.models import ApiToken, Membership

if TYPE_CHECKING:
    from django.http import HttpRequest

    _Admin = admin.ModelAdmin[ApiToken]
    _Members = admin.ModelAdmin[Membership]
else:
    _Admin = _Members = admin.ModelAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(_Admin):
    """Shows and removes tokens; `./run token` makes them, since only then their text can be shown."""

    list_display = ("prefix", "user", "name", "scopes", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username")
    readonly_fields = ("prefix", "user", "scopes", "created_at", "last_used_at")
    exclude = ("digest",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(_Members):
    """Roles, to look at: they are given on the page of people."""

    list_display = ("user", "role")
    list_filter = ("role",)
    list_select_related = ("user",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return False
