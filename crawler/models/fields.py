"""Columns of our own: JSON that lies encrypted in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from cryptography.fernet import InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from crawler import conf

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField

UNREADABLE = (
    "a stored secret cannot be decrypted: ENCRYPTION_KEY is not the one it was written with; "
    "put the old key back, after the new one and separated by a comma"
)


class EncryptedJSONField(_TextField):
    """A JSON value stored as a Fernet token under `ENCRYPTION_KEY`; an empty value is stored plain."""

    def from_db_value(self, value: str | None, *_context: object) -> Any:
        return read(value or "")

    def to_python(self, value: Any) -> Any:
        return read(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str:
        return write(value)


def write(value: Any) -> str:
    """Return `value` as it is stored."""
    return conf.fernet().encrypt(orjson.dumps(value)).decode() if value else ""


def read(stored: str) -> Any:
    """Return what `write` stored; an empty object for an empty column."""
    if not stored:
        return {}
    try:
        return orjson.loads(conf.fernet().decrypt(stored.encode()))
    except InvalidToken as error:
        raise ImproperlyConfigured(UNREADABLE) from error
