"""Every URL refuses strangers, but for the few that are meant for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponseBase
    from django.test import Client

OPEN = {"healthz", "readyz", "sign-in/", "admin/login/"}
FROM_AFAR = "203.0.113.9"
UUID = "6c84fb90-12c4-11e1-840d-7b25c5ee775a"
EXAMPLES = {
    "int": "1",
    "str": "pause",
    "slug": "a",
    "path": "a/b",
    "uuid": UUID,
    "uuidstr": UUID,  # Ninja's own
}


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + _example(str(pattern.pattern))
        match pattern:
            case URLResolver():
                yield from _patterns(pattern, route)
            case URLPattern():
                yield route


def _example(route: str) -> str:
    """Return a path that a route matches: `<int:pk>` becomes 1, a regular expression loses its signs."""
    route = re.sub(r"<(?:(\w+):)?\w+>", lambda found: EXAMPLES[found[1] or "str"], route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)|\(\?P.*$|\.\*", "auth/user", route)
    return re.sub(r"[\^$?]|\\Z|\(|\)", "", route)


PATHS = sorted(set(_patterns(get_resolver())) - OPEN)


def test_the_walk_sees_pages_api_and_admin() -> None:
    assert {"targets/1/", "api/v1/targets/1", "admin/crawler/run/", "metrics"} <= set(PATHS)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("admin/")])
def test_strangers_are_refused(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(f"/{path}", REMOTE_ADDR=FROM_AFAR)
    refused = response.status_code in {401, 403, 404, 405}
    assert refused or _leads_to(response, "/sign-in/"), (response.status_code, response.headers)


@pytest.mark.django_db
def test_strangers_see_nothing_of_the_admin(client: Client) -> None:
    responses = {path: client.get(f"/{path}") for path in PATHS if path.startswith("admin/")}
    seen = [
        path
        for path, response in responses.items()
        if response.status_code not in {404, 405}
        and not _leads_to(response, "/admin/login/")
        and not _leads_to(response, "/sign-in/")
    ]
    assert seen == []


def _leads_to(response: HttpResponseBase, place: str) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith(place)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["targets/1/", "api/v1/targets/1", "runs/1/requests/", "items/export/", "metrics"]
)
def test_a_refusal_is_no_missing_page(client: Client, path: str) -> None:
    assert client.get(f"/{path}", REMOTE_ADDR=FROM_AFAR).status_code in {302, 401, 403}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["healthz", "sign-in/"])
def test_what_strangers_need_is_open(client: Client, path: str) -> None:
    assert client.get(f"/{path}", REMOTE_ADDR=FROM_AFAR).status_code == 200
