"""Twenty secrets are planted and real work is done with them: they stand in nothing that is written."""

from __future__ import annotations

import io
import json
import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from celery import current_app
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from crawler import runner, tasks
from crawler.models import Item, OutboxMessage, Page, Run, RunTrigger, Target
from crawler.services import logins, previews, restoring, runs, targets, webhooks
from crawler.services.deliveries import sending
from crawler.stores import snapshots
from tests.crawling import QUICK, one_slice
from tests.integration.doors.doors import DOORS, filled
from tests.site.members import PASSWORD, Members
from tests.site.server import HostileSite
from webui import logs
from webui.accounts import people
from webui.accounts.models import ApiToken, Role
from webui.processes import administrator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
BRIEF = replace(QUICK, budget=timedelta(seconds=2))
HEADERS = ("Authorization", "X-Api-Key", "X-Auth-Token", "X-Client-Secret", "X-Session-Id")
SUBJECTS = {"targets": "target_id", "runs": "run_id", "items": "item_id", "pages": "page_id"}


@dataclass(slots=True)
class Planted:
    """The secrets by where they were planted, and everything that was written where."""

    secrets: dict[str, str] = field(default_factory=dict)
    written: dict[str, bytes] = field(default_factory=dict)

    def plant(self, place: str, secret: str = "") -> str:
        self.secrets[place] = secret or f"canary{len(self.secrets):02}-{place.replace(' ', '-').lower()}"
        return self.secrets[place]

    def keep(self, place: str, text: str | bytes) -> None:
        self.written[place] = self.written.get(place, b"") + (
            text.encode() if isinstance(text, str) else text
        )

    def found(self) -> list[str]:
        """Return which secrets stand where, in any of the forms in which they travel."""
        return [
            f"{secret} in {place}"
            for secret, text in self.secrets.items()
            for place, written in self.written.items()
            if any(form.encode() in written for form in _forms(text))
        ]


def _forms(text: str) -> set[str]:
    basic = b64encode(f"ada:{text}".encode()).decode().rstrip("=")
    escaped = json.dumps(text)[1:-1]
    return {text, escaped, quote(text, safe=""), b64encode(text.encode()).decode().rstrip("="), basic}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    found = Planted()
    found.plant("secret key", configured.SECRET_KEY)
    found.plant("encryption key", configured.ENCRYPTION_KEYS[0])
    monkeypatch.setattr(configured, "METRICS_TOKEN", found.plant("metrics token"))
    broker = f"redis://:{found.plant('broker password')}@127.0.0.1:1/0"
    monkeypatch.setattr(current_app.conf, "broker_url", broker)
    current_app.conf.task_store_eager_result = True
    send = current_app.send_task

    def noting(name: str, **options: Any) -> Any:
        found.keep("broker messages", json.dumps([name, options], default=str))
        return send(name, **options)

    monkeypatch.setattr(current_app, "send_task", noting)
    yield found
    current_app.conf.task_store_eager_result = False


def of_production() -> logging.Formatter:
    chosen = {**logs.configuration("DEBUG")["formatters"]["json"]}
    del chosen["()"]
    return structlog.stdlib.ProcessorFormatter(**chosen)


