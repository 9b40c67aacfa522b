"""Every kind of background work has one task, one way in, and somebody who serves it."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps

from crawler import tasks
from crawler.queue import QUEUE_OF, WORKERS, Lane, Queue, Work
from tests.unit.meta import tree
from webui.celery import app

if TYPE_CHECKING:
    from celery import Task

LONGEST_BODY = 3


def _tasks() -> list[Task[..., Any]]:
    return [value for value in vars(tasks).values() if hasattr(value, "apply_async")]


def test_every_work_has_exactly_one_task() -> None:
    named = Counter(task.name for task in _tasks())
    assert named == Counter(work.value for work in Work)


def test_celery_finds_every_task() -> None:
    app.loader.import_default_modules()
    assert {work.value for work in Work} <= set(app.tasks)


def test_every_work_travels_in_a_queue() -> None:
    assert set(QUEUE_OF) | {Work.CRAWL_SLICE} == set(Work)


def test_every_queue_is_served_by_a_worker() -> None:
    assert {queue for kind in WORKERS for queue in kind.queues} == set(Queue)


def test_every_lane_is_a_queue_and_the_urgent_one_is_served_first() -> None:
    assert {lane.value for lane in Lane} <= {queue.value for queue in Queue}
    serving = [kind.queues for kind in WORKERS if Queue.URGENT in kind.queues]
    assert all(queues[0] == Queue.URGENT for queues in serving)
    assert (Queue.URGENT,) in serving


def test_beat_sends_only_work_that_has_a_task() -> None:
    names = [path.stem for path in (tree.ROOT / "crawler" / "migrations").glob("0*.py")]
    modules = [importlib.import_module(f"crawler.migrations.{name}") for name in names]
    entries = [entry for module in modules for entry in getattr(module, "ENTRIES", ())]
    assert {"schedules.tick", "freshness.watch"} <= {task for _name, task, _seconds, _description in entries}
    for _name, task, seconds, _description in entries:
        assert task in {work.value for work in Work}
        assert seconds > 0


@pytest.mark.parametrize("task", _tasks(), ids=lambda task: task.name)
def test_a_task_takes_keywords_only_and_bears_newer_ones(task: Task[..., Any]) -> None:
    kinds = [parameter.kind for parameter in inspect.signature(task.run).parameters.values()]
    assert kinds[-1] == inspect.Parameter.VAR_KEYWORD
    assert set(kinds[:-1]) <= {inspect.Parameter.KEYWORD_ONLY}
    assert list(inspect.signature(task.run).parameters)[-1] == "_newer"


@pytest.mark.parametrize("task", _tasks(), ids=lambda task: task.name)
def test_a_task_is_one_call(task: Task[..., Any]) -> None:
    body = _functions()[task.run.__name__]
    assert tree.body_lines(body) <= LONGEST_BODY
    assert len(body.body) == 1


def _functions() -> dict[str, ast.FunctionDef]:
    module = tree.parsed(tree.ROOT / "crawler" / "tasks.py")
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}


def test_tasks_are_defined_in_one_module_only() -> None:
    elsewhere = [
        tree.name(path)
        for path in tree.files(".py", folders=tree.SHIPPED)
        if "@shared_task" in tree.text(path) and tree.name(path) != "crawler/tasks.py"
    ]
    assert elsewhere == []
    assert apps.is_installed("crawler")
