"""What people registered to be crawled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Value

from crawler.models.fields import EncryptedJSONField, OrderedJSONField

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

DEFAULT_MAX_PAGES = 10_000


class Scope(models.TextChoices):
    """How far from its start URLs a target's crawl may go."""

    PAGE = "page", "Only the start URLs"
    PREFIX = "prefix", "Everything below the start URLs' folders"
    HOST = "host", "The start URLs' hosts"
    DOMAIN = "domain", "The start URLs' domains, with all their subdomains"


class TargetQuerySet(models.QuerySet["Target"]):
    """Reusable filters over targets."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> TargetQuerySet:
        """Return the targets `user` may see, never hidden ones.

        An administrator sees all, others their own and those that are shared.
        """
        shown = self.filter(deleted_at=None, hidden=False)
        if not user.is_authenticated:
            return shown.none()
        if getattr(user, "is_superuser", False):
            return shown
        return shown.filter(Q(owner_id=user.pk) | Q(shared=True))


class Target(models.Model):
    """What to crawl, as a person registered it.

    Besides its start URLs a run begins with what `sitemaps` list, and with `robots_sitemaps` those
    that the robots.txt of their hosts name; with `sitemaps_since` only what changed since then is taken.

    `keep` says how long earlier versions of its pages stay (`policy/versions.py`); `versions_removed`
    counts those that clean-up removed for it. `noise` is what versions are compared without.

    All may see a `shared` target, and operators may work on it. `hidden` ones belong to the terminal's
    crawls. A deleted target is only marked: clean-up removes its rows in small transactions.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="targets"
    )
    name = models.CharField(max_length=200)
    start_urls = models.JSONField(default=list)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.HOST)
    sitemaps = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    robots_sitemaps = models.BooleanField(default=False, db_default=False)
    sitemaps_since = models.CharField(max_length=40, blank=True, default="", db_default="")
    include = models.JSONField(default=list, blank=True)
    exclude = models.JSONField(default=list, blank=True)
    max_depth = models.PositiveSmallIntegerField(null=True, blank=True)
    max_pages = models.PositiveIntegerField(default=DEFAULT_MAX_PAGES, null=True, blank=True)
    max_minutes = models.PositiveIntegerField(null=True, blank=True)
    traps = models.JSONField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(0), MaxValueValidator(9)]
    )
    delay_seconds = models.FloatField(null=True, blank=True)
    connections = models.PositiveSmallIntegerField(null=True, blank=True)
    http2 = models.BooleanField(default=False, db_default=False)
    adapt_pace = models.BooleanField(default=True, db_default=True)
    obey_robots = models.BooleanField(default=True)
    deadline = models.JSONField(null=True, blank=True)
    max_age_seconds = models.PositiveIntegerField(null=True, blank=True)
    refresh_per_day = models.PositiveIntegerField(null=True, blank=True)
    removed_after = models.PositiveSmallIntegerField(null=True, blank=True)
    cookies = models.BooleanField(default=False, db_default=False)
    proxies = EncryptedJSONField(default=list, blank=True, null=True)
    login = EncryptedJSONField(default=dict, blank=True, null=True)
    headers = EncryptedJSONField(default=dict, blank=True)
    user_agent = models.CharField(max_length=400, blank=True, default="")
    scraper = models.CharField(max_length=100, default="auto")
    options = OrderedJSONField(default=dict, blank=True)
    fields = OrderedJSONField(default=dict, blank=True)
    row = models.CharField(max_length=1000, blank=True, default="")
    key = models.JSONField(default=list, blank=True)
    quality = OrderedJSONField(default=dict, db_default=Value({}, models.JSONField()), blank=True)
    keep = models.JSONField(null=True, blank=True)
    noise = models.JSONField(default=dict, db_default=Value({}, models.JSONField()), blank=True)
    tags = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    shared = models.BooleanField(default=False, db_default=False)
    hidden = models.BooleanField(default=False)
    versions_removed = models.PositiveBigIntegerField(default=0, db_default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        permissions = (("crawl_faster", "Can crawl faster than the default pace, or without robots.txt"),)
        indexes = (
            models.Index(fields=["deleted_at"], name="target_deleted", condition=Q(deleted_at__isnull=False)),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=9), name="target_priority_0_to_9"
            ),
        )

    def __str__(self) -> str:
        return self.name