@pytest.fixture
def logged(planted: Planted) -> Iterator[io.StringIO]:
    """Everything that is logged, also what only `LOG_LEVEL=DEBUG` shows, in the form of production."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(of_production())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def a_target(planted: Planted, owner: User, members: Members) -> Target:
    """Register what logs in with a form and sends secret headers."""
    data = {
        "name": "Members",
        "start_urls": [members.start],
        "obey_robots": False,
        "delay_seconds": 0,
        "headers": {name: planted.plant(f"header {name}") for name in HEADERS},
        "login": {**members.login, "password": planted.plant("form password", PASSWORD)},
        "schedule": {"cron": "0 6 * * *"},
    }
    return targets.create(owner=owner, data=data, now=timezone.now())


def crawled(target: Target) -> Run:
    """Run `target` until it ends, with the logins that it asks for."""
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=timezone.now())
    for _ in range(12):
        run.refresh_from_db()
        if run.is_final:
            break
        if run.awaits_login:
            logins.perform(run=run)
        else:
            one_slice()
    return run


def through_a_proxy(planted: Planted, owner: User, site: HostileSite) -> None:
    """Have a run try a proxy that is away."""
    proxy = f"http://ada:{planted.plant('proxy password')}@127.0.0.1:1"
    data = {"name": "Proxied", "start_urls": [site.url("/ok")], "obey_robots": False, "proxies": [proxy]}
    made = targets.create(owner=owner, data=data, now=timezone.now())
    runs.start(target=made, trigger=RunTrigger.MANUAL, now=timezone.now())
    one_slice(limits=BRIEF)


def changes(planted: Planted, target: Target, owner: User) -> None:
    """Change every secret of `target`, and go back."""
    first = target.history.earliest("pk")
    for login in (
        {"kind": "basic", "user": "ada", "password": planted.plant("basic password")},
        {"kind": "bearer", "token": planted.plant("bearer token")},
    ):
        fresh = Target.objects.get(pk=target.pk)
        changed = {"login": login, "headers": {"X-Api-Key": planted.plant(f"later header {login['kind']}")}}
        targets.update(target=fresh, data=changed, by=owner, now=timezone.now())
    restoring.restore(target=Target.objects.get(pk=target.pk), change=first, by=owner, now=timezone.now())


def try_fetches(planted: Planted, owner: User, members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do a test fetch with a secret header that works, and one that ends in a traceback."""
    asked = {"start_urls": [members.start], "headers": {"X-Api-Key": planted.plant("previewed header")}}
    for fetch in (runner.preview, _broken):
        monkeypatch.setattr(runner, "preview", fetch)
        task = previews.start(user=owner, data=asked, now=timezone.now())
        sealed = OutboxMessage.objects.get(task_id=task).kwargs
        tasks.preview.apply(kwargs=sealed, task_id=task, throw=False)


def _broken(settings: Mapping[str, Any], *, headers: Mapping[str, str]) -> None:
    raise RuntimeError("the worker has a fault")


def deliver(planted: Planted, owner: User, site: HostileSite) -> None:
    """Send the events of the runs to a receiver whose address holds a secret, and to one that is away."""
    path = f"/hooks/{planted.plant('webhook address')}"
    site.serve(path, b"", status=200)
    for url in (site.url(path), f"http://127.0.0.1:1{path}"):
        made = webhooks.create(owner=owner, data={"name": "Chat", "url": url}, now=timezone.now())
        planted.plant(f"signing secret {made.webhook.pk}", made.secret)
    run = Run.objects.filter(target__owner=owner).first()
    assert run is not None
    crawled(run.target)
    sending.work(now=timezone.now())
    assert site.asked(path)


def come_and_go(planted: Planted, owner: User) -> None:
    """Sign in, rightly and wrongly, change a password, and use tokens, good and unknown."""
    owner.set_password(planted.plant("password"))
    owner.save()
    client = Client(raise_request_exception=False)
    for password in (planted.plant("mistyped password"), planted.secrets["password"]):
        sent = client.post("/sign-in/", {"username": owner.username, "password": password})
        planted.keep("answers", sent.content)
    new = planted.plant("new password")
    form = {"old_password": planted.secrets["password"], "new_password1": new, "new_password2": new}
    planted.keep("answers", client.post("/account/password/", form).content)
    assert administrator.make_first(planted.plant("first password")) is not None
    person, password = people.add(name="vera", role=Role.VIEWER)
    planted.plant("made password", password)
    planted.plant("another made password", people.new_password(person=person))
    _token, text = ApiToken.issue(user_id=owner.pk, scopes=["read"])
    for name, token in (("token", text), ("unknown token", "")):
        headers = {"Authorization": f"Bearer {planted.plant(name, token)}"}
        planted.keep("answers", client.get("/api/v1/targets", headers=headers).content)
    headers = {"Authorization": f"Bearer {planted.secrets['metrics token']}"}
    planted.keep("answers", client.get("/metrics", headers=headers, REMOTE_ADDR="203.0.113.9").content)


