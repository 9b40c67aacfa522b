"""An installation of its own for each test run, on SQLite or a private PostgreSQL.

Loaded with `-p`, before pytest-django reads the settings.

`TRAWL_TEST_DATABASE=postgres` runs the tests on a cluster that is made in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.postgres import Cluster

VAR = "TRAWL_TEST_VAR"


def _installation() -> Path:
    """Return the folder of this test run; xdist's workers share their parent's."""
    if VAR not in os.environ:
        os.environ[VAR] = tempfile.mkdtemp(prefix="trawl-tests-")
    return Path(os.environ[VAR])


def _use_own_services() -> None:
    """Point the settings at the test run's own folder before Django reads them."""
    folder = _installation()
    for name in ("REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "ENCRYPTION_KEY", "ADMIN_PASSWORD"):
        os.environ.pop(name, None)
    os.environ["TRAWL_VAR"] = str(folder)
    os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    os.environ["EGRESS_ALLOW"] = "127.0.0.0/8,::1/128"
    if "TRAWL_TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["TRAWL_TEST_DATABASE_URL"]
    else:
        os.environ.pop("DATABASE_URL", None)


def _keep_bytecode() -> None:
    """Keep bytecode beside the virtual environment where it may not lie beside the sources.

    Without any, each of the hundreds of processes that tests start compiles all of its modules anew.
    """
    if sys.dont_write_bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(Path(sys.prefix) / "bytecode")
        sys.dont_write_bytecode = False


_cluster: Cluster | None = None
_is_worker = "PYTEST_XDIST_WORKER" in os.environ
if os.environ.get("TRAWL_TEST_DATABASE") == "postgres" and "TRAWL_TEST_DATABASE_URL" not in os.environ:
    _cluster = Cluster.start(_installation() / "postgres")
    os.environ["TRAWL_TEST_DATABASE_URL"] = _cluster.url
_use_own_services()
_keep_bytecode()


def pytest_unconfigure() -> None:
    if _is_worker:
        return
    if _cluster is not None:
        _cluster.stop()
    shutil.rmtree(os.environ.pop(VAR), ignore_errors=True)
