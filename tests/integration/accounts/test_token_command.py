"""`./run token` prints a token, or says in one line why not."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.people import operator
from webui.accounts.models import ApiToken, digest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    return operator("ada")


def token(*arguments: str) -> str:
    out = StringIO()
    call_command("token", *arguments, stdout=out)
    return out.getvalue()


def test_token_is_printed_and_nothing_else(ada: User) -> None:
    printed = token("--user", "ada")

    stored = ApiToken.objects.get(digest=digest(printed.strip()))
    assert printed == printed.strip() + "\n"
    assert (stored.user, stored.scopes, stored.expires_at) == (ada, ["read", "write"], None)


def test_scopes_name_and_days_are_kept() -> None:
    token("--user", "ada", "--scopes", "read", "--name", "report", "--days", "7")

    stored = ApiToken.objects.get()
    assert (stored.scopes, stored.name) == (["read"], "report")
    assert stored.expires_at is not None
    assert timedelta(days=6.9) < stored.expires_at - timezone.now() < timedelta(days=7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--user", "eve"), "there is no user 'eve'"),
        (("--user", "ada", "--scopes", "read,admin"), "--scopes must be of read, write, not 'read,admin'"),
        (("--user", "ada", "--scopes", ","), "--scopes must be of read, write, not ','"),
        (("--user", "ada", "--days", "0"), "--days must be between 1 and 36,500"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_status_2(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError) as refused:
        token(*arguments)

    assert (str(refused.value), refused.value.returncode) == (said, 2)
    assert not ApiToken.objects.exists()
