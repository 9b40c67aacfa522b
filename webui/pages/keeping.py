"""What a target keeps of its pages' earlier versions: how much that is, and what other bounds would free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from crawler.models import Target
from crawler.policy import versions as policy
from crawler.queries import versions
from crawler.services import drafts, judging, targets
from crawler.services.targets import InvalidTarget
from webui.pages.target_form import keeping

TRIED: Final = "tried"
"""What says that bounds were typed: all of them empty are bounds, too."""
JUDGED: Final = "judged"
"""What says that changes are to be judged again, instead of bounds."""


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is kept, and what typed bounds would free; POST saves them, or has changes judged again."""
    target = get_object_or_404(
        Target.objects.visible_to(request.user).select_related("schedule", "owner"), pk=pk
    )
    if JUDGED in request.POST:
        _judge_again(request, target)
        return redirect("target-versions", pk=pk)
    typed = request.POST if request.method == "POST" else request.GET
    keep = keeping.read(typed) if TRIED in typed else target.keep
    try:
        draft = targets.validate(
            {"keep": keep}, existing=target, by=cast("User", request.user), now=timezone.now()
        )
    except InvalidTarget as error:
        texts = {name: typed.get(name, "")[:20] for name in keeping.CONTROLS}
        return _page(request, target, texts, None, problems=error.problems)
    if request.method == "POST":
        targets.update(target=target, data={"keep": keep}, by=cast("User", request.user), now=timezone.now())
        messages.success(request, "Saved. The next clean-up, within an hour, removes what is not kept.")
        return redirect("target-versions", pk=pk)
    return _page(request, target, keeping.shown(draft.values["keep"]), draft.values["keep"], problems=())


def _judge_again(request: HttpRequest, target: Target) -> None:
    try:
        count = judging.judge_again(target)
    except judging.NothingToJudge as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, f"Earlier changes to be judged: {count:,}. Each says so until it is.")


def _page(
    request: HttpRequest,
    target: Target,
    texts: Mapping[str, str],
    keep: Mapping[str, Any] | None,
    *,
    problems: tuple[drafts.Problem, ...],
) -> HttpResponse:
    beside: dict[str, tuple[str, ...]] = {}
    for problem in problems:
        name = keeping.control(problem.field.partition(".")[2])
        beside[name] = (*beside.get(name, ()), problem.message)
    context = {
        "target": target,
        "form": {"values": dict.fromkeys(keeping.CONTROLS, "") | dict(texts), "problems": beside},
        "outlook": None if problems else versions.outlook(target.pk, policy.of(keep), now=timezone.now()),
        "keep": keep,
        "is_default": keep is None,
        "is_saved": keep == target.keep,
        "tried": TRIED,
        "judged": JUDGED,
    }
    return render(request, "targets/versions.html", context, status=422 if problems else 200)
