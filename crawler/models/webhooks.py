"""Who is told of events over HTTP, and what became of each message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from crawler.models.fields import EncryptedJSONField

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

TEST_KIND = "webhook.test"
GONE = "gone"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Reusable filters over webhooks."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> WebhookQuerySet:
        """Return the webhooks `user` may see: an administrator all, others their own."""
        if not user.is_authenticated:
            return self.none()
        kept = self.filter(deleted_at=None)
        return kept if getattr(user, "is_superuser", False) else kept.filter(owner_id=user.pk)


class Webhook(models.Model):
    """Where a person has events of a target, or of all their targets, sent.

    `kinds` empty means every kind. The URL may hold a secret, so it lies encrypted as the signing
    secret does, and only its origin is shown. `failing_since` is set while the last try failed. A deleted
    webhook is only marked: clean-up removes its messages in small transactions.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=200)
    target = models.ForeignKey(
        "crawler.Target", null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks"
    )
    kinds = models.JSONField(default=list, blank=True)
    url = EncryptedJSONField()
    origin = models.CharField(max_length=300)
    secret = EncryptedJSONField()
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=40, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    failed_tries = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    """Where a message stands; it may be sent again from the last two."""

    WAITING = "waiting", "waiting"
    DELIVERED = "delivered", "delivered"
    FAILED = "failed", "failed"


class Delivery(models.Model):
    """One message to one webhook: of an event there is one at most, the database refuses a second.

    A claim counts the try and moves `next_try_at` before anything is sent, so a process that vanishes
    repeats a message and never loses it; `message_id` stays, and tells the receiver. `event` is a number
    and no reference: events are removed when they are old.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.BigIntegerField(null=True, blank=True)
    message_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    payload = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=60, blank=True, default="")
    log = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(db_index=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
            models.Index(
                fields=["next_try_at"], name="delivery_waiting", condition=Q(state=DeliveryState.WAITING)
            ),
        )
        constraints = (models.UniqueConstraint(fields=["webhook", "event"], name="delivery_once_per_event"),)

    def __str__(self) -> str:
        return f"{self.kind} to webhook {self.webhook_id}"
