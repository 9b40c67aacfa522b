"""Every error of the API as a problem document (RFC 9457)."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import Error as DatabaseFailure
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from ninja.errors import HttpError, ValidationError

from crawler.queries import changes, turns
from crawler.queries.paging import BadCursor
from crawler.services import declaring, deliveries, holding, items, mending, replays, runs
from crawler.services.drafts import InvalidTarget, Problem
from crawler.services.webhooks import InvalidWebhook
from crawler.stores.outages import watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ninja import NinjaAPI

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
AGAIN_SECONDS = 5
MEDIA_TYPE = "application/problem+json"
TYPES = {
    409: "urn:trawl:problem:conflict",
    410: "urn:trawl:problem:gone",
    422: "urn:trawl:problem:invalid",
    429: "urn:trawl:problem:throttled",
}
"""Problems with more to say than their status; the others are about:blank (RFC 9457 §4.2.1)."""


def problem(status: int, detail: str, *, errors: Iterable[Problem] | None = None) -> HttpResponse:
    """Return the response that tells of a problem; `errors` names the fields that are wrong."""
    document: dict[str, Any] = {
        "type": TYPES.get(status, "about:blank"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        document["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    return HttpResponse(orjson.dumps(document), status=status, content_type=MEDIA_TYPE)


def invalid(errors: Iterable[Problem]) -> HttpResponse:
    """Return 422 for `errors`."""
    listed = tuple(errors)
    return problem(
        422, "; ".join(f"{error.field}: {error.message}".lstrip(": ") for error in listed), errors=listed
    )


def install(api: NinjaAPI) -> None:
    """Let `api` answer every error with a problem document."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    response = problem(error.status_code, _detail(error))
    if error.status_code == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Trawl"'
    return response


def _detail(error: HttpError) -> str:
    known = {
        "Unauthorized": "send a token as `Authorization: Bearer …` or `X-API-Key: …`, or sign in",
        "Cannot parse request body": "the body is not valid JSON",
        "Too many requests.": "too many requests; try again after the seconds in Retry-After",
    }
    return known.get(str(error), str(error))


def _validation_error(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid(Problem(field=_path(found["loc"]), message=_message(found)) for found in error.errors)


def _path(place: Iterable[object]) -> str:
    """Return where a value stands, as its sender wrote it: without "body" and the argument's name."""
    parts = [str(part) for part in place]
    return ".".join(parts[2:] if parts[:1] == ["body"] else parts[1:])


def _message(found: Mapping[str, Any]) -> str:
    match found.get("type"):
        case "missing":
            return (
                "is required"
                if _path(found["loc"])
                else "an object of JSON is required as the body, such as {}"
            )
        case "datetime_parsing" | "datetime_from_date_parsing" | "datetime_type":
            return "must be a moment, such as 2026-01-31T12:00Z"
        case "model_attributes_type" | "model_type" | "dict_type":
            return "must be an object"
        case "extra_forbidden":
            return "is not a key that is known here"
    return str(found.get("msg", "is not valid")).removeprefix("Value error, ").removeprefix("Input ")


def _invalid_target(_request: HttpRequest, error: InvalidTarget | InvalidWebhook) -> HttpResponse:
    return invalid(error.problems)


def _bad_cursor(_request: HttpRequest, _error: BadCursor) -> HttpResponse:
    return invalid(
        [Problem(field="cursor", message="is not a cursor of this list; use `next` of the page before")]
    )


def _forgotten(_request: HttpRequest, error: changes.Forgotten) -> HttpResponse:
    return problem(410, str(error))


def _unknown_change(_request: HttpRequest, error: changes.Unknown) -> HttpResponse:
    return invalid([Problem(field="cursor", message=str(error))])


def _conflict(_request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(409, str(error))


def _busy(_request: HttpRequest, error: turns.Busy) -> HttpResponse:
    response = problem(429, str(error))
    response["Retry-After"] = str(turns.AGAIN_SECONDS)
    return response


def _not_found(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(404, "there is nothing here, or nothing that you may see")


def _too_large(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "the body is too large")


def _suspicious(_request: HttpRequest, _error: SuspiciousOperation) -> HttpResponse:
    return problem(400, "the request cannot be understood")


def _no_database(request: HttpRequest, error: DatabaseFailure) -> HttpResponse:
    return _refused(request, error) or _crash(request, error)


def _refused(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Return 503 when `error`, or what led to it, tells of an outage; None when it does not."""
    while error is not None:
        kind = watch.note(error) if isinstance(error, DatabaseFailure) else None  # which logs it once
        if kind is not None:
            return _not_now(request, kind.label)
        error = error.__cause__ or error.__context__
    return None


def _not_now(request: HttpRequest, reason: str) -> HttpResponse:
    """Answer without the database: neither its sessions nor anything else of it is asked for."""
    if request.path.startswith(API_PREFIX):
        response = problem(503, f"{reason}; nothing was changed; try again soon")
    else:
        response = HttpResponse(render_to_string("503.html", {"reason": reason}), status=503)
    response["Retry-After"] = str(AGAIN_SECONDS)
    return response


def _crash(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "something went wrong on our side; it was logged")


_HANDLERS: Mapping[type[Exception], Any] = {
    Exception: _crash,
    DatabaseFailure: _no_database,
    HttpError: _http_error,
    ValidationError: _validation_error,
    InvalidTarget: _invalid_target,
    InvalidWebhook: _invalid_target,
    BadCursor: _bad_cursor,
    changes.Forgotten: _forgotten,
    changes.Unknown: _unknown_change,
    items.NothingToRestore: _conflict,
    runs.WrongState: _conflict,
    runs.TargetDisabled: _conflict,
    declaring.SeveralTargets: _conflict,
    deliveries.WebhookIsOff: _conflict,
    deliveries.TooManyTests: _conflict,
    replays.Busy: _conflict,
    holding.NotHeld: _conflict,
    mending.CannotMend: _conflict,
    turns.Busy: _busy,
    Http404: _not_found,
    RequestDataTooBig: _too_large,
    SuspiciousOperation: _suspicious,
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django refuses before any view, such as an unknown Host header.

    A session that could not be written comes here too.
    """
    if (refused := _refused(request, exception)) is not None:
        return refused
    if request.path.startswith(API_PREFIX):
        return problem(400, "the request cannot be understood")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return problem(404, "there is nothing here, or nothing that you may see")
    return defaults.page_not_found(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return problem(403, "this is not allowed")
    return defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if (refused := _refused(request, sys.exception())) is not None:
        return refused
    if request.path.startswith(API_PREFIX):
        return problem(500, "something went wrong on our side; it was logged")
    return defaults.server_error(request)
