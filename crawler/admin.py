"""Every table in Django's admin: people's settings to edit, the crawler's own rows to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import BinaryField
from django.utils.functional import cached_property

from crawler import models
from crawler.models.fields import EncryptedJSONField, OrderedJSONField

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    _Admin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _Admin = admin.ModelAdmin
    _Paginator = Paginator

MOST_ROWS = 10_000
INCOMPARABLE = (BinaryField, OrderedJSONField, EncryptedJSONField)


class Uncounted(_Paginator):
    """Pages of a table that is too large to count: offers the first rows only, newest first."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:MOST_ROWS].count()


class Comparing(_Admin):
    """Refuses filters by columns that no text of a URL can be compared with: bytes, secrets, ordered JSON."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        unfit = {column.name for column in self.opts.fields if isinstance(column, INCOMPARABLE)}
        return lookup.partition("__")[0] not in unfit and super().lookup_allowed(lookup, value, request)


class ReadOnly(Comparing):
    """Shows rows that only the crawler writes: changing one by hand would break what it relies on."""

    show_full_result_count = False
    paginator = Uncounted
    list_per_page = 50
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    hidden: ClassVar[tuple[str, ...]] = ()

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Target)
class TargetAdmin(Comparing):
    """Targets. They are registered and changed in the web page, which checks them; here they are read."""

    list_display = ("name", "owner", "scope", "scraper", "priority", "enabled", "hidden", "deleted_at")
    list_filter = ("enabled", "hidden", "scraper")
    list_select_related = ("owner",)
    search_fields = ("name",)
    exclude = ("headers", "login", "proxies")
    raw_id_fields = ("owner",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave what needs no check: whose it is, and whether it runs."""
        names = [field.name for field in models.Target._meta.fields]  # noqa: SLF001 Django's public name
        return [name for name in names if name not in {"owner", "enabled", "headers", "login", "proxies"}]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.TargetChange)
class TargetChangeAdmin(ReadOnly):
    list_display = ("id", "target", "at", "by_name", "kind", "restores")
    list_filter = ("kind",)
    list_select_related = ("target",)


@admin.register(models.Schedule)
class ScheduleAdmin(ReadOnly):
    list_display = (
        "target",
        "cron",
        "every_seconds",
        "timezone",
        "paused_at",
        "next_run_at",
        "last_run_at",
        "last_skip_reason",
    )
    list_select_related = ("target",)


@admin.register(models.Run)
class RunAdmin(ReadOnly):
    list_display = (
        "id",
        "target",
        "state",
        "trigger",
        "priority",
        "pages",
        "items",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "trigger", "priority")
    list_select_related = ("target",)
    hidden = ("headers", "secrets")


@admin.register(models.SitemapReading)
class SitemapReadingAdmin(ReadOnly):
    list_display = ("run", "url", "kind", "entries", "taken", "sitemaps")
    list_select_related = ("run",)


@admin.register(models.RunLogin)
class RunLoginAdmin(ReadOnly):
    list_display = ("run", "number", "working", "asked_at", "tries", "streak")


@admin.register(models.ProxyHealth)
class ProxyHealthAdmin(ReadOnly):
    list_display = ("target", "failures", "error", "rests_until", "changed_at")
    hidden = ("key",)


@admin.register(models.Host)
class HostAdmin(ReadOnly):
    list_display = ("origin", "due_at", "top_priority", "next_at", "robots_state", "failures", "hold_reason")
    search_fields = ("origin",)
    hidden = ("robots_body",)


@admin.register(models.Cookie)
class CookieAdmin(ReadOnly):
    list_display = ("id", "run_id")
    hidden = ("key", "secret")


@admin.register(models.Backlog)
class BacklogAdmin(ReadOnly):
    list_display = ("id", "run", "host", "kind", "priority", "open", "due_at")
    list_select_related = ("run", "host")


@admin.register(models.Request)
class RequestAdmin(ReadOnly):
    list_display = ("id", "run", "state", "status", "reason", "url")
    hidden = ("key",)


@admin.register(models.OutsideLink)
class OutsideLinkAdmin(ReadOnly):
    list_display = ("id", "run_id", "reason", "url")


@admin.register(models.SpareLink)
class SpareLinkAdmin(ReadOnly):
    list_display = ("id", "run_id", "depth", "url")
    hidden = ("key",)


@admin.register(models.PageVersion)
class PageVersionAdmin(ReadOnly):
    list_display = ("id", "target_id", "page_id", "status", "size", "began_at", "ended_at")
    hidden = ("body_hash",)


@admin.register(models.Sweep)
class SweepAdmin(ReadOnly):
    list_display = ("name", "place", "at")


@admin.register(models.PageFingerprint)
class PageFingerprintAdmin(ReadOnly):
    list_display = ("id", "simhash", "words")
    hidden = ("body_hash",)


@admin.register(models.CarriedRecord)
class CarriedRecordAdmin(ReadOnly):
    list_display = ("id", "run_id", "request", "level", "partial", "callback", "url")
    hidden = ("digest", "data")


