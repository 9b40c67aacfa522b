"""The process's environment, read in one place, with errors that name the variable."""

from __future__ import annotations

import math
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})
USUAL_BROKER = "redis://127.0.0.1:6379/0"
REDIS = {"redis": "redis://HOST:6379/0", "rediss": "rediss://… (with TLS)"}
BROKERS = {**REDIS, "amqp": "amqp://USER:PASSWORD@HOST:5672//", "amqps": "amqps://… (with TLS)", "pyamqp": ""}
DATABASES = frozenset({"sqlite", "postgresql", "postgres", "pgsql", "psql"})


def text(name: str, default: str = "") -> str:
    """Return the variable, or the content of the file that `NAME_FILE` names."""
    file = os.environ.get(f"{name}_FILE")
    if file and name not in os.environ:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file} cannot be read: {error.strerror}") from error
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    """Return a yes-or-no variable."""
    word = text(name, "1" if default else "0").lower()
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {word!r}")


def number(name: str, default: float, *, least: float = 0) -> float:
    """Return a numeric variable of at least `least`."""
    word = text(name, str(default))
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ImproperlyConfigured(f"{name} must be a number, not {word!r}")
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least:g}, not {word}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated variable as its non-empty parts."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def broker_of(var: Path) -> str:
    """Return the broker that `./run up` starts for this installation, or where one usually is."""
    try:
        return (var / "broker" / "url").read_text(encoding="utf-8").strip() or USUAL_BROKER
    except OSError:
        return USUAL_BROKER


def broker(name: str, default: str, *, schemes: Mapping[str, str]) -> str:
    """Return the variable's URL, whose scheme is one of `schemes`, each with an example of it to show."""
    url = text(name) or default
    examples = [example for example in schemes.values() if example]
    if url.partition("://")[0] not in schemes or "://" not in url:
        raise ImproperlyConfigured(f"{name} must be a URL such as {', '.join(examples)}")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise ImproperlyConfigured(f"{name} must name a host, and a port by its number: {examples[0]}")
    return url


def var_dir() -> Path:
    """Return the folder for everything an installation keeps; made when missing."""
    folder = Path(text("TRAWL_VAR", str(BASE_DIR / "var"))).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"TRAWL_VAR={folder} cannot be made: {error.strerror}") from error
    return folder


def secret(name: str, file: Path, make: Callable[[], str]) -> str:
    """Return the secret from the environment, or from `file`, which is made (mode 0600) when missing.

    Two processes that start at once agree: the file is linked into place complete, and who
    comes second reads what the first wrote.
    """
    given = text(name)
    if given:
        return given
    if not file.exists():
        draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(make())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text(encoding="utf-8").strip()


def database(default: str) -> dict[str, object]:
    """Return Django's description of the database in `DATABASE_URL`."""
    url = text("DATABASE_URL", default)
    if url.partition(":")[0] not in DATABASES:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgresql://")
    try:
        described: dict[str, object] = environ.Env.db_url_config(url)
    except (ValueError, KeyError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not a database URL: {error}") from error
    return described
