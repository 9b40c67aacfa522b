"""Which URL opens to whom, method by method: a URL that is not here fails the walk."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""HEAD is answered by what answers GET."""
SAFE: Final = frozenset({"GET", "OPTIONS"})
CAGED: Final = frozenset({"pages/<int:pk>/preview/", "pages/<int:pk>/versions/<str:version>/preview/"})
"""What our own pages may frame: it is served in a sandbox."""
UNKNOWN: Final = "api/v1/"
"""The catch-all below the API, which answers 404 to everything: an empty expression after the prefix."""


class Access(Enum):
    """Who is let in; everybody else is refused. What is not a GET is for operators."""

    ANYONE = auto()
    PEOPLE = auto()
    EVERYBODY = auto()
    """Who is signed in, whatever the role and the method."""
    WORKERS = auto()
    """Operators, also to look."""
    ADMINISTRATORS = auto()
    MINE = auto()
    """Those who may see the row; for others it does not exist."""
    MY_WORK = auto()
    """Operators who may see the row, also to look."""
    UNSHARED = auto()
    """Whose row it is, and administrators: sharing a target does not open it."""
    OWN = auto()
    """Who began it, and nobody else: not even an administrator."""
    OWN_WORK = auto()
    """The same, for what is an operator's to do."""


Door = dict[str, Access]


def reads(access: Access) -> Door:
    return {"GET": access}


def acts(access: Access) -> Door:
    return {"POST": access}


def asks(access: Access) -> Door:
    """Return the door of a form: shown and sent at the same URL."""
    return reads(access) | acts(access)


