"""Registers, changes and removes webhooks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler import conf
from crawler.models import EventKind, Target, Webhook
from crawler.policy import webhooks as policy
from crawler.services import reach
from crawler.services.drafts import Problem
from crawler.services.drafts.values import Wrong, flag, text, wrong
from crawler.urls import BadUrl, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import User

KEYS = ("name", "url", "target", "kinds", "enabled")
MOST_WEBHOOKS = 100
REFUSED = (
    "this address is not on the public web; "
    "whoever runs Trawl can open its network and port, such as EGRESS_ALLOW=10.1.0.0/16:8080"
)


class InvalidWebhook(Exception):
    """Settings that cannot be stored, with every problem beside its field."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Registered:
    """A new webhook with its signing secret, which nobody can read again."""

    webhook: Webhook
    secret: str


def create(*, owner: User, data: object, now: datetime) -> Registered:
    """Register a webhook of `owner`. Raises InvalidWebhook."""
    values = _read(data, user=owner, needed=("name", "url"))
    if Webhook.objects.filter(owner=owner, deleted_at=None).count() >= MOST_WEBHOOKS:
        raise InvalidWebhook((Problem(field="", message=f"you have {MOST_WEBHOOKS} webhooks; remove one"),))
    secret = _new_secret()
    webhook = Webhook.objects.create(owner=owner, secret=secret, created_at=now, updated_at=now, **values)
    return Registered(webhook, secret)


def update(*, webhook: Webhook, data: object, by: User, now: datetime) -> None:
    """Change what `data` gives and nothing else. Raises InvalidWebhook.

    A webhook that is turned on again counts as not failing.
    """
    values = _read(data, user=by, needed=())
    if values.get("enabled") and not webhook.enabled:
        values |= {"disabled_reason": "", "failing_since": None, "failed_tries": 0}
    for key, value in values.items():
        setattr(webhook, key, value)
    webhook.updated_at = now
    webhook.save(update_fields=[*values, "updated_at"])


def change_secret(*, webhook: Webhook, now: datetime) -> str:
    """Give a webhook another signing secret and return it; the old one signs nothing any more."""
    webhook.secret = secret = _new_secret()
    webhook.updated_at = now
    webhook.save(update_fields=["secret", "updated_at"])
    return secret


def delete(*, webhook: Webhook, now: datetime) -> None:
    """Hide a webhook at once and send nothing more to it; clean-up removes its rows later."""
    webhook.enabled, webhook.deleted_at = False, now
    webhook.save(update_fields=["enabled", "deleted_at"])


def _new_secret() -> str:
    return policy.secret_of(secrets.token_bytes(policy.KEY_BYTES))


def _read(data: object, *, user: User, needed: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns that `data` gives; every problem is raised at once."""
    if not isinstance(data, dict):
        raise InvalidWebhook((Problem(field="", message="must be an object with the webhook's settings"),))
    problems = [Problem(field=str(key), message="is not a setting") for key in data if key not in KEYS]
    problems += [Problem(field=key, message="is missing") for key in needed if key not in data]
    values: dict[str, Any] = {}
    for key in KEYS:
        if key not in data:
            continue
        try:
            values |= _column(key, data[key], user)
        except Wrong as error:
            problems += [Problem(field=key, message=message) for _path, message in error.problems]
    if problems:
        raise InvalidWebhook(tuple(problems))
    return values


def _column(key: str, value: object, user: User) -> Mapping[str, Any]:
    match key:
        case "name":
            return {"name": text(least=1, most=200)(value)}
        case "url":
            return _place(value)
        case "target":
            return {"target": _target(value, user)}
        case "kinds":
            return {"kinds": _kinds(value)}
        case _:
            return {"enabled": flag(value)}


def _place(value: object) -> dict[str, str]:
    """Return a URL as it is kept, and what of it is shown."""
    try:
        url = canonical(text(least=1, most=2_048)(value), keep_tracking=True)
    except BadUrl as error:
        raise wrong(str(error)) from None
    if reach.refused([url.text], allow=conf.crawl().egress_allow):
        raise wrong(REFUSED)
    return {"url": url.text, "origin": url.origin}


def _target(value: object, user: User) -> Target | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong("must be the number of a target, or null for all of yours")
    found = Target.objects.visible_to(user).filter(pk=value).first() if abs(value) < 2**63 else None
    if found is None:
        raise wrong("there is no such target, or none that you may see")
    return found


def _kinds(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise wrong("must be a list of kinds of events; an empty one means all")
    unknown = [kind for kind in value if kind not in EventKind.values]
    if unknown:
        raise wrong(f"{unknown[0][:40]!r} is no kind of event; there are {', '.join(EventKind.values)}")
    return [kind.value for kind in EventKind if kind.value in value]
