"""An installation whose every text is hostile: names, addresses, errors, items, fields, tags."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django_celery_results.models import TaskResult

from crawler import models
from crawler.engine.findings import Dropped, Hop, Links, Record, Response, Shown, Trouble
from crawler.models import RequestState, RunState
from crawler.policy.replays import Change, Totals
from crawler.queue import Work
from crawler.services import outbox, runs, targets
from crawler.stores import snapshots
from crawler.urls import canonical
from tests.browser import vectors
from tests.integration.doors.doors import CAGED, DOORS, filled
from webui.accounts.models import ApiToken

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NO_PAGES = ("healthz", "readyz", "metrics", "items/export/", "sign-in/")
"""What answers with something else, or only those who are not signed in."""
ROWS = 110
"""More than a page of any list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """Who looks, and the pages to look at."""

    person: User
    pages: tuple[str, ...]
    caged: str
    """A page that is nothing but hostile markup, served in a sandbox."""


@dataclass(slots=True)
class _Texts:
    """Hands out hostile strings, each in its turn."""

    _turn: Iterator[str]

    def one(self, longest: int = 100_000) -> str:
        return next(self._turn)[:longest]

    def some(self, many: int, longest: int = 100_000) -> list[str]:
        return [self.one(longest) for _ in range(many)]

    def pairs(self, many: int) -> dict[str, str]:
        return {self.one(): self.one() for _ in range(many)}


def make() -> Hostile:
    """Store everything; each kind of text is hostile, and every string stands on some page."""
    all_of_them, texts = vectors.strings(), _Texts(cycle(vectors.strings()))
    person = User.objects.create_superuser(username=texts.one(150))
    ApiToken.issue(user_id=person.pk, scopes=["read"], name=texts.one(100))
    data = {"name": "x", "start_urls": ["http://shop.test/"], "schedule": {"cron": "0 6 * * *"}}
    target = targets.create(owner=person, data=data, now=NOW)
    run = _run(target, texts)
    _dress(target, texts, all_of_them)
    item = _items(target, run, texts, all_of_them)
    page = _page(target, run, texts, all_of_them)
    preview = _preview(person, texts)
    ids: dict[str, object] = {"targets": target.pk, "runs": run.pk, "items": item, "pages": page}
    ids |= {"preview": preview, "webhook_id": _webhook(person, target, texts)}
    ids["version"] = "now"
    ids["replays"] = _replay(target, texts)
    return Hostile(
        person=person,
        pages=(*_pages(ids, texts), *_admin(target, run)),
        caged=reverse("page-preview", args=[page]),
    )


def _dress(target: models.Target, texts: _Texts, everything: tuple[str, ...]) -> None:
    """Have a target that could be started say hostile things, among others that do."""
    models.Target.objects.bulk_create(
        models.Target(owner=target.owner, name=texts.one(200), start_urls=texts.some(1)) for _ in range(60)
    )
    models.Target.objects.filter(pk=target.pk).update(
        name=texts.one(200), scraper=texts.one(100),
        start_urls=[canonical(f"http://shop.test/{text}?{text}").text for text in texts.some(3)],
        tags=list(everything), include=texts.some(50), exclude=texts.some(50), key=texts.some(20),
        user_agent=texts.one(400), row=texts.one(1000), options=texts.pairs(50),
        fields={name: {"css": selector} for name, selector in texts.pairs(50).items()},
        quality={"fields": {name: {"coverage": 1.0} for name in texts.some(20)}},
    )  # fmt: skip
    for number in range(30):
        models.SkippedRun.objects.create(
            target=target, nominal_at=NOW, last_nominal_at=NOW, kind="overlap", reason=texts.one(200),
            noted_at=NOW, run=number,
        )  # fmt: skip


