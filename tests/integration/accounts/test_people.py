"""People and their roles: added, moved, switched off, and never without an administrator."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tests.people import operator, viewer
from webui.accounts import people
from webui.accounts.models import ApiToken, Role, digest
from webui.accounts.roles import role_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="a long password")


@pytest.fixture
def client(root: User) -> Client:
    signed_in = Client()
    signed_in.force_login(root)
    return signed_in


def again(person: User) -> User:
    return User.objects.get(pk=person.pk)


def user(*arguments: str) -> str:
    out = StringIO()
    call_command("user", *arguments, stdout=out)
    return out.getvalue()


def test_who_was_given_no_role_reads() -> None:
    assert role_of(User.objects.create_user("ada")) == Role.VIEWER


@pytest.mark.parametrize("role", Role)
def test_a_new_person_signs_in_with_the_password_that_is_shown_once(role: Role) -> None:
    password = user("add", "ada", "--role", role.value).strip()

    person = User.objects.get(username="ada")
    assert role_of(person) == role
    assert (person.is_staff, person.is_superuser) == (role == Role.ADMINISTRATOR,) * 2
    assert person.check_password(password)
    assert len(password) >= 20


@pytest.mark.parametrize("name", ["", "a b", "<script>", "a" * 151, "ada"])
def test_a_name_that_will_not_do_is_refused_and_nobody_is_added(name: str) -> None:
    viewer("ada")

    with pytest.raises(people.NotPossible):
        people.add(name=name, role=Role.VIEWER)

    assert User.objects.count() == 1


def test_a_role_is_given_and_taken() -> None:
    person = viewer("ada")
    people.add(name="root", role=Role.ADMINISTRATOR)
    for role in (Role.OPERATOR, Role.ADMINISTRATOR, Role.VIEWER):
        people.give(person=again(person), role=role)
        assert role_of(again(person)) == role


@pytest.mark.parametrize("step", ["role", "off"])
def test_the_last_administrator_stays(root: User, step: str) -> None:
    people.switch(person=people.add(name="other", role=Role.ADMINISTRATOR)[0], on=False)

    with pytest.raises(CommandError, match="root is the only administrator"):
        user(step, "root", *(["--role", "viewer"] if step == "role" else []))

    assert role_of(again(root)) == Role.ADMINISTRATOR
    assert again(root).is_active


def test_who_is_switched_off_is_out_at_once_with_their_tokens(client: Client) -> None:
    person = operator("ada")
    theirs = Client()
    theirs.force_login(person)
    _token, text = ApiToken.issue(user_id=person.pk, scopes=["read"])
    headers = {"Authorization": f"Bearer {text}"}
    assert theirs.get("/targets/").status_code == 200
    assert Client().get("/api/v1/targets", headers=headers).status_code == 200

    client.post(reverse("person-change", args=[person.pk, "off"]))

    assert theirs.get("/targets/").status_code == 302
    assert Client().get("/api/v1/targets", headers=headers).status_code == 401


def test_a_new_password_ends_the_sessions(client: Client) -> None:
    person = operator("ada")
    theirs = Client()
    theirs.force_login(person)

    shown = client.post(reverse("person-change", args=[person.pk, "password"]))

    assert theirs.get("/targets/").status_code == 302
    assert shown["Cache-Control"].count("no-store")
    assert again(person).has_usable_password()


def test_a_role_that_is_taken_holds_for_tokens_from_then_on(client: Client) -> None:
    person = operator("ada")
    _token, text = ApiToken.issue(user_id=person.pk, scopes=["read", "write"])
    client.post(reverse("person-change", args=[person.pk, "role"]), {"role": "viewer"})

    refused = Client().post(
        "/api/v1/targets", {}, content_type="application/json", headers={"X-API-Key": text}
    )

    assert refused.status_code == 403
    assert "needs the role of operator, and yours is viewer" in refused.json()["detail"]


def test_a_token_is_shown_once_and_revoked_by_its_owner_alone() -> None:
    ada, eve = Client(), Client()
    person = operator("ada")
    ada.force_login(person)
    eve.force_login(operator("eve"))

    shown = ada.post(reverse("account-tokens"), {"name": "report", "scopes": "read", "days": "30"})

    token = ApiToken.objects.get(user=person)
    text = next(word for word in shown.content.decode().split("code>") if word.startswith("trawl_"))[:-2]
    assert digest(text) == token.digest
    assert (token.scopes, token.name) == (["read"], "report")
    assert text not in ada.get(reverse("account")).content.decode()
    assert eve.post(reverse("account-token-revoke", args=[token.pk])).status_code == 404
    ada.post(reverse("account-token-revoke", args=[token.pk]))
    assert not ApiToken.objects.exists()


def test_a_viewer_sees_no_button_that_is_not_theirs() -> None:
    client = Client()
    client.force_login(viewer("vera"))
    for name in ("dashboard", "targets", "account", "queue", "runs"):
        page = client.get(reverse(name)).content.decode()
        assert reverse("target-new") not in page
        assert reverse("people") not in page
    assert "yours is viewer" in client.get(reverse("target-new")).content.decode()


def test_one_changes_ones_own_password(client: Client, root: User) -> None:
    new = "another long password"
    given = {"old_password": "a long password", "new_password1": new, "new_password2": new}
    assert client.post(reverse("account-password"), given)["Location"] == reverse("account")
    assert again(root).check_password(new)


def test_people_are_listed_with_their_roles(root: User) -> None:
    people.switch(person=operator("ada"), on=False)
    assert user("list").splitlines() == ["ada\toperator\tswitched off", "root\tadministrator"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("add",), "needs a NAME"), (("role", "eve"), "no user 'eve'"), (("role", "ada"), "needs --role")],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], said: str) -> None:
    viewer("ada")
    with pytest.raises(CommandError, match=said):
        user(*arguments)
