"""Asks pip-audit what is known of the locked packages: `./run audit`.

It fails for what is found, and never for advisories that cannot be had: mirrors of PyPI often have none, and
pip-audit calls what it could not ask about clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
LOCKS: Final = ("requirements.txt", "requirements-dev.txt")
TIMEOUT_SECONDS: Final = 120


class Verdict(NamedTuple):
    """What there is to say, and whether something was found."""

    lines: list[str]
    found: bool = False


def verdict(lock: str, report: str, errors: str) -> Verdict:
    """Return what pip-audit's `report` on `lock`, in JSON, comes to; without one, its `errors` say why."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, LookupError):
        why = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return Verdict([f"{lock}: NOT audited, the advisories cannot be had: {why}"])
    lines = [
        f"{package['name']} {package['version']}: {known['id']}, "
        f"mended in {', '.join(known['fix_versions']) or 'no version yet'}"
        for package in packages
        for known in package.get("vulns", ())
    ]
    unknown = sum("skip_reason" in package for package in packages)
    asked = len(packages) - unknown
    said = f"{lock}: {asked} of {len(packages)} packages audited, {len(lines)} advisories"
    if not asked:
        said = f"{lock}: NOT audited, the index knows no advisories of any of {len(packages)} packages"
    return Verdict([*lines, said], found=bool(lines))


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    found = False
    for lock in LOCKS:
        try:
            asked = subprocess.run(
                [*command, "--progress-spinner", "off", "--requirement", lock],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
            outcome = verdict(lock, asked.stdout, asked.stderr)
        except subprocess.TimeoutExpired:
            outcome = verdict(lock, "", f"nothing came for {TIMEOUT_SECONDS} s")
        print("\n".join(outcome.lines), flush=True)  # noqa: T201
        found = found or outcome.found
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
