"""Sends the messages that are due, at once and each by itself, and writes down what came of them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Min, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from crawler import conf
from crawler.fetch.guard import EgressGuard
from crawler.fetch.sender import AT_ONCE, Sender
from crawler.fetch.tls import trust
from crawler.http import Fetched
from crawler.models import GONE, Delivery, DeliveryState, Webhook
from crawler.policy import webhooks as policy
from crawler.policy.addresses import AddressPolicy, parse_allow
from crawler.policy.webhooks import Delivered, GivenUp, TryAgain
from crawler.services import deliveries

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.http import Outcome
    from crawler.policy.webhooks import Verdict

MOST_OF_ONE = 8
LONGEST_LOG = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message that this process is to send, and which try that is."""

    delivery: int
    webhook: int
    tries: int
    url: str
    secret: str
    message_id: str
    body: bytes


def work(*, now: datetime) -> int:
    """Write the messages of new events and send what is due; return how many were sent."""
    while deliveries.announce(now=now) == deliveries.EVENTS_AT_ONCE:
        continue
    claims = claim(now=now)
    if claims:
        for claimed, outcome in zip(claims, asyncio.run(_send_all(claims)), strict=True):
            record(claimed, outcome, now=timezone.now(), jitter=random.random())
    return len(claims)


def claim(*, now: datetime) -> list[Claim]:
    """Take messages that are due, of each webhook a few, so that none holds up the others."""
    due = Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=now, webhook__enabled=True)
    first = due.values("webhook").annotate(since=Min("next_try_at")).order_by("since", "webhook")
    claims: list[Claim] = []
    for webhook in list(first.values_list("webhook", flat=True)[:AT_ONCE]):
        waiting = due.filter(webhook=webhook).select_related("webhook").order_by("next_try_at", "id")
        for delivery in waiting[: min(MOST_OF_ONE, AT_ONCE - len(claims))]:
            claims += filter(None, [_take(delivery, now=now)])
    return claims


def _take(delivery: Delivery, *, now: datetime) -> Claim | None:
    """Count the try before it is made; None when somebody else was faster."""
    tries = delivery.tries + 1
    mine = Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, tries=delivery.tries, next_try_at=delivery.next_try_at
    )
    if not mine.update(tries=tries, next_try_at=now + policy.latest_wait(tries)):
        return None
    return Claim(
        delivery=delivery.pk,
        webhook=delivery.webhook_id,
        tries=tries,
        url=delivery.webhook.url,
        secret=delivery.webhook.secret,
        message_id=delivery.message_id,
        body=delivery.payload.encode(),
    )


async def _send_all(claims: list[Claim]) -> list[Outcome]:
    settings = conf.crawl()
    guard = EgressGuard(AddressPolicy(allow=parse_allow(settings.egress_allow)))
    try:
        async with Sender(guard, user_agent=settings.user_agent, tls=trust(settings.tls_ca_file)) as sender:
            return await asyncio.gather(*(_send(sender, claimed) for claimed in claims))
    finally:
        guard.close()


async def _send(sender: Sender, claimed: Claim) -> Outcome:
    headers = policy.headers_for(
        secret=claimed.secret, message_id=claimed.message_id, at=timezone.now(), body=claimed.body
    )
    return await sender.post(claimed.url, claimed.body, headers)


@transaction.atomic
def record(claimed: Claim, outcome: Outcome, *, now: datetime, jitter: float = 0.0) -> None:
    """Write what came of a try, unless the message was asked for anew meanwhile."""
    verdict = policy.decide(outcome, tries=claimed.tries, jitter=jitter, now=now)
    delivery = (
        Delivery.objects.select_for_update()
        .filter(pk=claimed.delivery, tries=claimed.tries, state=DeliveryState.WAITING)
        .first()
    )
    if delivery is None:
        return
    status = outcome.status if isinstance(outcome, Fetched) else None
    reason = "" if isinstance(verdict, Delivered) else verdict.reason
    entry = {"at": now.isoformat(), "status": status, "reason": reason}
    delivery.log = [*delivery.log, {**entry, "seconds": round(outcome.elapsed_seconds, 3)}][-LONGEST_LOG:]
    delivery.status, delivery.reason = status, reason
    match verdict:
        case TryAgain(after=after):
            delivery.next_try_at = now + after
        case Delivered() | GivenUp():
            delivery.next_try_at, delivery.settled_at = None, now
            taken = isinstance(verdict, Delivered)
            delivery.state = DeliveryState.DELIVERED if taken else DeliveryState.FAILED
    delivery.save(update_fields=["log", "status", "reason", "next_try_at", "settled_at", "state"])
    _note(claimed.webhook, verdict, now=now)


def _note(webhook: int, verdict: Verdict, *, now: datetime) -> None:
    """Keep on the webhook how its receiver fares; one that wants no more is turned off."""
    row = Webhook.objects.filter(pk=webhook)
    if isinstance(verdict, Delivered):
        row.update(failing_since=None, failed_tries=0, delivered_at=now)
        return
    row.update(failing_since=Coalesce("failing_since", Value(now)), failed_tries=F("failed_tries") + 1)
    if isinstance(verdict, GivenUp) and verdict.gone:
        row.update(enabled=False, disabled_reason=GONE, updated_at=now)