def _run(target: models.Target, texts: _Texts) -> models.Run:
    waiting = runs.start(target=target, trigger=models.RunTrigger.MANUAL, now=NOW)
    run = runs.start(target=target, trigger=models.RunTrigger.MANUAL, now=NOW)
    first = models.Request.objects.filter(run=run).first()
    assert first is not None
    models.Host.objects.update(hold_reason=texts.one(60), last_status=texts.one(60))
    models.Host.objects.bulk_create(
        models.Host(origin=texts.one(300), hold_reason=texts.one(60), robots_state=texts.one(20))
        for _ in range(50)
    )
    models.Request.objects.bulk_create(
        models.Request(
            run=run, host_id=first.host_id, backlog_id=first.backlog_id, key=number.to_bytes(16, "big"),
            url=texts.one(), reason=texts.one(300), via=texts.one(), settled_at=NOW,
            state=(RequestState.DONE, RequestState.FAILED, RequestState.SKIPPED)[number % 3],
        )
        for number in range(3 * ROWS)
    )  # fmt: skip
    for row in range(ROWS):
        models.OutsideLink.objects.create(run=run, reason=texts.one(60), url=texts.one())
        models.ProblemKind.objects.create(
            run=run, code=texts.one(50) + str(row), field=texts.one(200), count=1, pages=1
        )
        models.ProblemSample.objects.create(
            run=run,
            code=texts.one(60),
            field=texts.one(200),
            number=row,
            url=texts.one(),
            message=texts.one(600),
        )
    told = texts.pairs(200)
    models.Run.objects.filter(pk=run.pk).update(
        state=RunState.FAILED,
        reason=texts.one(60),
        settings=told,
        problems=ROWS,
        out_of_scope=ROWS,
        finished_at=NOW,
        report={"data": (data := _data(texts))},
        publication=models.Publication.HELD,
    )
    for kind in (models.EventKind.DATA_DRIFT, models.EventKind.RUN_HELD):
        models.Event.objects.create(
            kind=kind, target=target, run=run, created_at=NOW, data={**data["drifts"][1], **data, "items": 1}
        )
    models.HeldItem.objects.bulk_create(
        models.HeldItem(
            run=run.pk, key_hash=number.to_bytes(16, "big"), key=texts.one(), url=texts.one(),
            data=texts.pairs(10), content_hash=bytes(16), seen_at=NOW,
        )
        for number in range(ROWS)
    )  # fmt: skip
    models.Run.objects.filter(pk=waiting.pk).update(reason=texts.one(60))
    run.refresh_from_db()
    return run


def _data(texts: _Texts) -> dict[str, Any]:
    """Return what is told of a run's data, whose fields and values have hostile names."""
    figures = {"coverage": 1.0, "length": 1.0, "least": None, "most": None, "repeated": None}
    wrong = {"rule": "words", "field": texts.one(), "wanted": texts.one(), "found": texts.one()}
    unknown = {**wrong, "rule": texts.one(), "pages": [{"url": url, "page": None} for url in texts.some(10)]}
    fields = {
        name: figures | {"types": {texts.one(): 1.0}, "words": texts.some(8)} for name in texts.some(30)
    }
    told = {"breaches": [wrong, unknown], "drifts": [wrong, unknown], "accepted": False}
    untold = {"fields": 7, "keyed": texts.some(30)}
    return {"items": 1, "examined": 1, "fields": fields, "untold": untold, **told}


def _replay(target: models.Target, texts: _Texts) -> int:
    totals = Totals(pages=1, filled_before=dict.fromkeys(texts.some(30), 1))
    totals.problems = [[texts.one(60), texts.one(), 1, texts.one()] for _ in range(30)]
    samples = [
        {
            "change": change, "url": texts.one(), "key": texts.one(), "fields": [],
            "before": texts.pairs(5), "after": texts.pairs(5),
        }
        for change in Change
    ]  # fmt: skip
    samples += [one | {"since": NOW.isoformat(), "until": NOW.isoformat()} for one in samples]
    return models.Replay.objects.create(
        target=target, state=models.ReplayState.FAILED, reason=texts.one(600), totals=totals.as_json(),
        earlier=True, earlier_totals=totals.as_json(), samples=samples, settings=texts.pairs(5),
        created_at=NOW, beat_at=NOW, finished_at=NOW,
    ).pk  # fmt: skip


def _items(target: models.Target, run: models.Run, texts: _Texts, everything: tuple[str, ...]) -> int:
    columns = texts.some(6, 60)
    rows = [dict(zip(columns, texts.some(6), strict=True)) | {"name": texts.one()} for _ in range(60)]
    rows.append(dict(zip(everything, reversed(everything), strict=True)))
    stored = [
        models.Item.objects.create(
            target=target, key_hash=number.to_bytes(16, "big"), key=texts.one(500), url=texts.one(),
            run=run.pk, data=data, content_hash=b"0" * 16, first_seen=NOW, last_seen=NOW, changed_at=NOW,
            version=2,
        )
        for number, data in enumerate(rows)
    ]  # fmt: skip
    models.ItemVersion.objects.create(
        item=stored[-1], version=1, run=run.pk, url=texts.one(), content_hash=b"1" * 16, valid_from=NOW,
        valid_to=NOW, data=dict(zip(everything, texts.some(len(everything)), strict=True)),
    )  # fmt: skip
    models.ItemFilling.objects.create(
        item=stored[-1], version=2, since=NOW, until=NOW + timedelta(days=1), data=texts.pairs(5)
    )
    return stored[-1].pk


