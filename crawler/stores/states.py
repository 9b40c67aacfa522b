"""What hot statements say of a request's state: written out, as the partial indexes have it."""

from __future__ import annotations

from typing import Final

from crawler.models import RequestState

QUEUED: Final = f"state = {RequestState.QUEUED.value}"
READY: Final = f"{QUEUED} AND not_before IS NULL"
DELAYED: Final = f"{QUEUED} AND not_before IS NOT NULL"
LEASED: Final = f"state = {RequestState.LEASED.value}"
DEAD: Final = f"state = {RequestState.DEAD.value}"
TROUBLED: Final = f"state >= {RequestState.FAILED.value}"
"""Failed, skipped or dead."""
