"""The webhooks pages: the list, one webhook with its log, its form; trying it out and sending again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crawler.models import EventKind, Target, Webhook
from crawler.policy.webhooks import TRIES
from crawler.queries import webhooks as listed
from crawler.services import deliveries, webhooks
from crawler.services.webhooks import InvalidWebhook
from webui.accounts.models import Role
from webui.accounts.roles import least
from webui.pages import asking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_TARGETS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookForm:
    """The form as it is shown: the text of each control, the kinds that are ticked, problems by control."""

    values: Mapping[str, str]
    ticked: Sequence[str] = ()
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)

    kinds = EventKind.choices


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    with asking.known_place():
        page = listed.page(request.user, cursor=request.GET.get("cursor"))
    return render(request, "webhooks/index.html", {"page": page})


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Register a webhook and show its signing secret, this once."""
    if request.method != "POST":
        blank = {"name": "", "url": "", "enabled": "on", "target": asking.text(request, "target")}
        return _form(request, WebhookForm(values=blank))
    try:
        registered = webhooks.create(owner=_person(request), data=_asked(request), now=timezone.now())
    except InvalidWebhook as error:
        return _form(request, _refused(request, error))
    return _page(request, registered.webhook, secret=registered.secret)


@require_safe
def show(request: HttpRequest, webhook_id: int) -> HttpResponse:
    return _page(request, _webhook(request, webhook_id))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, webhook_id: int) -> HttpResponse:
    webhook = _webhook(request, webhook_id)
    if request.method != "POST":
        return _form(request, _of(webhook), webhook=webhook)
    data = _asked(request)
    if not data["url"]:
        del data["url"]
    try:
        webhooks.update(webhook=webhook, data=data, by=_person(request), now=timezone.now())
    except InvalidWebhook as error:
        return _form(request, _refused(request, error), webhook=webhook)
    messages.success(request, f"{webhook.name} is saved.")
    return redirect("webhook", webhook_id=webhook.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, webhook_id: int) -> HttpResponse:
    webhook = _webhook(request, webhook_id)
    if request.method != "POST":
        return render(request, "webhooks/delete.html", {"webhook": webhook})
    webhooks.delete(webhook=webhook, now=timezone.now())
    messages.success(request, f"{webhook.name} is deleted.")
    return redirect("webhooks")


@require_POST
def secret(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Make another signing secret and show it, this once."""
    webhook = _webhook(request, webhook_id)
    return _page(request, webhook, secret=webhooks.change_secret(webhook=webhook, now=timezone.now()))


@require_POST
def test(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send a test event."""
    webhook = _webhook(request, webhook_id)
    try:
        deliveries.test(webhook=webhook, now=timezone.now())
    except (deliveries.WebhookIsOff, deliveries.TooManyTests) as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, "A test event is on its way; what came of it is in the log within seconds.")
    return redirect("webhook", webhook_id=webhook.pk)


@require_POST
def replay(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Send a message once more."""
    webhook = _webhook(request, webhook_id)
    message = get_object_or_404(webhook.deliveries.select_related("webhook"), pk=delivery_id)
    try:
        deliveries.replay(delivery=message, now=timezone.now())
    except deliveries.WebhookIsOff as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, "The message is sent once more.")
    return redirect("webhook", webhook_id=webhook.pk)


def _page(request: HttpRequest, webhook: Webhook, *, secret: str = "") -> HttpResponse:
    with asking.known_place():
        page = listed.deliveries(webhook, cursor=request.GET.get("cursor"), size=25)
    context = {
        "webhook": webhook,
        "kinds": [EventKind(kind).label for kind in webhook.kinds if kind in EventKind.values],
        "page": page,
        "secret": secret,
        "most_tries": TRIES,
    }
    response = render(request, "webhooks/show.html", context)
    add_never_cache_headers(response)
    return response


def _form(request: HttpRequest, form: WebhookForm, *, webhook: Webhook | None = None) -> HttpResponse:
    mine = Target.objects.visible_to(request.user).order_by("name", "pk").values_list("pk", "name")
    targets = [("", "all of my targets"), *((str(pk), name) for pk, name in mine[:MOST_TARGETS])]
    context = {"form": form, "webhook": webhook, "targets": targets}
    return render(request, "webhooks/form.html", context, status=422 if form.problems else 200)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Return the settings that a form asks for."""
    target = request.POST.get("target", "")
    return {
        "name": request.POST.get("name", ""),
        "url": request.POST.get("url", "").strip(),
        "target": asking.id_of(target) if target else None,
        "kinds": request.POST.getlist("kinds"),
        "enabled": "enabled" in request.POST,
    }


def _of(webhook: Webhook) -> WebhookForm:
    values = {
        "name": webhook.name,
        "url": "",
        "target": str(webhook.target_id or ""),
        "enabled": "on" if webhook.enabled else "",
    }
    return WebhookForm(values=values, ticked=webhook.kinds)


def _refused(request: HttpRequest, error: InvalidWebhook) -> WebhookForm:
    """Return the form as it was sent, with what is wrong beside each control."""
    problems: dict[str, list[str]] = {}
    for problem in error.problems:
        problems.setdefault(problem.field or "name", []).append(problem.message)
    values = {name: request.POST.get(name, "") for name in ("name", "url", "target", "enabled")}
    return WebhookForm(values=values, ticked=request.POST.getlist("kinds"), problems=problems)


def _webhook(request: HttpRequest, webhook_id: int) -> Webhook:
    found = Webhook.objects.visible_to(request.user).select_related("target", "owner")
    return get_object_or_404(found, pk=webhook_id)


def _person(request: HttpRequest) -> User:
    """Return who asks; LoginRequiredMiddleware lets nobody else come this far."""
    return cast("User", request.user)
