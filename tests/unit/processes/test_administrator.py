"""The first administrator."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.test import RequestFactory

from webui.processes import administrator

pytestmark = pytest.mark.django_db


def test_the_first_administrator_can_sign_in_with_what_was_shown() -> None:
    made = administrator.make_first()
    assert made is not None
    request = RequestFactory().post("/")
    user = authenticate(request, username=made.name, password=made.password)
    assert user is not None
    assert user.is_superuser


def test_there_is_only_one_first_administrator() -> None:
    administrator.make_first()
    assert administrator.make_first() is None


def test_a_given_password_is_taken() -> None:
    made = administrator.make_first("correct horse battery")
    assert made is not None
    assert made.password == "correct horse battery"


def test_an_ordinary_user_of_the_same_name_is_left_alone() -> None:
    get_user_model().objects.create_user(username="admin", password="x")
    made = administrator.make_first()
    assert made is not None
    assert made.name != "admin"
