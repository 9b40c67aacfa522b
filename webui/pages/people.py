"""The page of people, for administrators: who there is, with which role; adding and switching off."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST

from webui.accounts import people
from webui.accounts.models import Role
from webui.accounts.roles import least, role_of


@least(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Show everybody; a POST adds somebody and shows their password, this once."""
    if request.method != "POST":
        return _page(request)
    name, role = request.POST.get("name", ""), request.POST.get("role", "")
    if role not in Role.values:
        return _page(request, problem="Choose a role.", name=name)
    try:
        person, password = people.add(name=name, role=Role(role))
    except people.NotPossible as error:
        return _page(request, problem=str(error), name=name)
    return _page(request, known=person, password=password)


@least(Role.ADMINISTRATOR)
@require_POST
def change(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Give somebody a role or a new password, or switch them on or off."""
    person = get_object_or_404(people.everybody(), pk=pk)
    try:
        match step, request.POST.get("role", ""):
            case "role", role if role in Role.values:
                people.give(person=person, role=Role(role))
            case (("on" | "off"), _):
                people.switch(person=person, on=step == "on")
            case "password", _:
                return _page(request, known=person, password=people.new_password(person=person))
            case _:
                raise Http404("there is no such step")
    except people.NotPossible as error:
        messages.warning(request, f"{error}.")
    else:
        messages.success(request, f"{person.get_username()}: saved.")
    return redirect("people")


def _page(
    request: HttpRequest, *, problem: str = "", name: str = "", known: User | None = None, password: str = ""
) -> HttpResponse:
    """Render the page; `password` is that of `known`, who was added or asked for a new one just now."""
    context = {
        "people": [(person, role_of(person)) for person in people.everybody()],
        "roles": Role.choices,
        "problem": problem,
        "name": name,
        "known": known,
        "password": password,
    }
    response = render(request, "people/index.html", context, status=422 if problem else 200)
    add_never_cache_headers(response)
    return response
