"""Stored pages are read again with other settings, and nobody is asked for anything."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone

from crawler import trials
from crawler.models import Item, ItemVersion, OutboxMessage, Page, Replay, ReplayState, Run, Snapshot, Target
from crawler.policy.replays import Totals
from crawler.queries import past
from crawler.queries import replays as queries
from crawler.services import reconciling, replays, retention, targets
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget
from crawler.stores import rewriting
from crawler.trials import CannotTry
from tests.crawling import a_run, again, finished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.trials import Records, StoredPage, Unreadable
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

NAMES = {"name": "css:h1"}
PRICED: dict[str, Any] = {"fields": {"name": "css:h1", "price": {"css": "p", "type": "price"}}}


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def crawled(hostile_site: HostileSite) -> Run:
    """A crawl of a shop with three products, of which names were read."""
    site = hostile_site
    site.serve("/", "".join(f'<a href="/{name}">x</a>' for name in ("kettle", "pot", "pan")))
    for number, name in enumerate(("kettle", "pot", "pan"), start=1):
        site.serve(f"/{name}", f"<h1>{name}</h1><p>€ {number}</p>")
    return finished(a_run(site.url("/"), scraper="fields", row="css:body:has(h1)", fields=NAMES))


def tried(run: Run, person: User, pages: int | None = None, **data: Any) -> Replay:
    """Return a trial that has read all it is to read."""
    return done(replays.start(target=run.target, by=person, data=data, pages=pages, now=timezone.now()))


def done(replay: Replay) -> Replay:
    replays.advance(replay=replay.pk, now=timezone.now(), budget_seconds=600)
    replay.refresh_from_db()
    return replay


def data() -> dict[str, dict[str, Any]]:
    return {item.data["name"]: item.data for item in Item.objects.all()}


def test_trial_tells_what_would_change_and_changes_nothing(
    crawled: Run, person: User, hostile_site: HostileSite
) -> None:
    sent, before = len(hostile_site.requests), data()
    replay = tried(crawled, person, **PRICED)

    totals = Totals.of_json(replay.totals)
    assert (replay.state, replay.total, totals.pages) == (ReplayState.DONE, 4, 4)
    assert totals.records == {"changed": 3, "new": 0, "gone": 0, "same": 0}
    assert [(one.name, one.before, one.after) for one in totals.coverage()] == [
        ("name", 1.0, 1.0),
        ("price", 0.0, 1.0),
    ]
    sample = next(one for one in replay.samples if one["url"].endswith("/kettle"))
    assert (sample["before"], sample["after"]) == ({"name": "kettle"}, {"name": "kettle", "price": 1.0})
    assert sample["fields"] == ["price"]
    assert len(hostile_site.requests) == sent
    assert data() == before
    assert Target.objects.get(pk=crawled.target_id).fields == NAMES


def test_records_that_are_found_no_more_are_gone(crawled: Run, person: User) -> None:
    replay = tried(crawled, person, row="css:body:has(p:contains('€ 2'))")

    assert Totals.of_json(replay.totals).records == {"changed": 0, "new": 0, "gone": 2, "same": 1}


def test_records_under_another_key_are_new_and_those_of_before_gone(crawled: Run, person: User) -> None:
    replay = tried(crawled, person, key=["name"])

    assert Totals.of_json(replay.totals).records == {"changed": 0, "new": 3, "gone": 3, "same": 0}


def test_storing_makes_new_versions_without_a_request_and_saves_the_settings(
    crawled: Run, person: User, hostile_site: HostileSite
) -> None:
    sent, seen = len(hostile_site.requests), {item.key: item.last_seen for item in Item.objects.all()}
    counts = {name: getattr(crawled, name) for name in ("items", "items_new", "items_changed")}
    trial = tried(crawled, person, **PRICED)
    stored = done(replays.store(replay=trial, by=person, now=timezone.now()))

    assert stored.state == ReplayState.DONE
    assert {name: one["price"] for name, one in data().items()} == {"kettle": 1.0, "pot": 2.0, "pan": 3.0}
    assert [item.version for item in Item.objects.all()] == [2, 2, 2]
    assert {version.data["name"] for version in ItemVersion.objects.all()} == {"kettle", "pot", "pan"}
    newest, first = past.history(Item.objects.all()[0])
    assert [(one.run, one.by) for one in (newest, first)] == [(None, ""), (crawled.pk, "")]
    assert {item.key: item.last_seen for item in Item.objects.all()} == seen
    assert len(hostile_site.requests) == sent
    crawled.refresh_from_db()
    assert {name: getattr(crawled, name) for name in counts} == counts
    target = Target.objects.get(pk=crawled.target_id)
    assert target.fields == PRICED["fields"]
    assert set(target.history.order_by("-id")[0].changes) == {"fields"}
    again_ = finished(again(crawled))
    assert (again_.items, again_.items_changed) == (3, 0)


def test_storing_adds_records_that_no_run_gave(crawled: Run, person: User) -> None:
    trial = tried(crawled, person, row="", fields={"title": "css:a"})
    done(replays.store(replay=trial, by=person, now=timezone.now()))

    start = Item.objects.get(url=crawled.settings["start_urls"][0])
    assert (start.version, start.data) == (1, {"title": "x"})
    assert start.first_seen == Page.objects.get(url=start.url).last_seen


def test_page_that_changed_after_it_was_read_is_left_to_the_run_that_read_it(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tried(crawled, person, **PRICED)
    storing = replays.store(replay=trial, by=person, now=timezone.now())
    read = trials.records_of

    def meanwhile(settings: Any, pages: Sequence[StoredPage], **more: Any) -> list[Records | Unreadable]:
        Page.objects.filter(url__endswith="/pot").update(body_hash=b"0" * 16)
        return read(settings, pages, **more)

    monkeypatch.setattr(trials, "records_of", meanwhile)
    done(storing)

    assert {name for name, one in data().items() if "price" in one} == {"kettle", "pan"}


def test_item_that_a_later_page_gave_stays_as_that_says(crawled: Run, person: User) -> None:
    Item.objects.filter(url__endswith="/pan").update(last_seen=timezone.now() + timedelta(hours=1))
    trial = tried(crawled, person, **PRICED)
    done(replays.store(replay=trial, by=person, now=timezone.now()))

    assert {name for name, one in data().items() if "price" in one} == {"kettle", "pot"}


def test_sample_is_of_pages_from_all_over_the_target(crawled: Run, person: User) -> None:
    replay = replays.start(target=crawled.target, by=person, data=PRICED, pages=2, now=timezone.now())
    assert replay.chosen is not None
    ids = list(Page.objects.order_by("pk").values_list("pk", flat=True))
    assert replay.chosen == [ids[0], *[pk for pk in replay.chosen if pk != ids[0]]]
    assert (replay.total, len(replay.chosen)) == (2, 2)

    assert Totals.of_json(done(replay).totals).pages == 2


def test_fields_in_their_short_form_differ_in_nothing_from_the_long_one() -> None:
    before = {"row": "", "fields": {"a": "css:h1", "made": {"css": ".made", "fields": {"by": "css:b"}}}}
    said = {"a": {"css": "h1"}, "made": {"css": ".made", "fields": {"by": {"css": "b"}}}}

    assert queries.differing(Replay(before=before, settings={"row": "", "fields": said})) == ()
    other = {**said, "a": {"css": "h2"}}
    assert queries.differing(Replay(before=before, settings={"row": ".a", "fields": other})) == (
        "row",
        "fields",
    )


def test_sample_has_as_many_pages_as_asked_for_however_far_apart_their_ids_are(crawled: Run) -> None:
    page, target = Page.objects.latest("pk"), crawled.target
    page.pk, page.key = page.pk + 3_000_000_000, b"another page"
    page.save(force_insert=True)
    ids = list(Page.objects.order_by("pk").values_list("pk", flat=True))

    assert len(ids) == 5
    assert [queries.reach(target, pages=pages).total for pages in range(1, 7)] == [1, 2, 3, 4, 5, 5]
    assert queries.reach(target, pages=3).chosen == [ids[0], ids[2], ids[4]]


def test_work_goes_on_where_it_was_left_and_counts_nothing_twice(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_PAGES", 1)
    replay = replays.start(target=crawled.target, by=person, data=PRICED, pages=None, now=timezone.now())
    for _ in range(10):
        replays.advance(replay=replay.pk, now=timezone.now(), budget_seconds=0)
    replay.refresh_from_db()

    assert replay.state == ReplayState.DONE
    assert Totals.of_json(replay.totals).pages == 4


@pytest.mark.parametrize(("later", "readings"), [(0, 1), (241, 2)])
def test_two_that_go_on_with_the_same_pages_count_them_once_and_read_them_once(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch, later: float, readings: int
) -> None:
    """Only a step that nobody seems to do any more is done by another, who counts then."""
    replay = replays.start(target=crawled.target, by=person, data=PRICED, pages=None, now=timezone.now())
    read = trials.records_of
    began: list[int] = []

    def twice(settings: Any, pages: Sequence[StoredPage], **more: Any) -> list[Records | Unreadable]:
        began.append(len(pages))
        if len(began) == 1:
            again = replays.step(replay=replay.pk, now=timezone.now() + timedelta(seconds=later))
            assert again is (readings == 2)
        return read(settings, pages, **more)

    monkeypatch.setattr(trials, "records_of", twice)
    assert replays.step(replay=replay.pk, now=timezone.now()) is (readings == 1)

    assert began == [4] * readings
    assert Totals.of_json(done(replay).totals).pages == 4


def test_step_that_fails_keeps_nobody_from_doing_it(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replays.start(target=crawled.target, by=person, data=PRICED, pages=None, now=timezone.now())

    def failing(*_asked: Any, **_more: Any) -> list[Records | Unreadable]:
        raise CannotTry("no process could be started")

    with monkeypatch.context() as patched:
        patched.setattr(trials, "records_of", failing)
        with pytest.raises(CannotTry):
            replays.step(replay=replay.pk, now=timezone.now())

    assert Totals.of_json(done(replay).totals).pages == 4
    assert replay.claimed_at is None


def test_commit_that_fails_keeps_nobody_from_doing_it(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tried(crawled, person, **PRICED)
    replay = replays.store(replay=trial, by=person, now=timezone.now())

    def failing(*_asked: Any, **_more: Any) -> None:
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as patched:
        patched.setattr(rewriting, "store", failing)
        with pytest.raises(OperationalError):
            replays.step(replay=replay.pk, now=timezone.now())

    assert Replay.objects.get(pk=replay.pk).claimed_at is None
    assert done(replay).state == ReplayState.DONE
    assert {name: one["price"] for name, one in data().items()} == {"kettle": 1.0, "pot": 2.0, "pan": 3.0}


def test_commit_that_was_chosen_to_break_a_deadlock_is_done_again_and_counted_once(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replays.store(replay=tried(crawled, person, **PRICED), by=person, now=timezone.now())
    store, calls = rewriting.store, list[int]()

    def once(target: int, *asked: Any, **more: Any) -> None:
        store(target, *asked, **more)
        calls.append(target)
        if len(calls) == 1:
            raise OperationalError("database is locked")

    monkeypatch.setattr(rewriting, "store", once)
    replay = done(replay)

    assert len(calls) == 2
    assert (replay.state, Totals.of_json(replay.totals).pages) == (ReplayState.DONE, 4)
    assert {name: one["price"] for name, one in data().items()} == {"kettle": 1.0, "pot": 2.0, "pan": 3.0}


def test_pages_without_a_stored_body_are_counted_apart(crawled: Run, person: User) -> None:
    page = Page.objects.get(url__endswith="/pan")
    Snapshot.objects.filter(hash=page.body_hash).delete()

    totals = Totals.of_json(tried(crawled, person, **PRICED).totals)
    assert (totals.pages, totals.bodiless) == (3, 1)


def test_replay_that_can_read_no_page_fails_with_the_reason(
    crawled: Run, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.services.replays.advancing.MOST_UNREAD", 2)
    monkeypatch.setattr(
        trials, "records_of", lambda *_a, **_k: [trials.Unreadable("reader_timed_out", "it took too long")]
    )
    replay = tried(crawled, person, **PRICED)

    assert replay.state == ReplayState.FAILED
    assert "none of the first 2 pages could be read: it took too long" in replay.reason


def test_settings_that_cannot_be_saved_are_not_tried(crawled: Run, person: User) -> None:
    with pytest.raises(InvalidTarget, match=r"fields\.name"):
        replays.start(
            target=crawled.target,
            by=person,
            data={"fields": {"name": "css:h1["}},
            pages=None,
            now=timezone.now(),
        )
    assert not Replay.objects.exists()


def test_new_trial_of_a_person_takes_the_place_of_the_old_one(crawled: Run, person: User) -> None:
    first = replays.start(target=crawled.target, by=person, data=PRICED, pages=2, now=timezone.now())
    second = replays.start(target=crawled.target, by=person, data=PRICED, pages=3, now=timezone.now())
    first.refresh_from_db()

    assert (first.state, second.state) == (ReplayState.CANCELLED, ReplayState.QUEUED)
    replays.advance(replay=first.pk, now=timezone.now())
    assert Replay.objects.get(pk=first.pk).totals == {}


def test_only_a_whole_trial_of_the_targets_own_settings_is_stored_and_one_at_a_time(
    crawled: Run, person: User
) -> None:
    now = timezone.now()
    waiting = replays.start(target=crawled.target, by=person, data=PRICED, pages=2, now=now)
    with pytest.raises(Busy, match="done"):
        replays.store(replay=waiting, by=person, now=now)
    trial = done(waiting)
    replays.store(replay=trial, by=person, now=now)
    with pytest.raises(Busy, match="being read and stored"):
        replays.store(replay=trial, by=person, now=now)
    with pytest.raises(Busy, match="being read and stored"):
        replays.start(target=crawled.target, by=person, data={}, pages=2, now=now)
    replays.cancel(replay=Replay.objects.get(stores=True), now=now)
    Target.objects.filter(pk=crawled.target_id).update(fields={"other": "css:p"})
    with pytest.raises(Busy, match="changed after"):
        replays.store(replay=trial, by=person, now=now)


def test_trial_is_stored_though_the_same_fields_were_spelled_anew_meanwhile(
    crawled: Run, person: User
) -> None:
    trial, spelled = tried(crawled, person), {"name": {"css": "h1"}}
    assert trial.settings["fields"] == {"name": "css:h1"}
    Target.objects.filter(pk=crawled.target_id).update(fields=spelled)

    replays.store(replay=trial, by=person, now=timezone.now())
    assert Target.objects.get(pk=crawled.target_id).fields == spelled, "they say the same: nothing is saved"


def test_settings_are_not_saved_while_others_are_being_stored(crawled: Run, person: User) -> None:
    now = timezone.now()
    trial, other = tried(crawled, person, **PRICED), tried(crawled, person, fields={"title": "css:h1"})
    replays.store(replay=trial, by=person, now=now)
    Target.objects.filter(pk=crawled.target_id).update(fields=other.before["fields"])

    with pytest.raises(Busy, match="being read and stored"):
        replays.store(replay=other, by=person, now=now)
    assert Target.objects.get(pk=crawled.target_id).fields == other.before["fields"]


def test_deleting_a_target_ends_what_is_being_stored_of_it(crawled: Run, person: User) -> None:
    now = timezone.now()
    storing = replays.store(replay=tried(crawled, person, **PRICED), by=person, now=now)
    targets.delete(target=Target.objects.get(pk=crawled.target_id), now=now)

    assert (done(storing).state, storing.reason) == (ReplayState.CANCELLED, "its target was deleted")
    assert not ItemVersion.objects.exists()


def test_what_nobody_goes_on_with_is_asked_for_again_by_the_reconciler(crawled: Run, person: User) -> None:
    now = timezone.now()
    replay = replays.start(target=crawled.target, by=person, data=PRICED, pages=2, now=now)
    OutboxMessage.objects.all().delete()
    reconciling.reconcile(now=now + timedelta(seconds=180))
    assert not OutboxMessage.objects.filter(work="replays.advance").exists()

    reconciling.reconcile(now=now + timedelta(seconds=241))
    reconciling.reconcile(now=now + timedelta(seconds=242))
    (message,) = OutboxMessage.objects.filter(work="replays.advance")
    assert message.kwargs == {"replay": replay.pk}


def test_replays_are_forgotten_after_a_month_and_with_their_target(crawled: Run, person: User) -> None:
    old, new = tried(crawled, person, **PRICED), tried(crawled, person, **PRICED)
    Replay.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))
    retention.clean_up(now=timezone.now())
    assert list(Replay.objects.values_list("pk", flat=True)) == [new.pk]

    Target.objects.filter(pk=crawled.target_id).update(deleted_at=timezone.now())
    retention.clean_up(now=timezone.now())
    assert not Replay.objects.exists()