def fail_in_a_view(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a view of the API and a page raise while they hold secrets."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.filter(is_superuser=True)[0])

    def broken(*_given: object, **_said: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(targets, "create", broken)
        body = {"name": "x", "headers": {"X-Api-Key": planted.plant("header of a failing call")}}
        failed = client.post("/api/v1/targets", body, content_type="application/json")
        assert failed.status_code == 500
        planted.keep("answers", failed.content)


def read_everything(planted: Planted, target: Target) -> None:
    """Keep what every page, operation and export says to an administrator, and all that is stored."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.filter(is_superuser=True)[0])
    run, page = target.runs.latest("pk"), Page.objects.filter(target=target).first()
    assert page is not None
    item = Item.objects.filter(target=target).first()
    ids: dict[str, object] = {"target_id": target.pk, "run_id": run.pk, "page_id": page.pk}
    ids["item_id"] = item.pk if item else 1
    for route in DOORS:
        path = filled(route, {**ids, "pk": ids.get(SUBJECTS.get(route.partition("/")[0], ""), 1)})
        for asked in (path, path + "?format=csv") if "export" in route else (path,):
            answer = client.get(asked)
            planted.keep(f"GET {route}", answer.getvalue())
    for model in ("target", "run", "webhook", "cookie", "targetchange", "outboxmessage", "delivery"):
        planted.keep("admin", client.get(f"/admin/crawler/{model}/").content)
    for row in (target, run):
        planted.keep("admin", client.get(f"/admin/crawler/{row._meta.model_name}/{row.pk}/change/").content)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            planted.keep(f"table {table}", "\n".join(map(_plain, cursor.fetchall())))
    for digest in Page.objects.values_list("body_hash", flat=True):
        planted.keep("snapshots", snapshots.load(bytes(digest)) or b"")


def _plain(row: tuple[object, ...]) -> str:
    return " ".join(
        bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
        for value in row
    )


def test_no_secret_is_written_anywhere(
    planted: Planted, logged: io.StringIO, hostile_site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, members = people.add(name="ada", role=Role.ADMINISTRATOR)[0], Members(hostile_site)
    target = a_target(planted, owner, members)
    run = crawled(target)
    assert run.pages > 1
    for number, session in enumerate(members.sessions):
        planted.plant(f"cookie {number}", session)
    try_fetches(planted, owner, members, monkeypatch)
    deliver(planted, owner, hostile_site)
    through_a_proxy(planted, owner, hostile_site)
    changes(planted, target, owner)
    people.give(person=people.add(name="root", role=Role.ADMINISTRATOR)[0], role=Role.ADMINISTRATOR)
    User.objects.filter(username="ada").update(is_superuser=False, is_staff=False)
    User.objects.filter(username="root").update(is_superuser=False)
    come_and_go(planted, User.objects.get(username="ada"))
    fail_in_a_view(planted, monkeypatch)
    read_everything(planted, target)
    planted.keep("logs", logged.getvalue())

    sent = b"".join(value.encode() for request in hostile_site.requests for _name, value in request.headers)
    assert planted.secrets["header X-Api-Key"].encode() in sent, "the secrets were really used"
    assert len(planted.secrets) >= 20
    assert "a fault" in logged.getvalue()
    assert "\n".join(planted.found()) == ""


def test_secrets_would_be_found() -> None:
    planted = Planted()
    secret = planted.plant("password")
    for place, text in (
        ("plain", secret),
        ("basic", b64encode(f"ada:{secret}".encode())),
        ("quoted", quote(secret)),
    ):
        planted.keep(place, text)
    assert len(planted.found()) == 3


@pytest.mark.parametrize(
    "text", ["line\nbreak", "\x1b[31mred\x1b[0m", "nul\0", "\x9b31m", "\u2028", "\ud800"], ids=ascii
)
def test_log_lines_are_json_without_control_characters(text: str) -> None:
    more = {"url": f"http://x.test/{text}", text: "x"}
    record = logging.makeLogRecord({"name": "crawler", "msg": "met %s", "args": (text,), **more})

    (line,) = of_production().format(record).splitlines()
    assert not [char for char in line if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029"]
    assert json.loads(line)["url"] == f"http://x.test/{text}"
