"""A walk to every URL with every method, as everybody who may come: what is not opened stays closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.test import Client
from pytest_django import Settings

from crawler.models import Target
from tests.integration.doors.conftest import FROM_AFAR, Actor, signed_in
from tests.integration.doors.doors import CAGED, DOORS, METHODS, SAFE, Access, filled, routes

OF_PAGES = {
    "targets": "target_id",
    "runs": "run_id",
    "items": "item_id",
    "pages": "page_id",
    "people": "person_id",
    "replays": "replay_id",
    "account": "token_id",
}
OPEN = [(route, method) for route, door in DOORS.items() for method in METHODS if method in door]
WALLS = [(route, method) for route, door in DOORS.items() for method in METHODS if method not in door]
"""What is asked with a method that nobody may use there."""
ADMIN = sorted({route for route in routes() if route.startswith("admin/")})
DOORWAY = {"admin/login/"}
REFUSED = {401, 403, 404, 405}


def address(route: str, ids: Mapping[str, object]) -> str:
    """Return the path of the row of `ids` that `route` is about; pages call every id `pk`."""
    subject = route.partition("/")[0]
    step = "off" if subject == "people" else "pause"
    path = filled(route, {**ids, "step": step, "pk": ids.get(OF_PAGES.get(subject, ""), 1)})
    if route == "pages/":
        return f"{path}?target={ids['target_id']}&url=https://shop.test/"
    return f"{path}?format=csv" if route.endswith("export/") else path


def verdict(response: Any) -> str:
    """Return in one word what became of somebody: in, door (sent to sign in), or the refusal."""
    if response.status_code == 302 and response["Location"].startswith(("/sign-in/?", "/admin/login/")):
        return "door"
    return str(response.status_code) if response.status_code in REFUSED else "in"


def allowed(actor: str, route: str, method: str, *, is_shared: bool) -> set[str]:
    """Return what may become of `actor`; with `is_shared` the owner shares the target with everybody."""
    access, is_api, name = DOORS[route].get(method), route.startswith("api/"), actor.removesuffix("'s token")
    if access is Access.ANYONE:
        return {"in"}
    if name == "anonymous" or ("token" in actor and not is_api):
        return {"door", "401", "405"} | ({"404"} if access is None else set())
    if access is None:
        return {"403", "404", "405"}
    if actor == "read-only token" and method != "GET":
        return {"403"}
    if access is Access.OWN and name not in {"owner", "read-only token"}:
        return {"404"}
    if not _is_enough(access, name, method):
        return {"403"}
    is_theirs = name == "owner" if access is Access.OWN_WORK else name not in {"stranger", "viewer"}
    if access in {Access.UNSHARED, Access.OWN_WORK}:
        return {"in"} if is_theirs else {"404"}
    return {"in"} if is_theirs or is_shared or access not in {Access.MINE, Access.MY_WORK} else {"404"}


def _is_enough(access: Access, name: str, method: str) -> bool:
    """Say whether the role of `name` is enough for this door."""
    if name == "viewer":
        reads = method == "GET" and access in {Access.PEOPLE, Access.MINE, Access.UNSHARED, Access.OWN}
        return reads or access is Access.EVERYBODY
    return access is not Access.ADMINISTRATORS or name == "administrator"


def is_guarded(response: Any, route: str) -> bool:
    """Say whether browsers are told to frame, sniff and load nothing; what is framed is in a sandbox."""
    policy, is_framed = response["Content-Security-Policy"], response["X-Frame-Options"] == "SAMEORIGIN"
    return (
        "default-src 'none'" in policy
        and response["X-Content-Type-Options"] == "nosniff"
        and ("frame-ancestors 'none'" in policy or (is_framed and policy.startswith("sandbox;")))
        and is_framed <= (route in CAGED)
    )


def walked(
    ways: Iterable[tuple[str, str]], actors: Iterable[Actor], ids: Mapping[str, object], *, is_shared: bool
) -> list[str]:
    """Return where somebody came further than they should, or not as far, or a browser was not warned."""
    wrong = []
    for actor, (route, method) in product(actors, ways):
        response = actor.tries(method, address(route, ids))
        became = verdict(response) if is_guarded(response, route) else "unguarded"
        if response.status_code == 500 or became not in allowed(
            actor.name, route, method, is_shared=is_shared
        ):
            wrong.append(f"{actor.name} {method} {route}: {became}, {response.status_code}")
    return wrong


@pytest.mark.timeout(600)
def test_each_door_opens_to_whom_it_should(actors: Mapping[str, Actor], ids: Mapping[str, object]) -> None:
    assert walked(OPEN, actors.values(), ids, is_shared=False) == []


@pytest.mark.timeout(600)
def test_walls_open_to_nobody(actors: Mapping[str, Actor], ids: Mapping[str, object]) -> None:
    """Those who may most are sent away, and so is who comes with nothing: the others are less than these."""
    tried = [actors[name] for name in ("administrator", "anonymous")]
    own = [
        (route, method) for route, method in WALLS if {Access.OWN, Access.OWN_WORK} & {*DOORS[route].values()}
    ]
    assert own
    assert (
        walked(WALLS, tried, ids, is_shared=False) + walked(own, [actors["owner"]], ids, is_shared=False)
        == []
    )


@pytest.mark.timeout(600)
def test_what_is_shared_is_seen_by_all_and_worked_on_by_operators(
    actors: Mapping[str, Actor], ids: Mapping[str, object]
) -> None:
    Target.objects.update(shared=True)
    others = [actor for name, actor in actors.items() if name.startswith(("stranger", "viewer"))]
    may_be_shared = {Access.MINE, Access.MY_WORK, Access.UNSHARED}
    of_rows = [(route, method) for route, method in OPEN if may_be_shared & set(DOORS[route].values())]
    assert walked(of_rows, others, ids, is_shared=True) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_admin_is_for_administrators(
    method: str, actors: Mapping[str, Actor], ids: Mapping[str, object]
) -> None:
    seen = [
        f"{actor.name} {route}"
        for actor in actors.values()
        if actor.name in {"anonymous", "owner", "read-only token"}
        for route in ADMIN
        if route not in DOORWAY and verdict(actor.tries(method, filled(route, ids))) == "in"
    ]
    assert len(ADMIN) > 100
    assert seen == []


def refuse(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what the page that tells of a missing token says, in less time."""
    return HttpResponseForbidden()


