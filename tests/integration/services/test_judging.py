"""What a page that changed in noise alone is said to be afterwards: what it would be had it not changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler import trials
from crawler.engine.work import Claim
from crawler.models import Page, PageVersion, RefreshPlan, Run, Snapshot, Target
from crawler.policy.identity import digest
from crawler.policy.refresh.rates import Seen
from crawler.queries import stored_pages
from crawler.services import judging, refresh, versions
from crawler.services.judging import again, pairs, settling
from crawler.services.refresh.reading import COLUMNS, Known, interval_of
from crawler.stores import pages, snapshots, sql
from tests.crawling import a_run
from tests.fakes.rules import a_page, some_rules
from tests.together import twice_at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOISE: dict[str, Any] = {"counters": True}


@pytest.fixture
def run(db: None) -> Run:
    return a_run(noise=NOISE)


def visit(run: Run, said: str, *, at: datetime, path: str = "", **columns: Any) -> None:
    """Let a run see a page that says this."""
    body = said.encode()
    rules = some_rules(run.pk, target=run.target_id, has_noise=bool(run.settings["noise"]))
    place: dict[str, Any] = {"id": 1, "host": 1, "backlog": 1, "epoch": 1, "depth": 0, "priority": 5}
    url = f"http://a.test/{path}"
    claim = Claim(rules=rules, url=url, key=digest(url.encode()), known=None, attempts=1, **place)
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=at)
    pages.save([(claim, a_page(body, **columns))], now=at)


def visits(run: Run, *said: str, **columns: Any) -> Page:
    """Let a run see a page each hour; return it as it is then."""
    for hour, text in enumerate(said):
        visit(run, text, at=NOW + hour * HOUR, **columns)
    return Page.objects.get()


def seen(page: Page) -> Seen:
    return Known(*(getattr(page, name) for name in COLUMNS)).seen


def expected(*changed: bool) -> Seen:
    found = Seen()
    for one in changed:
        found = found.after(seconds=HOUR.total_seconds(), changed=one)
    return found


def like(found: Seen, wanted: Seen) -> bool:
    """Say whether two are the same but for how exactly a database reckons with moments."""
    names = Seen.__dataclass_fields__
    return all(getattr(found, n) == pytest.approx(getattr(wanted, n), abs=1e-3, rel=1e-6) for n in names)


def judge() -> None:
    judging.work(now=NOW)


def test_page_that_differs_in_noise_alone_has_not_changed(run: Run) -> None:
    page = visits(run, "<p>Kettle<p>1 view", "<p>Kettle<p>2 views")
    assert (page.changed_at, page.body_at) == (NOW + HOUR, None), "it counts until it was judged"
    judge()
    page.refresh_from_db()
    assert (page.changed_at, page.body_at) == (NOW, NOW + HOUR)
    assert like(seen(page), expected(False))
    version = PageVersion.objects.get()
    assert (version.kinds, version.awaits_judgement, version.began_at) == (("counters",), False, NOW)
    run.refresh_from_db()
    assert (run.pages_noise, run.pages_unchanged) == (1, 0)


def test_page_whose_text_changed_has_changed(run: Run) -> None:
    page = visits(run, "<p>Kettle<p>1 view", "<p>Kettles<p>2 views")
    judge()
    page.refresh_from_db()
    assert (page.changed_at, page.body_at) == (NOW + HOUR, None)
    assert like(seen(page), expected(True))
    assert not PageVersion.objects.filter(awaits_judgement=True).exists()
    run.refresh_from_db()
    assert run.pages_noise == 0


def test_later_versions_begin_where_bodies_did(run: Run) -> None:
    visits(run, "<p>x<p>1 view", "<p>x<p>2 views")
    judge()
    visit(run, "<p>y<p>2 views", at=NOW + 2 * HOUR)
    judge()
    first, second = PageVersion.objects.order_by("id")
    assert (first.began_at, first.ended_at) == (NOW, NOW + HOUR)
    assert (second.began_at, second.ended_at, second.noise) == (NOW + HOUR, NOW + 2 * HOUR, "")
    page = Page.objects.get()
    assert (page.changed_at, page.body_at) == (NOW + 2 * HOUR, None)


def test_targets_that_ignore_nothing_are_not_judged(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    page = visits(a_run(), "<p>x<p>1 view", "<p>x<p>2 views")
    monkeypatch.setattr(trials, "verdicts_of", None)
    judge()
    page.refresh_from_db()
    assert page.changed_at == NOW + HOUR
    assert not PageVersion.objects.exclude(awaits_judgement=False).exists()


@pytest.mark.parametrize(
    ("why", "columns"),
    [("another answer", {"status": 404}), ("no text", {"content_type": "image/png"})],
)
def test_what_cannot_be_compared_has_changed(run: Run, why: str, columns: dict[str, Any]) -> None:
    visit(run, "<p>x<p>1 view", at=NOW)
    visit(run, "<p>x<p>2 views", at=NOW + HOUR, **columns)
    judge()
    assert Page.objects.get().changed_at == NOW + HOUR, why
    assert PageVersion.objects.get().awaits_judgement is False


def test_body_that_was_not_kept_and_noise_that_counts_again_have_changed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits(run, "<p>x<p>1 view", "<p>x<p>2 views", "<p>x<p>3 views")
    Snapshot.objects.filter(hash=digest(b"<p>x<p>1 view")).delete()
    PageVersion.objects.filter(body_hash=digest(b"<p>x<p>2 views")).update(awaits_judgement=False)
    judge()
    Target.objects.update(noise={})
    visit(run, "<p>x<p>4 views", at=NOW + 3 * HOUR)
    monkeypatch.setattr(stored_pages, "bodies", None)  # nothing is read that is not compared
    judge()
    assert set(PageVersion.objects.values_list("noise", "awaits_judgement")) == {("", False)}


def test_page_at_which_the_process_ends_has_changed_and_is_not_compared_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("a", "b", "c"):
        visit(run, "<p>x<p>1 view", at=NOW, path=path)
        visit(run, "<p>x<p>2 views", at=NOW + HOUR, path=path)
    asked: list[int] = []

    def ended(given: Sequence[object], **_more: object) -> list[tuple[str, ...] | None]:
        asked.append(len(given))
        found: list[tuple[str, ...] | None] = [("counters",), None]
        return found[: len(given)]

    monkeypatch.setattr(trials, "verdicts_of", ended)
    judge()
    assert asked == [3, 1]
    found = PageVersion.objects.order_by("id").values_list("noise", "awaits_judgement")
    assert list(found) == [("counters", False), ("", False), ("counters", False)]


def test_process_that_cannot_begin_costs_nothing_but_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    visits(run, "<p>x<p>1 view", "<p>x<p>2 views")

    def away(*_args: object, **_more: object) -> None:
        raise trials.CannotTry("no process")

    with monkeypatch.context() as patch:
        patch.setattr(trials, "verdicts_of", away)
        with pytest.raises(trials.CannotTry):
            judge()
    judge()
    assert Page.objects.get().changed_at == NOW


def test_large_pages_are_compared_some_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MOST_BYTES", 30)
    visits(run, *(f"<p>x<p>{number} views" for number in range(5)))
    assert [len(pairs.of_target(run.target_id))] == [1]
    judge()
    assert Page.objects.get().changed_at == NOW


def test_targets_have_their_turns(run: Run) -> None:
    visits(run, "<p>x<p>1 view", "<p>x<p>2 views")
    other = a_run("http://b.test/", noise=NOISE)
    visit(other, "<p>x<p>1 view", at=NOW)
    visit(other, "<p>x<p>2 views", at=NOW + HOUR)
    for done in (1, 2):
        judging.work(now=NOW + done * HOUR, budget_seconds=0.0)
        assert PageVersion.objects.filter(awaits_judgement=False).count() == done


@pytest.mark.django_db(transaction=True)
def test_who_judges_twice_at_once_corrects_once() -> None:
    run = a_run(noise=NOISE)
    texts = [f"<p>x<p>{number} views" for number in range(4)]
    for path in ("a", "b", "c"):
        for hour, text in enumerate(texts):
            visit(run, text, at=NOW + hour * HOUR, path=path)
    twice_at_once(judge)
    judge()
    run.refresh_from_db()
    assert run.pages_noise == 9
    for page in Page.objects.all():
        assert page.changed_at == NOW
        assert like(seen(page), expected(False, False, False))


def test_version_waits_for_the_judgement_of_those_before_it(run: Run) -> None:
    page = visits(run, "<p>x<p>1 view", "<p>x<p>2 views", "<p>x<p>3 views")
    first, second = PageVersion.objects.order_by("id")
    assert settling.settle(run.target_id, [(second.pk, ("counters",))], None) == 0
    assert settling.settle(run.target_id, [(first.pk, ("counters",))], None) == 1
    assert settling.settle(run.target_id, [(second.pk, ("counters",))], None) == 1
    assert settling.settle(run.target_id, [(second.pk, ("counters",))], None) == 0, "nobody settles it twice"
    page.refresh_from_db()
    assert page.changed_at == NOW


STEPS = st.lists(
    st.sampled_from(["same", "noise", "change", "judge", "judge again", "clean up"]), min_size=1, max_size=12
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whenever_it_is_judged_and_cleaned_up_a_page_is_what_its_changes_make_it(
    db: None, steps: list[str]
) -> None:
    run = a_run(noise=NOISE, keep={"versions": 2})
    lived(run, steps)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=STEPS, after=STEPS)
def test_what_is_judged_again_is_as_if_it_had_been_ignored_from_the_beginning(
    db: None, before: list[str], after: list[str]
) -> None:
    run = a_run(noise={})
    steps = [step for step in before if step in ("same", "noise", "change")]
    lived(run, [*steps, "ignore", "judge again", *after])


def lived(run: Run, steps: list[str]) -> None:
    """Do these steps to a page, and assert that it is what its changes make it."""
    text, views, hour, counted, changed = 0, 0, 0, NOW, []
    visit(run, "0 0", at=NOW, path=str(run.pk))
    for step in steps:
        match step:
            case "judge":
                settle_all(run)
            case "judge again":
                judging.judge_again(run.target)
            case "clean up":
                versions.sweep(now=NOW + 24 * HOUR, budget=versions.Budget(float("inf")))
            case "ignore":
                run.target.noise, run.settings["noise"] = NOISE, NOISE
            case _:
                hour, views, text = hour + 1, views + (step == "noise"), text + (step == "change")
                changed.append(step == "change")
                counted = NOW + hour * HOUR if step == "change" else counted
                visit(run, f"{text} {views}", at=NOW + hour * HOUR, path=str(run.pk))
    settle_all(run)
    page = Page.objects.get(target=run.target_id)
    assert page.changed_at == counted
    assert like(seen(page), expected(*changed))
    noisy = PageVersion.objects.filter(target=run.target_id).exclude(noise="")
    run.refresh_from_db()
    assert run.pages_noise >= noisy.count(), "each is counted once"


def test_changes_are_judged_again_some_at_a_time_and_only_where_something_is_ignored(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "MOST", 3)
    monkeypatch.setattr(again, "AT_ONCE", 2)
    visits(run, *(f"<p>x<p>{number} views" for number in range(5)))
    PageVersion.objects.update(awaits_judgement=False)
    run.target.noise = {}
    with pytest.raises(judging.NothingToJudge):
        judging.judge_again(run.target)
    run.target.noise = NOISE
    assert judging.judge_again(run.target) == 3
    assert judging.judge_again(run.target) == 1, "what awaits its judgement anyway is asked for once"
    judge()
    assert Page.objects.get().changed_at == NOW


def settle_all(run: Run) -> None:
    """Judge what awaits it, without a process: the first words of bodies count."""
    waiting = PageVersion.objects.filter(target=run.target_id, awaits_judgement=True)
    verdicts: list[tuple[int, tuple[str, ...]]] = []
    for row in waiting.order_by("id"):
        later = PageVersion.objects.filter(target=run.target_id, pk__gt=row.pk).order_by("id").first()
        sides = (row, later or Page.objects.get(target=run.target_id))
        words = {(snapshots.load(bytes(side.body_hash)) or b"").split()[0] for side in sides}
        verdicts.append((row.pk, ("counters",) if len(words) == 1 else ()))
    settling.settle(run.target_id, verdicts, None)


def test_page_is_due_again_as_if_it_had_not_changed(run: Run) -> None:
    target = Target.objects.get()
    target.refresh_per_day = 24
    target.save()
    refresh.put(target=target, now=NOW)
    RefreshPlan.objects.update(threshold_seconds=60.0, longest_seconds=1e7, planned_at=NOW, usual_rate=1e-6)
    for path, last in (("still", "1 view"), ("noisy", "2 views")):
        visit(run, "<p>x<p>1 view", at=NOW, path=path)
        visit(run, f"<p>x<p>{last}", at=NOW + HOUR, path=path)
    Page.objects.update(refresh_at=NOW + 2 * HOUR)
    judge()
    plan = RefreshPlan.objects.get()
    still, noisy = (Page.objects.get(url__endswith=path) for path in ("still", "noisy"))
    wanted = interval_of(Known(*(getattr(still, name) for name in COLUMNS)), plan)
    assert noisy.refresh_at is not None
    assert abs(noisy.refresh_at - noisy.last_seen - wanted) < timedelta(seconds=1)


def test_what_lies_encrypted_is_not_loaded(run: Run) -> None:
    """Who lost the key has changes judged all the same."""
    Target.objects.update(refresh_per_day=24)
    refresh.put(target=Target.objects.get(), now=NOW)
    page = visits(run, "<p>x<p>1 view", "<p>x<p>2 views")
    sql.execute("UPDATE crawler_target SET headers = 'x', login = 'x', proxies = 'x'", [])
    judge()
    page.refresh_from_db()
    assert page.body_at == NOW + HOUR


def test_plan_waits_for_what_awaits_its_judgement(run: Run) -> None:
    Run.objects.update(state="finished", settled=True)
    Target.objects.update(refresh_per_day=24)
    refresh.put(target=Target.objects.get(), now=NOW)
    visits(run, "<p>x<p>1 view", "<p>x<p>2 views")
    refresh.tick(now=NOW + HOUR)
    assert RefreshPlan.objects.get().planned_at is None
    judge()
    refresh.tick(now=NOW + HOUR)
    assert RefreshPlan.objects.get().planned_at == NOW + HOUR
