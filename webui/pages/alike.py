"""Stored pages of a target that are near copies of each other: read some at a time, and shown in groups."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from crawler.models import Target
from crawler.queries import alike as queries
from crawler.queries import turns
from crawler.services import alike
from crawler.trials import CannotTry
from webui.pages import asking


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the groups among the pages that were read; POST reads the next ones, for some seconds."""
    target = get_object_or_404(Target.objects.visible_to(request.user), pk=pk)
    address = reverse("target-alike", args=[pk])
    if request.method == "POST":
        after = asking.id_of(request.POST.get("after", "")) or 0
        try:
            with turns.taken():
                step = alike.step(target.pk, after=after)
        except turns.Busy as error:
            messages.warning(request, f"{str(error).capitalize()}.")
            return redirect(f"{address}?after={after}" if after else address)
        except CannotTry:
            messages.warning(request, "The pages cannot be read just now; try again in a while.")
            return redirect(address)
        return redirect(f"{address}?after={step.after}" if step.after is not None else f"{address}?done=1")
    context: dict[str, object] = {
        "target": target,
        "after": asking.number(request, "after"),
        "is_done": bool(asking.text(request, "done")),
    }
    try:
        with turns.taken():
            context["found"] = queries.of_target(target.pk)
    except turns.Busy as error:
        context["refusal"] = str(error)
    return render(request, "alike/show.html", context)
