"""A database of its own for benchmarks, filled in bulk with what crawls leave behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.figures import FOLDER
from benchmarks.figures import write as write_figures
from benchmarks.site import WORDS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator

    from django.contrib.auth.models import User
    from django.test import Client

FROM = datetime(2026, 1, 1, 8, 0, 0, 250_000, tzinfo=UTC)
BATCH = 200
AT_ONCE = 20_000
RUNS = 10
RARE = "zyzzyva"
ADMINISTRATOR, PERSON = "admin", "person"
ITEM = "target_id key_hash key url run version data content_hash first_seen last_seen changed_at"
SIGHTING = "run_id item_id version"
PAGE = (
    "target_id key url run status content_type title etag last_modified body_hash size noindex "
    "first_seen last_seen changed_at"
)
REQUEST = "run_id host_id backlog_id key url depth state epoch attempts losses reason via status settled_at"
PATTERN = (2, 2, 2, 2, 2, 2, 2, 3, 4, 0)
"""The states of ten requests in a row: seven done, one failed, one skipped, one queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many rows to make. The first target has half of all, the others share the rest."""

    items: int
    requests: int = 0
    pages: int = 0
    targets: int = 1

    def target_of(self, number: int) -> int:
        """Return the place of the target that row `number` belongs to."""
        if self.targets == 1 or number % 2:
            return 0
        return 1 + number // 2 % (self.targets - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was made: targets, with the newest run, host and backlog of each, tokens, and the first item.

    The person owns every tenth target, the first one not among them.
    """

    targets: tuple[int, ...]
    runs: tuple[int, ...]
    hosts: tuple[int, ...]
    backlogs: tuple[int, ...]
    administrator: str
    person: str
    item: int = 0


@contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[dict[str, str]]:
    """Yield the variables of a database in `folder`: a file, or a PostgreSQL server for the block."""
    common = {"TRAWL_VAR": str(folder / "var"), "DJANGO_SETTINGS_MODULE": "webui.settings"}
    if not postgres:
        yield common | {"DATABASE_URL": f"sqlite:///{folder / 'trawl.sqlite3'}"}
        return
    from tests.postgres import Cluster

    folder.chmod(0o755)  # the server is another user's process
    cluster = Cluster.start(folder / "postgres")
    try:
        yield common | {"DATABASE_URL": cluster.url}
    finally:
        cluster.stop()


def options(parser: ArgumentParser) -> None:
    """Let people choose the database, and keep it."""
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the database")


@contextmanager
def temporary(asked: Namespace) -> Iterator[dict[str, str]]:
    """Yield the variables of the chosen database in a folder that is there for the block."""
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        with database(folder, postgres=asked.postgres) as variables:
            yield variables
    finally:
        if asked.keep:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def write(name: str, asked: Namespace, **figures: Any) -> None:
    """Write what was found, with the machine's description, to the file for this database."""
    database_name = "postgresql" if asked.postgres else "sqlite"
    write_figures(FOLDER / f"{name}-{database_name}.json", **figures)


def connect(variables: dict[str, str]) -> None:
    """Make this process one of the installation that `variables` describe."""
    import django

    os.environ.update(variables)
    os.environ["LOG_LEVEL"] = "ERROR"
    django.setup()


def client(token: str) -> Client:
    """Return a client of the API in this process."""
    from django.test import Client

    return Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})


def signed_in(name: str) -> Client:
    """Return a browser in this process in which the person of this name has signed in."""
    from django.contrib.auth.models import User
    from django.test import Client

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.get(username=name), backend="webui.accounts.roles.People")
    return browser


def fill(sizes: Sizes) -> Filled:
    """Make the tables and their rows; the process is connected.

    PostgreSQL gets its statistics, as it would by itself; SQLite has none in an installation either.
    """
    from django.core.management import call_command

    from crawler.stores import sql

    call_command("migrate", verbosity=0)
    if sql.is_postgres():
        made = make(sizes)
        sql.execute("VACUUM ANALYZE")
        return made
    sql.execute("PRAGMA cache_size=-400000")  # keys are random: their index has to fit while it is built
    made = make(sizes)
    sql.execute("PRAGMA cache_size=-20000")
    return made


def make(sizes: Sizes) -> Filled:
    """Make the rows in tables that are there."""
    made = _few(sizes)
    _insert("crawler_item", ITEM, map(_items(sizes, made), range(sizes.items)))
    made = replace(made, item=_first_item())
    _insert("crawler_sighting", SIGHTING, map(_sightings(sizes, made), range(sizes.items)))
    _insert("crawler_page", PAGE, map(_pages(sizes, made), range(sizes.pages)))
    _insert("crawler_request", REQUEST, map(_requests(sizes, made), range(sizes.requests)))
    _settle(made, sizes)
    return made


def _few(sizes: Sizes) -> Filled:
    """Make two people and the targets."""
    from webui.accounts import people
    from webui.accounts.models import ApiToken, Role

    admin, _password = people.add(name=ADMINISTRATOR, role=Role.ADMINISTRATOR)
    person, _password = people.add(name=PERSON, role=Role.OPERATOR)
    owners = [person if place % 10 == 1 else admin for place in range(sizes.targets)]
    rows = [_target(place, owner) for place, owner in enumerate(owners)]
    targets, runs, hosts, backlogs = zip(*rows, strict=True)
    tokens = [ApiToken.issue(user_id=user.pk, scopes=["read", "write"])[1] for user in (admin, person)]
    return Filled(
        targets=targets,
        runs=runs,
        hosts=hosts,
        backlogs=backlogs,
        administrator=tokens[0],
        person=tokens[1],
    )


