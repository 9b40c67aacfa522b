"""Columns of our own: JSON that keeps its order, and JSON that lies encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from cryptography.fernet import InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from crawler import conf

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField

UNREADABLE = (
    "a stored secret cannot be decrypted: ENCRYPTION_KEY is not the one it was written with; "
    "put the old key back, after the new one and separated by a comma"
)


class OrderedJSONField(models.JSONField):
    """JSON whose keys stay in the order they came, as a person declared them.

    PostgreSQL's jsonb sorts keys by length; its json keeps the text, and is cheaper to write.
    It knows no comparison, so queries do not look inside.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        if connection.vendor == "postgresql":  # the driver has read it, in order
            return value
        return super().from_db_value(value, expression, connection)

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 - Django calls it so
    ) -> Any:
        if connection.vendor != "postgresql" or value is None or hasattr(value, "as_sql"):
            return super().get_db_prep_value(value, connection, prepared)
        from psycopg.types.json import Json

        return Json(value)


class EncryptedJSONField(_TextField):
    """A JSON value stored as a Fernet token under `ENCRYPTION_KEY`; an empty value is stored plain.

    Nothing stored is the default: an empty object, or an empty list.
    """

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_context: object) -> Any:
        return read(value) if value else self.get_default()

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