@pytest.mark.parametrize("method", sorted(set(METHODS) - SAFE))
def test_no_session_changes_anything_without_the_csrf_token(
    method: str, people: Mapping[str, User], ids: Mapping[str, object], settings: Settings
) -> None:
    """Where nobody may use the method, the walls hold with a token, too."""
    settings.CSRF_FAILURE_VIEW = refuse
    root = Actor(name="root", client=signed_in(people["administrator"], enforce_csrf_checks=True))
    paths = [address(route, ids) for route, opens_to in OPEN if opens_to == method]
    paths += [filled(route, ids) for route in ADMIN]
    let_in = [path for path in paths if verdict(root.tries(method, path)) not in {"403", "404", "405"}]
    assert let_in == []


@pytest.mark.parametrize(
    "path",
    [
        "/static/../webui/settings.py",
        "/static/%2e%2e/%2e%2e/webui/settings.py",
        "/static/css/../../settings.py",
        "/static//etc/passwd",
        "/static/",
    ],
)
def test_static_files_lead_nowhere_else(client: Client, db: None, path: str) -> None:
    assert client.get(path, REMOTE_ADDR=FROM_AFAR).status_code == 404


@pytest.mark.parametrize("method", METHODS)
def test_static_files_are_only_read(client: Client, db: None, method: str) -> None:
    response = client.generic(method, "/static/css/app.css", REMOTE_ADDR=FROM_AFAR)
    response.close()
    assert (response.status_code == 200) == (method == "GET")