def _target(place: int, owner: User) -> tuple[int, int, int, int]:
    """Make a target with ten runs; return its id, and those of the newest run, its host and backlog."""
    from crawler.models import Backlog, Host, Run, RunState, Target

    starts = [f"{_origin(place)}/"]
    target = Target.objects.create(owner=owner, name=f"Site {place:04}", start_urls=starts)
    settings = {"fields": {}, "start_urls": starts}
    over = {"state": RunState.FINISHED, "settled": True, "finished_at": FROM}
    Run.objects.bulk_create(Run(target=target, settings=settings, **over) for _ in range(RUNS - 1))
    run = Run.objects.create(target=target, settings=settings, state=RunState.RUNNING, started_at=FROM)
    host = Host.objects.create(origin=_origin(place), due_at=FROM)
    backlog = Backlog.objects.create(run=run, host=host, due_at=FROM)
    return target.pk, run.pk, host.pk, backlog.pk


def _origin(place: int) -> str:
    return f"https://www.site-{place:04}.test"


def _url(place: int, number: int) -> str:
    return f"{_origin(place)}/products/{WORDS[number % len(WORDS)]}/{number}.html"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]


def _first_item() -> int:
    from crawler.models import Item

    return Item.objects.order_by("pk").values_list("pk", flat=True)[:1].get()


def _sightings(sizes: Sizes, made: Filled) -> Callable[[int], tuple[Any, ...]]:
    return lambda number: (made.runs[sizes.target_of(number)], made.item + number, 1)


def _moments() -> Callable[[int], Any]:
    """Return what gives row `number` its moment: a batch of rows has the same one, as commits do."""
    from crawler.stores import sql

    known: dict[int, Any] = {}

    def moment(number: int) -> Any:
        batch = number // BATCH
        if batch not in known:
            known[batch] = sql.adapt(FROM + timedelta(milliseconds=1_371 * batch))
        return known[batch]

    return moment


def _items(sizes: Sizes, made: Filled) -> Callable[[int], tuple[Any, ...]]:
    moment, texts, rare = _moments(), _texts(), sizes.items // 3

    def row(number: int) -> tuple[Any, ...]:
        place = sizes.target_of(number)
        url, at = _url(place, number), moment(number)
        text = texts[number % len(texts)]
        data = {
            "name": f"Product {number}",
            "price": number % 9_999 / 100,
            "currency": "EUR",
            "in_stock": number % 3 > 0,
            "sizes": ["S", "M", "L"],
            "description": f"{text} {RARE}" if number == rare else text,
        }
        key = _hash(url)
        stored = orjson.dumps(data).decode()
        return (made.targets[place], key, url, url, made.runs[place], 1, stored, key, at, at, at)

    return row


def _texts() -> list[str]:
    """Return five hundred descriptions of about 150 characters."""
    return [
        " ".join(WORDS[(start * 7 + step * (1 + start % 11)) % len(WORDS)] for step in range(24))
        for start in range(500)
    ]


def _pages(sizes: Sizes, made: Filled) -> Callable[[int], tuple[Any, ...]]:
    moment = _moments()

    def row(number: int) -> tuple[Any, ...]:
        place = sizes.target_of(number)
        url, at = _url(place, number), moment(number)
        key, status = _hash(url), 404 if number % 1_000 == 7 else 200
        head = ("text/html", f"Product {number}", f'"{number}"', "")
        run, target = made.runs[place], made.targets[place]
        return (target, key, url, run, status, *head, key, 10_000, False, at, at, at)

    return row


def _requests(sizes: Sizes, made: Filled) -> Callable[[int], tuple[Any, ...]]:
    moment = _moments()

    def row(number: int) -> tuple[Any, ...]:
        place = sizes.target_of(number)
        url, state = _url(place, number), _state(number)
        reason = {3: "timed_out", 4: "robots"}.get(state, "")
        settled = moment(number) if state else None
        status = 200 if state == 2 else None
        ids = (made.runs[place], made.hosts[place], made.backlogs[place])
        return (*ids, _hash(url), url, 3, state, 1, 1, 0, reason, "", status, settled)

    return row


def _state(number: int) -> int:
    return PATTERN[number // 2 % len(PATTERN)]


def _insert(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    from django.db import connection, transaction

    from crawler.stores import sql

    names = ", ".join(columns.split())
    if sql.is_postgres():
        copying = f"COPY {table} ({names}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row(row)
        return
    statement = f"INSERT INTO {table} ({names}) VALUES ({sql.marks(columns.split())})"
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        with transaction.atomic():
            sql.execute_many(statement, some)


def _settle(made: Filled, sizes: Sizes) -> None:
    """Give the runs the numbers that their requests add up to."""
    from django.db.models import Count

    from crawler.models import Run

    if not sizes.requests:
        return
    for run in Run.objects.filter(pk__in=made.runs):
        states = [0] * 6
        for state, many in run.requests.values_list("state").annotate(many=Count("pk")).order_by():
            states[state] = many
        run.discovered, run.done, run.failed, run.skipped = sum(states), states[2], states[3], states[4]
        run.pages = run.items = states[2]
        run.save()
