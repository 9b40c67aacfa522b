"""Which URL leads where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from webui.api import health, v1

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include((v1.urls(), "api"))),
    path("admin/", admin.site.urls),
    path("", include("webui.pages.urls")),
]

handler400 = "webui.api.problems.bad_request"
handler403 = "webui.api.problems.permission_denied"
handler404 = "webui.api.problems.not_found"
handler500 = "webui.api.problems.server_error"
