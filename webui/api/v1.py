"""The API, version 1: its subjects put together, and their URLs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, cast

import orjson
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from ninja import NinjaAPI, Swagger
from ninja.errors import HttpError
from ninja.openapi.docs import ABS_TPL_PATH
from ninja.operation import Operation
from ninja.params.models import QueryModel
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from crawler.services.drafts import Problem
from webui.api import (
    alike,
    calendar,
    changes,
    decisions,
    declarations,
    dry_runs,
    events,
    history,
    items,
    keeping,
    mending,
    pages,
    previews,
    problems,
    proxies,
    quality,
    queue,
    refresh,
    replays,
    requests,
    runs,
    schedules,
    suggestions,
    targets,
    versions,
    webhooks,
)
from webui.api.auth import ApiKey, Bearer, Session
from webui.api.throttle import PerMinute

View = Callable[..., HttpResponseBase]

DESCRIPTION = """Register targets, run them, read what they found.

Send a token (`./run token --user NAME`) as `Authorization: Bearer …` or `X-API-Key: …`. Lists come in
pages: give `next` back as `cursor`. Errors are problem documents (RFC 9457); invalid input is 422 with
the fields that are wrong under `errors`. Priorities go from 0 to 9, and 9 is the most urgent.
"""


class StrictParser(Parser):
    """JSON as RFC 8259 has it: no NaN, no halves of surrogate pairs."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return cast("dict[str, Any]", orjson.loads(request.body))


class FastRenderer(JSONRenderer):
    """JSON by orjson; the few values it refuses, such as integers beyond 64 bits, take the slower way."""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        try:
            return orjson.dumps(data, option=orjson.OPT_UTC_Z)
        except TypeError:
            return super().render(request, data, response_status=response_status)


def only_known_parameters(run: View) -> View:
    """Refuse query parameters that the operation does not have: a misspelt filter must not be ignored."""
    operation = cast("Operation", run.__self__)  # type: ignore[attr-defined]
    models = [model for model in operation.models if issubclass(cast("type", model), QueryModel)]
    known = {name for model in models for name in model.__ninja_flatten_map__}

    @wraps(run)
    def checked(request: HttpRequest, **path: Any) -> HttpResponseBase:
        unknown = [name for name in request.GET if name not in known]
        if not unknown:
            return run(request, **path)
        refused = operation._run_checks(request)  # noqa: SLF001 who may not ask is told so first
        errors = (Problem(field=name, message="is not a parameter of this operation") for name in unknown)
        return refused or problems.invalid(errors)

    return checked


class Documentation(Swagger):
    """The page that shows the API; where ninja is no installed app, it would load scripts of others."""

    template_cdn = str(ABS_TPL_PATH / "swagger.html")


api = NinjaAPI(
    title="Trawl",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    auth=[Bearer(), ApiKey(), Session()],
    throttle=PerMinute(),
    parser=StrictParser(),
    renderer=FastRenderer(),
    docs=Documentation(settings={"persistAuthorization": True, "defaultModelsExpandDepth": 0}),
)
problems.install(api)
api.add_decorator(only_known_parameters, mode="view")
SUBJECTS = (
    *(targets, history, runs, requests, decisions, dry_runs, queue, items, changes, pages, previews),
    *(suggestions, events, webhooks, schedules, calendar, refresh, replays, proxies, declarations),
    mending,
    quality,
    keeping,
    versions,
    alike,
)
for subject in SUBJECTS:
    api.add_router("", subject.router)


def answering(view: View) -> View:
    """Let `view` judge callers by itself, answer HEAD as GET, and say so when the method is wrong.

    Sessions are asked for the CSRF token where they are read; programs with a token have none.
    """

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **path: Any) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"
        response = view(request, *args, **path)
        if response.status_code == 405:
            allowed = response["Allow"]
            response = problems.problem(405, f"{request.method} is not possible here; possible are {allowed}")
            response["Allow"] = allowed
        response.setdefault("Cache-Control", "no-store")
        return response

    return answer


def for_known_callers(view: View) -> View:
    """Answer tokens and sessions; send people without either to sign in, programs get 401."""

    def answer(request: HttpRequest, *args: Any, **path: Any) -> HttpResponseBase:
        try:
            known = any(authenticate(request) for authenticate in cast("list[Any]", api.auth))
        except HttpError as error:
            return api.on_exception(request, error)
        if known:
            return require_GET(view)(request, *args, **path)
        if request.accepts("text/html") and request.path.endswith("/docs"):
            return redirect_to_login(request.get_full_path())
        return api.on_exception(request, HttpError(401, "Unauthorized"))

    return answer


def unknown_path(request: HttpRequest, **_path: object) -> HttpResponse:
    return problems.not_found(request, Exception())


def document(_request: HttpRequest, **_path: object) -> HttpResponse:
    return HttpResponse(_written_document(), content_type="application/json")


@cache
def _written_document() -> bytes:
    """Return the OpenAPI document; to write it takes as long as many requests, and it never changes."""
    return orjson.dumps(api.get_openapi_schema(), option=orjson.OPT_NON_STR_KEYS)


def urls() -> list[URLPattern]:
    """Return the URL patterns of the API; whatever else lies below it is a problem document."""
    patterns = cast("list[URLPattern]", list(api.urls[0]))
    for pattern in patterns:
        match pattern.name:
            case "openapi-json":
                view: View = for_known_callers(document)
            case "openapi-view":
                view = for_known_callers(pattern.callback)
            case _:
                view = pattern.callback
        pattern.callback = answering(view)
    return [*patterns, re_path(r"", answering(unknown_path), name="unknown")]
