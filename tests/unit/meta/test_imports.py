"""What may be imported where, and that whatever is imported is declared."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

from tests.unit.meta import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE_OF_DJANGO = (
    "crawler/engine",
    "crawler/fetch",
    "crawler/frontier",
    "crawler/exports",
    "crawler/policy",
    "crawler/trials",
    "scrapers",
)
OUTSIDERS = {"django", "celery", "kombu", "redis", "webui"}

# How a distribution is imported, where its name does not say so.
IMPORTED_AS = {
    "beautifulsoup4": "bs4",
    "django-axes": "axes",
    "django-environ": "environ",
    "django-ninja": "ninja",
    "django-csp": "csp",
    "google-re2": "re2",
    "pillow": "PIL",
}
# Declared, and used without an import: by name in the settings, as a program, or as a floor for another's.
USED_BY_NAME = {
    "billiard": "the floor that Celery's pool needs",
    "django-htmx": "INSTALLED_APPS and MIDDLEWARE",
    "gunicorn": "the program that serves the site",
    "tzdata": "the time zones of zoneinfo",
}


def test_the_engine_side_imports_no_django() -> None:
    files = [tree.name(path) for path in tree.files(".py", folders=FREE_OF_DJANGO)]
    names = ", ".join(
        name.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".") for name in files
    )
    code = f"import sys, {names}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert OUTSIDERS & set(done.stdout.split()) == set()


def test_the_site_imports_no_client_for_pages() -> None:
    code = "import django; django.setup(); import sys, webui.urls; print('httptools' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree.ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "webui.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "False\n"


def test_every_import_of_shipped_code_is_declared() -> None:
    declared = {_module(name) for name in _declared()} | {"webui", "crawler", "scrapers", "demo"}
    undeclared = {
        f"{module} in {tree.name(path)}"
        for path in tree.files(".py", folders=tree.SHIPPED)
        for module in _imported(tree.parsed(path))
        if module not in declared and module not in sys.stdlib_module_names
    }
    assert undeclared == set()


def test_every_declared_dependency_is_used() -> None:
    used = {module for path in tree.files(".py", folders=tree.ALL) for module in _imported(tree.parsed(path))}
    unused = {name for name in _declared() if _module(name) not in used and name not in USED_BY_NAME}
    assert unused == set()
    assert {name for name in USED_BY_NAME if _module(name) in used} == set()


def _declared() -> set[str]:
    project = tomllib.loads(tree.text(tree.ROOT / "pyproject.toml"))["project"]
    return {re.split(r"[\[<>=~!; ]", line, maxsplit=1)[0] for line in project["dependencies"]}


def _module(distribution: str) -> str:
    return IMPORTED_AS.get(distribution, distribution.replace("-", "_"))


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield name.partition(".")[0]
