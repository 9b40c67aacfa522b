"""The page that proposes selectors for the fields of a held run, and repairs its target with them."""

from __future__ import annotations

from typing import Any, cast

import orjson
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from crawler.models import Run
from crawler.services import holding, mending
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget
from scrapers.suggesting import moving, nesting
from webui.pages import sentences

LONGEST = 10_000


@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is proposed, or take what was chosen."""
    found = Run.objects.visible_to(request.user).with_plain_target()
    run = get_object_or_404(found, pk=pk)
    try:
        if request.method == "POST":
            return _repaired(request, run)
        return _shown(request, run, mending.look(run))
    except mending.MoreRecords as error:
        messages.warning(request, sentences.of_error(error))
        return redirect("run-repair", pk=pk)
    except mending.LookFailed as error:
        return _shown(request, run, None, failed=str(error))
    except (holding.NotHeld, mending.CannotMend, Busy, InvalidTarget) as error:
        said = sentences.of_error(error)
        if request.method != "POST" and request.headers.get("HX-Request"):
            return render(request, "runs/repair.html", {"run": run, "is_over": said})
        messages.warning(request, said)
        return redirect("run", pk=pk)


def _shown(request: HttpRequest, run: Run, look: mending.Look | None, *, failed: str = "") -> HttpResponse:
    """Show what was found; without anything, that it is being looked for, can be, or why that failed."""
    fields = look.mended.fields if look else {}
    declared = run.target.fields
    shown = [
        (
            name,
            nesting.link_of(declared, name),
            moving.link_of(declared, name, found[0].declared),
            [
                (orjson.dumps(one.declared).decode(), one, given)
                for one, given in zip(found, look.counts(name) if look else (), strict=True)
            ],
        )
        for name, found in fields.items()
        if found
    ]
    is_looking = look is None and mending.is_looking(run)
    goes_on = is_looking or bool(look and look.progress and not look.progress.is_over)
    context: dict[str, Any] = {"run": run, "look": look, "shown": shown, "failed": failed}
    records = look.records if look else None
    context |= {"is_looking": is_looking, "goes_on": goes_on, "follows": bool(nesting.links(declared))}
    context["more"] = records if records and records.are_more else None
    return render(request, "runs/repair.html", context)


def _repaired(request: HttpRequest, run: Run) -> HttpResponse:
    if "look" in request.POST:
        mending.look_again(run, now=timezone.now())
        return redirect("run-repair", pk=run.pk)
    fields: dict[str, Any] = {}
    for key in request.POST:
        name, said = key.removeprefix("field-"), request.POST[key][:LONGEST]
        if said and key.startswith("field-") and nesting.at(run.target.fields, name) is not None:
            try:
                fields[name] = orjson.loads(said)
            except orjson.JSONDecodeError as error:
                raise mending.CannotMend(f"{name}: what was chosen cannot be read; choose again") from error
    row = request.POST.get("row", "")[:LONGEST]
    by = cast("User", request.user)
    more = "more" in request.POST
    replay = mending.repair(run, fields=fields, row=row, by=by, now=timezone.now(), more=more)
    messages.success(request, "The fields are saved, and the pages are read again.")
    return redirect("replay", pk=replay.pk)