@admin.register(models.SearchSegment)
class SearchSegmentAdmin(ReadOnly):
    list_display = ("id", "kind", "number", "changes", "built_at")


@admin.register(models.SearchMarks)
class SearchMarksAdmin(ReadOnly):
    list_display = ("id", "kind", "segment", "place")
    hidden = ("marks",)


@admin.register(models.ProblemKind)
class ProblemKindAdmin(ReadOnly):
    list_display = ("id", "run_id", "code", "field", "count", "pages")


@admin.register(models.ProblemSample)
class ProblemSampleAdmin(ReadOnly):
    list_display = ("id", "run_id", "code", "field", "number", "message", "url")


@admin.register(models.LaneState)
class LaneStateAdmin(ReadOnly):
    list_display = ("name", "rung_at", "started_at")


@admin.register(models.Slice)
class SliceAdmin(ReadOnly):
    list_display = ("owner", "lane", "node", "started_at", "renewed_at")


@admin.register(models.Page)
class PageAdmin(ReadOnly):
    list_display = ("id", "status", "content_type", "title", "changed_at", "url")
    hidden = ("key", "body_hash")


@admin.register(models.Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ("id", "size", "created_at")
    hidden = ("hash", "body")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")


@admin.register(models.Item)
class ItemAdmin(ReadOnly):
    list_display = ("id", "key", "version", "changed_at", "url")
    hidden = ("key_hash", "content_hash")


@admin.register(models.ItemVersion)
class ItemVersionAdmin(ReadOnly):
    list_display = ("id", "item_id", "version", "valid_from", "valid_to")
    hidden = ("content_hash",)


@admin.register(models.ItemFilling)
class ItemFillingAdmin(ReadOnly):
    list_display = ("id", "item_id", "version", "since", "until")


@admin.register(models.HeldItem)
class HeldItemAdmin(ReadOnly):
    list_display = ("run", "key", "seen_at")


@admin.register(models.Sighting)
class SightingAdmin(ReadOnly):
    list_display = ("id", "run_id", "item_id", "version")


@admin.register(models.ItemChange)
class ItemChangeAdmin(ReadOnly):
    list_display = ("number", "kind", "target_id", "item_id", "version", "at")
    list_filter = ("kind",)


@admin.register(models.UnnumberedChange)
class UnnumberedChangeAdmin(ReadOnly):
    list_display = ("id", "kind", "target", "item", "version", "at")


@admin.register(models.Replay)
class ReplayAdmin(ReadOnly):
    list_display = ("id", "target", "by", "state", "stores", "earlier", "total", "created_at", "finished_at")
    list_filter = ("state", "stores", "earlier")
    list_select_related = ("target", "by")


@admin.register(models.Changefeed)
class ChangefeedAdmin(ReadOnly):
    list_display = ("last", "forgotten")


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "kind", "target", "run", "created_at")
    list_filter = ("kind",)
    list_select_related = ("target", "run")


@admin.register(models.Webhook)
class WebhookAdmin(ReadOnly):
    list_display = ("name", "owner", "target", "origin", "enabled", "failing_since", "delivered_at")
    list_filter = ("enabled",)
    list_select_related = ("owner", "target")
    hidden = ("url", "secret")


@admin.register(models.Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("id", "webhook_id", "kind", "state", "tries", "status", "reason", "created_at")
    list_filter = ("state", "kind")


@admin.register(models.FreshnessWatch)
class FreshnessWatchAdmin(ReadOnly):
    list_display = ("target", "state", "since", "check_at")
    list_filter = ("state",)
    list_select_related = ("target",)


@admin.register(models.RefreshPlan)
class RefreshPlanAdmin(ReadOnly):
    list_display = ("target", "pages", "fresh", "planned_at", "credit", "credited_at")
    list_select_related = ("target",)


@admin.register(models.RepairLook)
class RepairLookAdmin(ReadOnly):
    list_display = ("run_id", "state", "total", "seen", "beat_at")
    list_filter = ("state",)


@admin.register(models.Losses)
class LossesAdmin(ReadOnly):
    list_display = ("target",)
    list_select_related = ("target",)


@admin.register(models.OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    list_display = ("id", "work", "created_at", "published_at")


@admin.register(models.Outage)
class OutageAdmin(ReadOnly):
    list_display = ("id", "kind", "began_at", "ended_at")
    list_filter = ("kind",)


@admin.register(models.WriteProbe)
class WriteProbeAdmin(ReadOnly):
    list_display = ("name", "written_at")
    hidden = ("filler",)


@admin.register(models.SkippedRun)
class SkippedRunAdmin(ReadOnly):
    list_display = ("id", "target_id", "nominal_at", "times", "kind", "reason")
    list_filter = ("kind",)


@admin.register(models.Heartbeat)
class HeartbeatAdmin(ReadOnly):
    list_display = ("name", "kind", "node", "pid", "started_at", "seen_at")
