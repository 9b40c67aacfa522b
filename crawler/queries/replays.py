"""Replays: which stored pages they read, what is stored beside, and how they stand for display."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from django.db.models import Count, F, Max, Window
from django.db.models.functions import Coalesce, Mod, RowNumber

from crawler.models import Item, Page, PageVersion, Replay, ReplayState, Target
from crawler.policy import replays as policy
from crawler.policy.replays import Change, Coverage, Totals
from crawler.queries import stored_pages
from crawler.queries.paging import listing
from crawler.stores import windows
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from crawler.queries.paging import Listing
    from crawler.queries.stored_pages import Kept
    from crawler.stores.windows import Between

MOST_PAGES: Final = 500
MOST_BYTES: Final = 16 << 20
"""What is read at a time; a single page may be larger."""
HASHES: Final = 500


class Earlier(NamedTuple):
    """The kept versions of the pages of a replay: those up to an id, and how many there are."""

    until_version: int
    earlier_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The pages of a replay: those up to an id, or the chosen ones, and how many there are.

    `earlier` are their versions, None where those are not read.
    """

    until: int
    chosen: list[int] | None
    total: int
    of_run: int | None = None
    earlier: Earlier | None = None


def reach(target: Target, *, pages: int | None, of_run: int | None = None, earlier: bool = False) -> Reach:
    """Return all stored pages of `target` of now, or `pages` from all over it.

    With `of_run` they are those that this run or a later one fetched, with `earlier` there are their kept
    versions.
    """
    newest = _reach(target, pages=pages, of_run=of_run)
    if not earlier:
        return newest
    kept = _kept_versions(target.pk, until=newest.until, chosen=newest.chosen)
    last = kept.aggregate(last=Max("id"), many=Count("id"))
    return replace(newest, earlier=Earlier(last["last"] or 0, last["many"]))


def _kept_versions(target: int, *, until: int, chosen: Sequence[int] | None) -> QuerySet[PageVersion]:
    found = PageVersion.objects.filter(target=target, stored_size__gt=0)
    return found.filter(page__lte=until) if chosen is None else found.filter(page__in=chosen)


def _reach(target: Target, *, pages: int | None, of_run: int | None) -> Reach:
    of_target = Page.objects.filter(target=target)
    if of_run is not None:
        of_target = of_target.filter(run__gte=of_run)
    until = of_target.aggregate(last=Max("id"))["last"] or 0
    if pages is None:
        return Reach(until=until, chosen=None, total=of_target.count(), of_run=of_run)
    return chosen(_spread(target, pages, until=until))


def chosen(pages: Iterable[int]) -> Reach:
    """Return these pages, by their ids."""
    ids = sorted(set(pages))
    return Reach(until=ids[-1] if ids else 0, chosen=ids, total=len(ids))


def _spread(target: Target, pages: int, *, until: int) -> QuerySet[Page, int]:
    """Return the ids of pages at even distances; all of them where there are no more.

    Distances are counted in pages: between the ids of a first crawl and those of later ones is a wide gap.
    """
    ids = Page.objects.filter(target=target, pk__lte=until).order_by("pk").values_list("pk", flat=True)
    many = ids.count()
    if many <= pages:
        return ids
    before = Window(RowNumber(), order_by="pk") - 1
    return ids.annotate(before=before, step=Mod(F("before") * pages, many)).filter(step__lt=pages)


def next_pages(replay: Replay, *, most: int | None = None) -> list[Kept]:
    """Return the pages that are read next, `most` of them, with their bodies; none at the end."""
    most = most or MOST_PAGES
    pages = Page.objects.filter(target=replay.target_id, pk__gt=replay.after, pk__lte=replay.until)
    if replay.of_run is not None:
        pages = pages.filter(run__gte=replay.of_run)
    if replay.chosen is not None:
        pages = pages.filter(pk__in=[pk for pk in replay.chosen if pk > replay.after][:most])
    rows: list[Page] = []
    size = 0
    for row in pages.order_by("pk")[:most]:
        size += row.size
        if rows and size > MOST_BYTES:
            break
        rows.append(row)
    return stored_pages.kept(rows)


class KeptVersion(NamedTuple):
    """A version of a page, and the page as it was then; None as that when its body is gone."""

    version: PageVersion
    kept: Kept


