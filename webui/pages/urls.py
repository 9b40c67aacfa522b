"""Which page is at which URL."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.urls import path, reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST

from webui.accounts.models import Role
from webui.accounts.roles import least
from webui.pages import (
    account,
    calendar,
    changes,
    condition,
    dashboard,
    deadlines,
    decisions,
    dry_runs,
    held,
    history,
    hosts,
    items,
    keeping,
    people,
    previews,
    queue,
    replays,
    runs,
    schedules,
    stored,
    suggestions,
    targets,
    webhooks,
)

as_form = require_http_methods(["GET", "HEAD", "POST"])
sign_in = as_form(LoginView.as_view(redirect_authenticated_user=True))
sign_out = least(Role.VIEWER)(require_POST(LogoutView.as_view()))
new_password = least(Role.VIEWER)(
    as_form(
        PasswordChangeView.as_view(template_name="account/password.html", success_url=reverse_lazy("account"))
    )
)

urlpatterns = [
    path("", dashboard.show, name="dashboard"),
    path("live/", dashboard.live, name="dashboard-live"),
    path("condition/", condition.banner, name="condition"),
    path("sign-in/", sign_in, name="login"),
    path("sign-out/", sign_out, name="logout"),
    path("targets/", targets.index, name="targets"),
    path("targets/new/", targets.new, name="target-new"),
    path("targets/test/", previews.start, name="preview-start"),
    path("targets/test/<str:preview>/", previews.show, name="preview"),
    path("targets/suggest/", suggestions.start, name="target-suggest"),
    path("targets/suggest/<str:preview>/", suggestions.show, name="target-suggestion"),
    path("targets/<int:pk>/", targets.show, name="target"),
    path("targets/<int:pk>/edit/", targets.edit, name="target-edit"),
    path("targets/<int:pk>/dry-run/", dry_runs.show, name="target-dry-run"),
    path("targets/<int:pk>/delete/", targets.delete, name="target-delete"),
    path("targets/<int:pk>/crawl/", targets.crawl, name="target-crawl"),
    path("targets/<int:pk>/crawl/by/", deadlines.start, name="target-crawl-by"),
    path("targets/<int:pk>/schedule/<str:step>/", schedules.change, name="target-schedule"),
    path("targets/<int:pk>/history/", history.show, name="target-history"),
    path("targets/<int:pk>/history/<int:change>/restore/", history.restore, name="target-restore"),
    path("targets/<int:pk>/skips/", schedules.skips, name="target-skips"),
    path("targets/<int:pk>/versions/", keeping.show, name="target-versions"),
    path("targets/<int:pk>/replays/", replays.index, name="replays"),
    path("targets/<int:pk>/replays/new/", replays.start, name="replay-new"),
    path("replays/<int:pk>/", replays.show, name="replay"),
    path("replays/<int:pk>/live/", replays.live, name="replay-live"),
    path("replays/<int:pk>/all/", replays.again, name="replay-all"),
    path("replays/<int:pk>/store/", replays.store, name="replay-store"),
    path("replays/<int:pk>/cancel/", replays.cancel, name="replay-cancel"),
    path("runs/", runs.index, name="runs"),
    path("runs/<int:pk>/", runs.show, name="run"),
    path("runs/<int:pk>/live/", runs.live, name="run-live"),
    path("runs/<int:pk>/chart/", runs.chart, name="run-chart"),
    path("runs/<int:pk>/requests/", runs.requests, name="run-requests"),
    path("runs/<int:pk>/sitemaps/", runs.sitemaps, name="run-sitemaps"),
    path("runs/<int:pk>/outside/", runs.outside, name="run-outside"),
    path("runs/<int:pk>/problems/", runs.problems, name="run-problems"),
    path("runs/<int:pk>/url/", decisions.show, name="run-decision"),
    path("runs/<int:pk>/queue/", queue.of_run, name="run-queue"),
    path("runs/<int:pk>/queue/live/", queue.of_run_live, name="run-queue-live"),
    path("runs/<int:pk>/priority/", runs.move, name="run-priority"),
    path("runs/<int:pk>/deadline/", deadlines.of_run, name="run-deadline"),
    path("runs/<int:pk>/data/accept/", held.accept, name="run-data-accept"),
    path("runs/<int:pk>/data/discard/", held.discard, name="run-data-discard"),
    path("runs/<int:pk>/held/", held.show, name="run-held"),
    path("runs/<int:pk>/deadline/remove/", deadlines.remove, name="run-deadline-remove"),
    path("runs/<int:pk>/<str:step>/", runs.change, name="run-change"),
    path("calendar/", calendar.show, name="calendar"),
    path("queue/", queue.index, name="queue"),
    path("queue/live/", queue.live, name="queue-live"),
    path("items/", items.index, name="items"),
    path("items/export/", items.export, name="items-export"),
    path("items/<int:pk>/", items.show, name="item"),
    path("items/<int:pk>/restore/", items.restore, name="item-restore"),
    path("changes/", changes.index, name="changes"),
    path("pages/", stored.find, name="page-of"),
    path("pages/<int:pk>/", stored.show, name="page"),
    path("pages/<int:pk>/preview/", stored.preview, name="page-preview"),
    path("pages/<int:pk>/thumbnail/", stored.thumbnail, name="page-thumbnail"),
    path("hosts/", hosts.index, name="hosts"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/new/", webhooks.new, name="webhook-new"),
    path("webhooks/<int:webhook_id>/", webhooks.show, name="webhook"),
    path("webhooks/<int:webhook_id>/edit/", webhooks.edit, name="webhook-edit"),
    path("webhooks/<int:webhook_id>/delete/", webhooks.delete, name="webhook-delete"),
    path("webhooks/<int:webhook_id>/secret/", webhooks.secret, name="webhook-secret"),
    path("webhooks/<int:webhook_id>/test/", webhooks.test, name="webhook-test"),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/",
        webhooks.replay,
        name="webhook-replay",
    ),
    path("account/", account.show, name="account"),
    path("account/password/", new_password, name="account-password"),
    path("account/tokens/", account.issue, name="account-tokens"),
    path("account/tokens/<int:pk>/revoke/", account.revoke, name="account-token-revoke"),
    path("people/", people.index, name="people"),
    path("people/<int:pk>/<str:step>/", people.change, name="person-change"),
]
