"""Reading stored pages again: tried from the form or the target's page, watched, and stored."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import Replay, Target
from crawler.queries import replays as queries
from crawler.services import replays
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget, Problem
from webui.pages import asking, sentences, target_form
from webui.pages.previews import wrong

SAMPLED = 200


@require_safe
def index(request: HttpRequest, pk: int) -> HttpResponse:
    target = _target(request, pk)
    with asking.known_place():
        page = queries.page(target, cursor=request.GET.get("cursor"))
    context = {"target": target, "page": page, "standings": [queries.standing(row) for row in page.rows]}
    return render(request, "replays/index.html", context)


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Read some or all of the stored pages with what the form says, or with what the target says.

    Where that is asked for their earlier versions are read, too.
    """
    target = _target(request, pk)
    from_form = "name" in request.POST
    asked = target_form.read(request.POST, saved=target.fields) if from_form else None
    if asked is not None and asked.problems:
        return wrong(request, asked.problems, target)
    data = asked.data if asked is not None else {}
    pages = None if request.POST.get("pages") == "all" else SAMPLED
    try:
        replay = replays.start(
            target=target,
            by=cast("User", request.user),
            data=data,
            pages=pages,
            earlier=bool(request.POST.get("earlier")),
            now=timezone.now(),
        )
    except InvalidTarget as error:
        if not from_form:
            messages.warning(request, f"The settings cannot be used: {error}")
            return redirect("target", pk=pk)
        return wrong(request, error.problems, target)
    except Busy as error:
        if from_form:
            return wrong(request, (Problem(field="", message=str(error)),), target)
        messages.warning(request, sentences.of_error(error))
        return redirect("replays", pk=pk)
    return _seen(request, replay)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "replays/show.html", _now(_replay(request, pk)))


@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    within_form = request.GET.get("within") == "form"
    return render(request, "replays/_live.html", _now(_replay(request, pk)) | {"within_form": within_form})


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read all stored pages with the settings of a trial that read some."""
    replay = _replay(request, pk)
    try:
        whole = replays.start(
            target=replay.target,
            by=cast("User", request.user),
            data=replay.settings,
            pages=None,
            earlier=replay.earlier,
            now=timezone.now(),
        )
    except (Busy, InvalidTarget) as error:
        messages.warning(request, sentences.of_error(error))
        return redirect("replay", pk=pk)
    return redirect("replay", pk=whole.pk)


@require_POST
def store(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the trial's settings and have all stored pages read, so that items change."""
    try:
        storing = replays.store(
            replay=_replay(request, pk), by=cast("User", request.user), now=timezone.now()
        )
    except (Busy, InvalidTarget) as error:
        messages.warning(request, sentences.of_error(error))
        return redirect("replay", pk=pk)
    messages.success(request, "The settings are saved. Items change as the stored pages are read.")
    return redirect("replay", pk=storing.pk)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    if replays.cancel(replay=_replay(request, pk), now=timezone.now()):
        messages.success(request, "Cancelled. What was stored stays.")
    return redirect("replay", pk=pk)


def _seen(request: HttpRequest, replay: Replay) -> HttpResponse:
    """Show a replay that has begun: in its place in the form, or on a page of its own."""
    if request.headers.get("HX-Request"):
        return render(request, "replays/_live.html", _now(replay) | {"within_form": True})
    return redirect("replay", pk=replay.pk)


def _now(replay: Replay) -> dict[str, Any]:
    standing = queries.standing(replay)
    return {
        "replay": replay,
        "target": replay.target,
        "standing": standing,
        "totals": standing.totals,
        "samples": queries.samples(replay),
        "samples_earlier": queries.samples(replay, earlier=True),
        "changes_settings": queries.differing(replay),
        "is_sample": replay.chosen is not None,
    }


def _target(request: HttpRequest, pk: int) -> Target:
    found = Target.objects.visible_to(request.user).select_related("schedule", "owner")
    return get_object_or_404(found, pk=pk)


def _replay(request: HttpRequest, pk: int) -> Replay:
    return get_object_or_404(queries.visible(request.user).select_related("target__owner", "by"), pk=pk)
