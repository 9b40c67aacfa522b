"""Adds people and gives them roles, from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from webui.accounts import people
from webui.accounts.models import Role
from webui.accounts.roles import role_of

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from django.contrib.auth.models import User

STEPS = ("list", "add", "role", "password", "off", "on")


class Command(BaseCommand):
    """`./run user add NAME --role operator`: prints the new person's password, and nothing else."""

    help = "List people, add one, give a role or a new password, switch one off or on."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "step", choices=STEPS, metavar="STEP", help="list, add, role, password, off or on"
        )
        parser.add_argument("name", nargs="?", default="", metavar="NAME", help="who")
        parser.add_argument("--role", choices=Role.values, help="for add (a viewer without it) and role")

    def handle(self, *, step: str, name: str, role: str | None, **_options: Any) -> None:
        if step == "list":
            for person in people.everybody():
                off = "" if person.is_active else "\tswitched off"
                self.stdout.write(f"{person.get_username()}\t{role_of(person).value}{off}")
            return
        try:
            self._do(step, name, Role(role) if role else None)
        except people.NotPossible as error:
            raise CommandError(str(error), returncode=2) from error

    def _do(self, step: str, name: str, role: Role | None) -> None:
        if not name:
            raise CommandError(f"{step} needs a NAME", returncode=2)
        if step == "add":
            _person, password = people.add(name=name, role=role or Role.VIEWER)
            self.stdout.write(password)
            return
        person = _person_named(name)
        match step:
            case "password":
                self.stdout.write(people.new_password(person=person))
            case "role":
                if role is None:
                    raise CommandError("role needs --role", returncode=2)
                people.give(person=person, role=role)
            case _:
                people.switch(person=person, on=step == "on")


def _person_named(name: str) -> User:
    found = people.everybody().filter(username=name).first()
    if found is None:
        raise CommandError(f"there is no user {name!r}", returncode=2)
    return found