DOORS: Final[Mapping[str, Door]] = {
    "healthz": reads(Access.ANYONE),
    "readyz": reads(Access.ANYONE),
    "metrics": reads(Access.PEOPLE),
    "sign-in/": asks(Access.ANYONE),
    "sign-out/": acts(Access.EVERYBODY),
    "": reads(Access.PEOPLE),
    "live/": reads(Access.PEOPLE),
    "condition/": reads(Access.PEOPLE),
    "targets/": reads(Access.PEOPLE),
    "targets/new/": asks(Access.WORKERS),
    "targets/test/": acts(Access.PEOPLE),
    "targets/test/<str:preview>/": reads(Access.OWN),
    "targets/new/fields/": acts(Access.WORKERS),
    "targets/suggest/": acts(Access.PEOPLE),
    "targets/suggest/<str:preview>/": acts(Access.OWN_WORK),
    "targets/<int:pk>/": reads(Access.MINE),
    "targets/<int:pk>/edit/": asks(Access.MY_WORK),
    "targets/<int:pk>/dry-run/": acts(Access.MINE),
    "targets/<int:pk>/delete/": asks(Access.MY_WORK),
    "targets/<int:pk>/crawl/": acts(Access.MINE),
    "targets/<int:pk>/crawl/by/": asks(Access.MY_WORK),
    "targets/<int:pk>/schedule/<str:step>/": acts(Access.MINE),
    "targets/<int:pk>/history/": reads(Access.MINE),
    "targets/<int:pk>/history/<int:change>/restore/": acts(Access.MINE),
    "targets/<int:pk>/skips/": reads(Access.MINE),
    "targets/<int:pk>/versions/": asks(Access.MINE),
    "targets/<int:pk>/near-copies/": asks(Access.MINE),
    "targets/<int:pk>/replays/": reads(Access.MINE),
    "targets/<int:pk>/replays/new/": acts(Access.MINE),
    "replays/<int:pk>/": reads(Access.MINE),
    "replays/<int:pk>/live/": reads(Access.MINE),
    "replays/<int:pk>/all/": acts(Access.MINE),
    "replays/<int:pk>/store/": acts(Access.MINE),
    "replays/<int:pk>/cancel/": acts(Access.MINE),
    "runs/": reads(Access.PEOPLE),
    "runs/<int:pk>/": reads(Access.MINE),
    "runs/<int:pk>/live/": reads(Access.MINE),
    "runs/<int:pk>/chart/": reads(Access.MINE),
    "runs/<int:pk>/requests/": reads(Access.MINE),
    "runs/<int:pk>/sitemaps/": reads(Access.MINE),
    "runs/<int:pk>/outside/": reads(Access.MINE),
    "runs/<int:pk>/problems/": reads(Access.MINE),
    "runs/<int:pk>/queue/": reads(Access.MINE),
    "runs/<int:pk>/queue/live/": reads(Access.MINE),
    "runs/<int:pk>/priority/": acts(Access.MINE),
    "runs/<int:pk>/url/": reads(Access.MINE),
    "runs/<int:pk>/deadline/": asks(Access.MY_WORK),
    "runs/<int:pk>/data/accept/": acts(Access.MINE),
    "runs/<int:pk>/data/discard/": acts(Access.MINE),
    "runs/<int:pk>/held/": reads(Access.MINE),
    "runs/<int:pk>/repair/": asks(Access.MINE),
    "runs/<int:pk>/deadline/remove/": acts(Access.MINE),
    "runs/<int:pk>/<str:step>/": acts(Access.MINE),
    "calendar/": reads(Access.PEOPLE),
    "queue/": reads(Access.PEOPLE),
    "queue/live/": reads(Access.PEOPLE),
    "items/": reads(Access.PEOPLE),
    "items/export/": reads(Access.PEOPLE),
    "items/<int:pk>/": reads(Access.MINE),
    "items/<int:pk>/restore/": acts(Access.MINE),
    "changes/": reads(Access.PEOPLE),
    "pages/": reads(Access.MINE),
    "pages/<int:pk>/": reads(Access.MINE),
    "pages/<int:pk>/preview/": reads(Access.MINE),
    "pages/<int:pk>/suggestions/": reads(Access.MINE),
    "pages/<int:pk>/suggestions/use/": acts(Access.MINE),
    "pages/<int:pk>/thumbnail/": reads(Access.MINE),
    "pages/<int:pk>/versions/": reads(Access.MINE),
    "pages/<int:pk>/versions/<str:version>/": reads(Access.MINE),
    "pages/<int:pk>/versions/<str:version>/preview/": reads(Access.MINE),
    "pages/<int:pk>/compare/": reads(Access.MINE),
    "hosts/": reads(Access.PEOPLE),
    "webhooks/": reads(Access.PEOPLE),
    "webhooks/new/": asks(Access.WORKERS),
    "webhooks/<int:webhook_id>/": reads(Access.UNSHARED),
    "webhooks/<int:webhook_id>/edit/": asks(Access.UNSHARED),
    "webhooks/<int:webhook_id>/delete/": asks(Access.UNSHARED),
    "webhooks/<int:webhook_id>/secret/": acts(Access.UNSHARED),
    "webhooks/<int:webhook_id>/test/": acts(Access.UNSHARED),
    "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/": acts(Access.UNSHARED),
    "account/": reads(Access.PEOPLE),
    "account/password/": asks(Access.EVERYBODY),
    "account/tokens/": acts(Access.WORKERS),
    "account/tokens/<int:pk>/revoke/": acts(Access.OWN),
    "people/": asks(Access.ADMINISTRATORS),
    "people/<int:pk>/<str:step>/": acts(Access.ADMINISTRATORS),
    "api/v1/openapi.json": reads(Access.PEOPLE),
    "api/v1/docs": reads(Access.PEOPLE),
    "api/v1/targets": asks(Access.PEOPLE) | {"PUT": Access.PEOPLE},
    "api/v1/targets/<int:target_id>": reads(Access.MINE) | {"PATCH": Access.MINE, "DELETE": Access.MINE},
    "api/v1/targets/<int:target_id>/dry-run": acts(Access.MINE),
    "api/v1/targets/<int:target_id>/runs": acts(Access.MINE),
    "api/v1/targets/<int:target_id>/export": reads(Access.MINE),
    "api/v1/targets/<int:target_id>/history": reads(Access.MINE),
    "api/v1/targets/<int:target_id>/history/<int:change_id>/restore": acts(Access.MINE),
    "api/v1/targets/<int:target_id>/keeping": reads(Access.MINE),
    "api/v1/targets/<int:target_id>/judgement": acts(Access.MINE),
    "api/v1/targets/<int:target_id>/near-copies": asks(Access.MINE),
    "api/v1/targets/<int:target_id>/proxies": reads(Access.MINE),
    "api/v1/targets/<int:target_id>/refresh": reads(Access.MINE),
    "api/v1/targets/<int:target_id>/schedule/skips": reads(Access.MINE),
    "api/v1/runs": reads(Access.PEOPLE),
    "api/v1/runs/<int:run_id>": reads(Access.MINE) | {"PATCH": Access.MINE},
    "api/v1/runs/<int:run_id>/cancel": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/pause": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/resume": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/requests": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/outside": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/sitemaps": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/problems": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/data": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/data/accept": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/data/discard": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/held": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/repair": asks(Access.MINE),
    "api/v1/runs/<int:run_id>/repair/look": acts(Access.MINE),
    "api/v1/runs/<int:run_id>/decision": reads(Access.MINE),
    "api/v1/runs/<int:run_id>/queue": reads(Access.MINE),
    "api/v1/queue": reads(Access.PEOPLE),
    "api/v1/items": reads(Access.PEOPLE),
    "api/v1/items/<int:item_id>": reads(Access.MINE),
    "api/v1/items/<int:item_id>/history": reads(Access.MINE),
    "api/v1/items/<int:item_id>/restore": acts(Access.MINE),
    "api/v1/changes": reads(Access.PEOPLE),
    "api/v1/pages": reads(Access.PEOPLE),
    "api/v1/pages/<int:page_id>": reads(Access.MINE),
    "api/v1/pages/<int:page_id>/versions": reads(Access.MINE),
    "api/v1/pages/<int:page_id>/versions/<str:version>/body": reads(Access.MINE),
    "api/v1/pages/<int:page_id>/comparison": reads(Access.MINE),
    "api/v1/pages/<int:page_id>/body": reads(Access.MINE),
    "api/v1/pages/<int:page_id>/thumbnail": reads(Access.MINE),
    "api/v1/previews": acts(Access.PEOPLE),
    "api/v1/suggestions": acts(Access.PEOPLE),
    "api/v1/previews/<uuidstr:preview_id>": reads(Access.OWN),
    "api/v1/events": reads(Access.PEOPLE),
    "api/v1/webhooks": asks(Access.PEOPLE),
    "api/v1/webhooks/<int:webhook_id>": reads(Access.UNSHARED)
    | {"PATCH": Access.UNSHARED, "DELETE": Access.UNSHARED},
    "api/v1/webhooks/<int:webhook_id>/secret": acts(Access.UNSHARED),
    "api/v1/webhooks/<int:webhook_id>/test": acts(Access.UNSHARED),
    "api/v1/webhooks/<int:webhook_id>/deliveries": reads(Access.UNSHARED),
    "api/v1/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay": acts(Access.UNSHARED),
    "api/v1/targets/<int:target_id>/replays": asks(Access.MINE),
    "api/v1/replays/<int:replay_id>": reads(Access.MINE),
    "api/v1/replays/<int:replay_id>/cancel": acts(Access.MINE),
    "api/v1/replays/<int:replay_id>/store": acts(Access.MINE),
    "api/v1/calendar": reads(Access.PEOPLE),
    "api/v1/schemas/fields": reads(Access.PEOPLE),
    "api/v1/scrapers": reads(Access.PEOPLE),
    "api/v1/scrapers/broken": reads(Access.ADMINISTRATORS),
    UNKNOWN: {},
}


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Yield the route of every URL there is, those of the admin too."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        match pattern:
            case URLResolver():
                yield from routes(pattern, route)
            case URLPattern():
                yield route


def filled(route: str, ids: Mapping[str, object]) -> str:
    """Return the path of `route` for these rows; in the admin, any that its expression matches."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(ids.get(found[1], 1)), route)
    path = re.sub(r"\(\?P\w+[^)]*\)|\(\?P.*$|\.\*", "auth/user", path)
    return "/" + re.sub(r"[\^$?]|\\Z|\(|\)", "", path)
