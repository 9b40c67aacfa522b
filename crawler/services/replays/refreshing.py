"""Has records read again that several pages complete, after a refresh found some of these pages changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from crawler.models import Publication
from crawler.queries import leading
from crawler.queries import replays as found
from crawler.services.replays.asking import begin, require_idle, said
from crawler.services.replays.reading import follows
from scrapers.registry import InvalidScraper

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Replay, Run

READ: Final = (Publication.DIRECT, Publication.PUBLISHED)


def read_again(run: Run, *, now: datetime) -> Replay | None:
    """Have the pages read again whose records the refresh `run` may have changed, so that items change.

    These are pages that it found changed, and those that led there in the newest whole run. None where there
    are none, and where what the refresh read was not taken. Raises Busy while others store.
    """
    target = run.target
    if run.publication not in READ:
        return None
    try:
        if not follows(said(target)):
            return None
    except InvalidScraper:
        return None
    pages = leading.to_changed(run)
    if not pages:
        return None
    with transaction.atomic():
        require_idle(target)
        return begin(
            target,
            said(target),
            by=None,
            reach=found.chosen(pages),
            stores=True,
            now=now,
            after_refresh=run.pk,
        )
