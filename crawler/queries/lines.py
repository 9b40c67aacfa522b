"""An item as lists show it: by a name that its data has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Item, ItemVersion

NAMES = ("name", "title", "headline")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item with its data as the list shows it: as it is now, as a run saw it, or as it was.

    `version` is the earlier one that is shown, None where that is the item as it is.
    """

    item: Item
    data: Any
    version: ItemVersion | None = None

    @property
    def changed_at(self) -> datetime | None:
        """Return since when the item says what is shown; None of what it said first."""
        if self.version is not None:
            return self.version.valid_from if self.version.version > 1 else None
        return self.item.changed_at if self.item.version > 1 else None

    @property
    def named_by(self) -> str | None:
        """Return the field that names the item; None when none does."""
        data = self.data if isinstance(self.data, dict) else {}
        return next((name for name in NAMES if isinstance(data.get(name), str) and data[name].strip()), None)

    @property
    def label(self) -> str:
        """Return what a list calls the item: its name, or the path of its page."""
        return self.data[self.named_by].strip() if self.named_by else _path(self.item.url)


def _path(url: str) -> str:
    """Return an address without its scheme and host."""
    rest = url.partition("://")[2]
    return f"/{rest.partition('/')[2]}" if "/" in rest else url
