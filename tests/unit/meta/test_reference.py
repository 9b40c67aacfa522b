"""The reference says what the code has: each setting, code, command and metric, and nothing else."""

from __future__ import annotations

import ast
import re
from argparse import _StoreTrueAction
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

from crawler.errors import CODES, OUTSIDE, READING
from crawler.frontier.decisions import Fate
from crawler.frontier.waiting import Reason
from crawler.models import EventKind, OutageKind, RequestState, RunState, SkipKind
from crawler.policy.freshness import Freshness
from crawler.queries import health as figures
from tests.unit.meta import tables, tree
from webui.api import health
from webui.api.health import Installation

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterator

REFERENCE = tables.DOCS / "reference"
SETTINGS = REFERENCE / "settings.md"
SCRIPTS = "Start scripts, containers and tests"
READERS = {"text", "flag", "number", "words", "secret", "broker"}
NOT_FOR_PEOPLE = {"HELP", "CDPATH", "DEBIAN_FRONTEND", "UV_PYTHON_DOWNLOADS", "PIP_DISABLE_PIP_VERSION_CHECK"}


def _read(path: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each variable that a module reads through `webui.env`, with the call."""
    for node in ast.walk(tree.parsed(tree.ROOT / path)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=reader) | ast.Name(id=reader),
                args=[ast.Constant(value=str(name)), *_],
            ) if reader in READERS and name.isupper():
                yield name, node


MODULES = [
    tree.name(path) for path in tree.files(".py", folders=("webui", "crawler")) if "env" in tree.text(path)
]
READ = {name: call for module in MODULES for name, call in _read(module)}


def _reader(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def _of_scripts() -> set[str]:
    found = set()
    for name in ("run", "entrypoint.sh", ".ci/run", "docker-compose.yml"):
        found |= set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z_]+)[:}]", tree.text(tree.ROOT / name)))
    tests = "".join(tree.text(path) for path in (tree.ROOT / "tests").glob("*.py"))
    return (found | set(re.findall(r"\"(TRAWL_(?:TEST_DATABASE\w*|CORPORA))\"", tests))) - NOT_FOR_PEOPLE


def test_every_setting_is_documented_and_no_other() -> None:
    assert {"TRAWL_VAR", "DATABASE_URL", "SLICE_SECONDS", "ADMIN_PASSWORD"} <= set(READ)
    everywhere = set(tables.named(SETTINGS))
    of_scripts = set(tables.named(SETTINGS, below=SCRIPTS))
    documented = everywhere - of_scripts
    assert documented == set(READ)


def test_every_variable_of_the_scripts_is_documented_and_no_other() -> None:
    documented = set(tables.named(SETTINGS, below=SCRIPTS))
    assert documented == _of_scripts() - set(READ)


@pytest.mark.parametrize("name", [name for name, call in READ.items() if _reader(call) == "number"])
def test_a_number_is_documented_with_its_default(name: str) -> None:
    default = ast.literal_eval(READ[name].args[1])
    row = next(row for row in tables.rows(SETTINGS) if row[0] == f"`{name}`")
    assert float(row[1]) == default
    assert row[2] in {"s", "h", "d", "MiB"}


def test_every_code_is_documented_with_its_meaning_and_no_other() -> None:
    rows = [
        row
        for section in ("On the wire", "Beyond the wire")
        for row in tables.rows(REFERENCE / "errors.md", below=section)
    ]
    documented = {row[0].strip("`"): row[1] for row in rows}
    assert documented.pop("status-<n>")
    assert documented == dict(CODES)


def test_every_reason_to_leave_a_link_out_is_documented_with_its_meaning_and_no_other() -> None:
    rows = tables.rows(REFERENCE / "errors.md", below="Links that are not followed")
    assert {row[0].strip("`"): row[1] for row in rows} == dict(OUTSIDE)


def test_every_problem_of_reading_is_documented_with_its_meaning_and_no_other() -> None:
    rows = tables.rows(REFERENCE / "errors.md", below="While a page is read")
    assert {row[0].strip("`"): row[1] for row in rows} == dict(READING)


def test_every_reason_of_the_queue_is_documented_in_its_words_and_no_other() -> None:
    rows = [row for row in tables.rows(REFERENCE / "api.md", below="Queue") if "`GET" not in row[0]]
    assert {row[0].strip("`"): row[1] for row in rows} == {reason.value: reason.words for reason in Reason}


def test_every_fate_of_a_url_is_documented_in_its_words_and_no_other() -> None:
    rows = tables.rows(REFERENCE / "api.md", below="What happened to a URL")
    assert {row[0].strip("`"): row[1] for row in rows} == {fate.value: fate.words for fate in Fate}


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    assert tables.named(REFERENCE / "api.md", below="Events") == [kind.value for kind in EventKind]


def test_every_kind_of_skip_is_documented_in_its_words_and_no_other() -> None:
    rows = tables.rows(REFERENCE / "api.md", below="Skips")
    assert {row[0].strip("`"): row[1] for row in rows} == {kind.value: kind.label for kind in SkipKind}


def test_every_kind_of_outage_is_documented_in_its_words_and_no_other() -> None:
    rows = tables.rows(REFERENCE / "errors.md", below="While nothing can be stored")
    assert {row[0].strip("`"): row[1] for row in rows} == {kind.value: kind.label for kind in OutageKind}


def test_every_state_of_freshness_is_documented_and_no_other() -> None:
    guide = tables.DOCS / "guides" / "freshness.md"
    assert tables.named(guide, below="Data no older than") == [state.value for state in Freshness]


OURS = sorted(name for name, app in get_commands().items() if str(app).split(".")[0] in {"crawler", "webui"})


def test_every_command_is_documented_and_no_other() -> None:
    headings = re.findall(r"^## `\./run (\w+)`$", tree.text(REFERENCE / "commands.md"), re.MULTILINE)
    assert sorted(headings) == OURS


@pytest.mark.parametrize("name", OURS)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    documented = tables.rows(REFERENCE / "commands.md", below=f"`./run {name}`")
    assert {row[0].strip("`").removesuffix(" …") for row in documented} == set(_options(name))


@pytest.mark.parametrize("name", OURS)
def test_a_plain_default_of_an_option_is_the_one_documented(name: str) -> None:
    documented = {
        row[0].strip("`"): row[1] for row in tables.rows(REFERENCE / "commands.md", below=f"`./run {name}`")
    }
    for option, action in _options(name).items():
        if isinstance(action, _StoreTrueAction):
            assert documented[option] == "off"
        elif isinstance(action.default, str | int) and action.default != "" and option != "--workers":
            assert documented[option].strip("`") == str(action.default)


def _options(name: str) -> dict[str, Action]:
    """Return the options of a command that Django does not give to all of them."""
    command = load_command_class(str(get_commands()[name]), name)
    common = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    parser = command.create_parser("manage.py", name)
    return {
        _shown(action): action
        for action in parser._actions
        if action.dest not in common and action.dest != "help"
    }


def _shown(action: Action) -> str:
    return action.option_strings[0] if action.option_strings else str(action.metavar or action.dest)


def test_every_metric_is_documented_with_its_kind_and_labels_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "figures", lambda _now: _one_of_each())
    monkeypatch.setattr(health, "_parts", lambda: {"database": "ok"})
    exposed = {}
    for family in Installation().collect():
        labels = {label for sample in family.samples for label in sample.labels}
        name = family.name + ("_total" if family.type == "counter" else "")
        exposed[name] = (family.type, labels)
    documented = {
        row[0].strip("`"): (row[1], set(tables.CODE.findall(row[2])))
        for row in tables.rows(REFERENCE / "metrics.md")
    }
    assert documented == exposed


def _one_of_each() -> figures.Figures:
    return figures.Figures(
        runs={"running": 1},
        requests={"done": 1},
        pages=1,
        items=1,
        bytes=1,
        due_hosts={"bulk": 1},
        leased_hosts=1,
        workers={"worker": 1},
        last_ran={"schedules.tick": datetime(2026, 3, 2, tzinfo=UTC)},
        oldest_due=None,
        freshness={"late": 1},
        late_for=None,
        deadlines={"met": 1},
        deliveries_waiting=1,
        webhooks_failing=1,
        versions_removed=1,
        held=1,
    )


def test_every_state_is_among_the_words() -> None:
    words = REFERENCE / "words.md"
    assert tables.named(words, below="States of a run") == [state.value for state in RunState]
    assert tables.named(words, below="States of a request") == [state.label for state in RequestState]
