"""What keeps the service from starting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from crawler import checks

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings


def ids() -> list[str | None]:
    return [error.id for error in checks.settings_fit()]


def test_the_defaults_fit() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SLICE_SECONDS", 80.0, "crawler.E001"),
        ("RENEW_SECONDS", 30.0, "crawler.E002"),
        ("CELERY_TASK_SOFT_TIME_LIMIT", 180.0, "crawler.E005"),
        ("CELERY_TASK_TIME_LIMIT", 300.0, "crawler.E005"),
        ("SEND_SECONDS", 60.0, "crawler.E006"),
        ("SEND_SECONDS", 10.0, "crawler.E006"),
        ("EGRESS_ALLOW", "everything", "crawler.E003"),
        ("ENCRYPTION_KEYS", ["short"], "crawler.E004"),
    ],
)
def test_a_setting_that_cannot_work_is_named(
    settings: Settings, name: str, value: object, expected: str
) -> None:
    setattr(settings, name, value)
    assert ids() == [expected]


@pytest.mark.parametrize(
    ("version", "vendor", "expected"),
    [((3, 34, 1), "sqlite", ["crawler.E008"]), ((3, 35, 0), "sqlite", []), ((3, 34, 1), "postgresql", [])],
)
def test_sqlite_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], vendor: str, expected: list[str]
) -> None:
    monkeypatch.setattr(checks, "sqlite_version_info", version)
    monkeypatch.setattr(checks, "connection", SimpleNamespace(vendor=vendor))
    found = checks.settings_fit()

    assert [error.id for error in found] == expected
    assert not found or found[0].msg == "this Python has SQLite 3.34.1, and Trawl needs 3.35 or newer"


def test_file_without_authorities_is_named(settings: Settings, tmp_path: Path) -> None:
    settings.TLS_CA_FILE = str(tmp_path / "nothing.pem")
    (missing,) = checks.settings_fit()
    (tmp_path / "nothing.pem").write_text("no certificate")
    (empty,) = checks.settings_fit()

    assert (missing.id, empty.id) == ("crawler.E007", "crawler.E007")
    assert missing.msg == "TLS_CA_FILE: No such file or directory"
