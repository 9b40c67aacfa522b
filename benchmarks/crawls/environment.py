"""The environment of the other crawlers, made once for each version of their requirements."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).resolve().parents[1] / "peers" / "requirements.txt"
COMPLETE: Final = ".complete"


def folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    version = sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return Path(cache) / "trawl" / f"peers-{version}"


def python() -> Path:
    return folder() / "bin" / "python"


def prepare() -> None:
    """Make the environment unless it is there."""
    place = folder()
    if (place / COMPLETE).exists():
        return
    print(f"installing other crawlers in {place} ...", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install = [str(python()), "-m", "pip", "install", "-qq", "--requirement", str(REQUIREMENTS)]
    subprocess.run(install, check=True)
    (place / COMPLETE).touch()
