"""Django's own check of production settings has nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from webui import env


def test_production_settings_have_no_warning(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    variables = kept | {"TRAWL_VAR": str(tmp_path), "BEHIND_TLS": "1", "ALLOWED_HOSTS": "trawl.example"}
    found = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=env.BASE_DIR, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stdout + found.stderr) == (
        0, "System check identified no issues (0 silenced).\n"
    )  # fmt: skip