def _page(target: models.Target, run: models.Run, texts: _Texts, everything: tuple[str, ...]) -> int:
    body = "\n".join(everything).encode()
    with transaction.atomic():
        snapshots.save({b"h" * 16: (snapshots.compress(body), len(body))}, now=NOW)
    page = models.Page.objects.create(
        target=target, key=b"k" * 16, url=texts.one(), run=run.pk, status=200, content_type="text/html",
        title=texts.one(500), etag=texts.one(500), body_hash=b"h" * 16, size=1, first_seen=NOW, last_seen=NOW,
        changed_at=NOW,
    )  # fmt: skip
    _version(page, texts, everything)
    return page.pk


def _version(page: models.Page, texts: _Texts, everything: tuple[str, ...]) -> None:
    """Store what the page was: each of its lines differs from what it says now."""
    body = "\n".join(f"{texts.one()} {text}" for text in everything).encode()
    with transaction.atomic():
        snapshots.save({b"v" * 16: (snapshots.compress(body), len(body))}, now=NOW)
    models.PageVersion.objects.create(
        target=page.target, page=page, run=page.run, ended_by=page.run, status=200,
        content_type="text/plain", body_hash=b"v" * 16, size=1, stored_size=1, began_at=NOW, seen_at=NOW,
        ended_at=NOW,
    )  # fmt: skip


def _webhook(person: User, target: models.Target, texts: _Texts) -> int:
    webhook = models.Webhook.objects.create(
        owner=person, target=target, name=texts.one(200), kinds=texts.some(5), url=texts.one(),
        origin=texts.one(300), secret="whsec_", failing_since=NOW, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    for _ in range(30):
        entry = {"at": NOW.isoformat(), "status": None, "reason": texts.one(60), "seconds": 1.0}
        models.Delivery.objects.create(
            webhook=webhook, message_id=texts.one(40), kind=texts.one(40), payload=texts.one(), log=[entry],
            reason=texts.one(60), created_at=NOW,
        )  # fmt: skip
    return webhook.pk


def _preview(person: User, texts: _Texts) -> str:
    found = Shown(
        response=Response(
            url=texts.one(), final_url=texts.one(), status=200, content_type=texts.one(), size=1, seconds=1.0,
            hops=tuple(Hop(url=url, status=302) for url in texts.some(10)), headers={},
        ),
        links=Links(
            followed=tuple(texts.some(200)), followed_count=200, dropped=dict.fromkeys(texts.some(20), 1),
            samples=tuple(Dropped(reason=texts.one(), url=url) for url in texts.some(50)),
        ),
        items=tuple(Record(key=key, data={"a": texts.some(3), **texts.pairs(1)}) for key in texts.some(50)),
        items_count=50,
        problems=tuple(Trouble(code="x", message=text, field=texts.one()) for text in texts.some(50)),
        problems_count=50,
        text=texts.one(),
    )  # fmt: skip
    task = str(uuid4())
    outbox.post(Work.PREVIEW, now=NOW, task_id=task, draft="", user=person.pk)
    TaskResult.objects.create(task_id=task, status="SUCCESS", result=json.dumps(asdict(found)))
    return task


def _pages(ids: dict[str, object], texts: _Texts) -> Iterator[str]:
    """Yield every page that is read, and some that are asked for with hostile words."""
    for route, door in DOORS.items():
        if "GET" in door and route not in CAGED and not route.startswith(("api/", *NO_PAGES)):
            yield filled(route, {**ids, "pk": ids.get(route.partition("/")[0], 1)})
    yield reverse("run-requests", args=[ids["runs"]]) + "?state=failed"
    for asked in (reverse("items") + "?q=", reverse("targets") + "?q=", reverse("hosts") + "?q=",
                  reverse("run-decision", args=[ids["runs"]]) + "?url=", "/nothing/"):  # fmt: skip
        yield asked + quote(texts.one(200), safe="")


def _admin(target: models.Target, run: models.Run) -> Iterator[str]:
    yield reverse("admin:index")
    for model in (models.Target, models.Run, models.Request, models.Item, models.Page, models.Host,
                  models.ProblemSample, models.OutsideLink, models.SkippedRun, models.Webhook,
                  models.Delivery, models.TargetChange):  # fmt: skip
        yield reverse(f"admin:crawler_{model._meta.model_name}_changelist")
    for row in (target, run):
        meta: Any = type(row)._meta
        yield reverse(f"admin:crawler_{meta.model_name}_change", args=[row.pk])