def next_versions(replay: Replay, *, most: int | None = None) -> list[KeptVersion]:
    """Return the versions of pages that are read next, `most` of them, page by page; none at the end."""
    chosen = replay.chosen
    if chosen is not None:
        chosen = [pk for pk in chosen if pk >= replay.after_page]
    found = _kept_versions(replay.target_id, until=replay.until, chosen=chosen)
    found = found.filter(page__gte=replay.after_page, pk__lte=replay.until_version)
    found = found.exclude(page=replay.after_page, pk__lte=replay.after_version)
    rows: list[PageVersion] = []
    size = 0
    for row in found.select_related("page").order_by("page_id", "pk")[: most or MOST_PAGES]:
        size += row.size
        if rows and size > MOST_BYTES:
            break
        rows.append(row)
    pages = stored_pages.as_they_were([(row.page, row) for row in rows])
    return [KeptVersion(*one) for one in zip(rows, pages, strict=True)]


def touching(target: int, pages: Mapping[int, Between]) -> dict[int, list[PageVersion]]:
    """Return the kept versions that held in the time that is asked for of each page, the oldest first."""
    found: dict[int, list[PageVersion]] = {}
    # under another name, as the index by the end would be gone through for each of the windows
    rows = PageVersion.objects.alias(end=Coalesce("ended_at", "began_at")).filter(stored_size__gt=0)
    asked = windows.touching(pages, key="page", begins="began_at__lt", ends="end__gt", target=target)
    for some in asked:
        for row in rows.filter(some).order_by("page_id", "pk"):
            found.setdefault(row.page_id, []).append(row)
    return found


def stored(target: int, hashes: Sequence[bytes], *, there: bool = False) -> dict[bytes, Mapping[str, Any]]:
    """Return the records that are stored under these hashes of keys; with `there` those not removed."""
    found: dict[bytes, Mapping[str, Any]] = {}
    wanted = sorted(set(hashes))
    for start in range(0, len(wanted), HASHES):
        rows = Item.objects.filter(target=target, key_hash__in=wanted[start : start + HASHES])
        rows = rows.filter(removed_at=None) if there else rows
        found |= {bytes(hash_): data for hash_, data in rows.values_list("key_hash", "data")}
    return found


def decoded(data: bytes) -> Mapping[str, Any]:
    """Return a record that was read as the database would give it back."""
    said: Mapping[str, Any] = orjson.loads(data)
    return said


def visible(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Replay]:
    """Return the replays of the targets that `user` may see."""
    return Replay.objects.filter(target__in=Target.objects.visible_to(user))


def page(target: Target, *, cursor: str | None, size: int = 20) -> Listing[Replay]:
    """Return replays of a target, newest first, without what they have found of single pages."""
    rows = Replay.objects.filter(target=target).defer("samples", "chosen")
    return listing(rows, order=("-id",), cursor=cursor, size=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a replay stands: how many pages are behind it, and what it has found.

    `earlier` is that of kept versions of pages, None where those are not read.
    """

    replay: Replay
    totals: Totals
    coverage: list[Coverage]
    earlier: Totals | None = None

    @property
    def behind(self) -> int:
        return self.totals.behind + (self.earlier.behind if self.earlier else 0)

    @property
    def total(self) -> int:
        return self.replay.total + self.replay.earlier_total

    @property
    def percent(self) -> int:
        if self.replay.state == ReplayState.DONE:
            return 100
        return min(99, 100 * self.behind // max(1, self.total))


def standing(replay: Replay) -> Standing:
    """Return how a replay stands."""
    totals = Totals.of_json(replay.totals)
    earlier = Totals.of_json(replay.earlier_totals or {}) if replay.earlier else None
    return Standing(replay=replay, totals=totals, coverage=totals.coverage(), earlier=earlier)


def samples(replay: Replay, *, earlier: bool = False) -> list[dict[str, Any]]:
    """Return the records that are shown, those that differ first: of newest bodies, or of `earlier` ones."""
    order = list(Change)
    shown = (sample for sample in replay.samples if policy.is_earlier(sample) == earlier)
    return sorted(shown, key=lambda sample: order.index(sample["change"]))


def differing(replay: Replay) -> tuple[str, ...]:
    """Return the names of the settings in which a replay differs from what the target said then.

    Fields in their short form say the same as in their long one, in which the form has them.
    """
    said, before = _spelled_out(replay.settings), _spelled_out(replay.before)
    return tuple(key for key in said if said[key] != before.get(key))


def same(settings: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Return whether settings say the same, however their fields are spelled."""
    return _spelled_out(settings) == _spelled_out(others)


def _spelled_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, or a declaration, with the fields in it in their long form."""
    fields = settings.get("fields")
    if not isinstance(fields, dict):
        return dict(settings)
    long = {name: nesting.spelled(one) for name, one in fields.items()}
    return {**settings, "fields": {name: one and _spelled_out(one) for name, one in long.items()}}
