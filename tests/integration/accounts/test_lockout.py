"""Whoever guesses passwords is kept waiting, by name and address; nobody else is."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
RIGHT = "a long password"


@pytest.fixture(autouse=True)
def _people() -> None:
    for name in ("ada", "eve"):
        User.objects.create_user(name, password=RIGHT)


def sign_in(name: str, password: str, *, address: str = "203.0.113.9", door: str = "/sign-in/") -> Any:
    return Client().post(door, {"username": name, "password": password}, REMOTE_ADDR=address)


@pytest.mark.parametrize("door", ["/sign-in/", "/admin/login/"])
def test_ten_wrong_passwords_lock_the_name_for_that_address_alone(door: str) -> None:
    answers = [sign_in("ada", f"wrong {number}", door=door).status_code for number in range(10)]

    assert answers == [200] * 9 + [429]
    locked = sign_in("ada", RIGHT)
    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert "locked for a quarter of an hour" in locked.content.decode()
    assert sign_in("ada", RIGHT, address="203.0.113.10").status_code == 302
    assert sign_in("eve", RIGHT).status_code == 302
    assert configured.AXES_COOLOFF_TIME == 0.25


def test_the_right_password_forgets_the_wrong_ones() -> None:
    for _ in range(2):
        for number in range(9):
            assert sign_in("ada", f"wrong {number}").status_code == 200
        assert sign_in("ada", RIGHT).status_code == 302
