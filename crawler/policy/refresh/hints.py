"""What a sitemap's `lastmod` is worth: a hint that a page has changed, often missing and sometimes wrong.

After Busa-Fekete et al. ("Online crawling with noisy change-indicating signals", 2025): changes that
are signalled are not waited for, so a page without a hint grows old more slowly than its rate says,
and one with a hint is as likely to have changed as the hint is precise. Both are told as a shift of
the time since the last visit. That the value of a visit is otherwise the one without hints is our
simplification.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MOST_RECALL: Final = 0.9
MOST_PRECISION: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """How far the hints of a target are believed.

    `recall` is the share of changes that a hint tells of, `precision` the share of hints that are
    true. The defaults believe little: many sites set every `lastmod` to the day of their last build.
    """

    recall: float = 0.3
    precision: float = 0.5


def shifted(
    interval_seconds: float,
    *,
    rate: float,
    seen_at: datetime,
    lastmod: datetime | None,
    signals: Signals | None = None,
) -> float:
    """Return how long after the last visit a page is to be asked that is due after `interval_seconds`.

    `lastmod` is None where the sitemap says nothing of the page: then nothing changes. One that is
    not later than the last visit says that nothing is known to have changed since.
    """
    if lastmod is None:
        return interval_seconds
    signals = signals or Signals()
    told = -math.log(1 - min(signals.precision, MOST_PRECISION)) / rate if lastmod > seen_at else 0.0
    return max(0.0, interval_seconds - told) / (1 - min(signals.recall, MOST_RECALL))
