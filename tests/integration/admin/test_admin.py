"""Every table is in the admin, and the crawler's own rows cannot be changed there."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import BinaryField, Model
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from crawler.models import Run, Target
from crawler.models.fields import EncryptedJSONField, OrderedJSONField
from tests.markup import assert_nothing_inline

OURS = [model for label in ("crawler", "accounts") for model in apps.get_app_config(label).get_models()]


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def asked(root: Client, rf: RequestFactory) -> HttpRequest:
    """What the administrator asks for anything with."""
    request = rf.get("/")
    request.user = User.objects.get()
    return request


def url(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def test_every_table_is_in_the_admin() -> None:
    assert set(OURS) <= admin.site._registry.keys()


def test_filters_by_bytes_secrets_and_ordered_json_are_refused(root: Client) -> None:
    unfit = [
        (model, column.name)
        for model in OURS
        for column in model._meta.fields
        if isinstance(column, BinaryField | OrderedJSONField | EncryptedJSONField)
    ]
    assert len(unfit) > 20

    for model, name in unfit:
        for lookup in (name, f"{name}__contains"):
            assert root.get(url(model, "changelist"), {lookup: "x"}).status_code == 400, (model, lookup)


@pytest.mark.parametrize(
    "model", [model for model in OURS if model is not Target and model.__name__ != "ApiToken"]
)
def test_the_crawlers_rows_cannot_be_added_changed_or_deleted(asked: HttpRequest, model: type[Model]) -> None:
    shown, request = admin.site.get_model_admin(model), asked

    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)
    assert shown.show_full_result_count is False


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_every_page_is_shown_without_a_script_of_its_own(
    root: Client, asked: HttpRequest, model: type[Model]
) -> None:
    row = model._default_manager.order_by("pk").first()
    pages = [url(model, "changelist"), *([url(model, "change", row.pk)] if row else [])]
    if admin.site.get_model_admin(model).has_add_permission(asked):
        pages.append(url(model, "add"))

    for page in pages:
        answer = root.get(page)
        assert answer.status_code == 200
        assert_nothing_inline(answer.content)


def test_secret_headers_are_not_shown(root: Client) -> None:
    secret: Any = {"Authorization": "hush"}
    target = Target.objects.create(name="Shop", headers=secret)
    run = Run.objects.create(target=target, headers=secret)

    pages = [root.get(url(type(row), "change", row.pk)) for row in (target, run)]

    assert all(page.status_code == 200 and b"hush" not in page.content for page in pages)
