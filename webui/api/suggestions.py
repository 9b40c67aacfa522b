"""Suggestions: what may be scraped from a page, as settings that read it."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field, model_validator

from crawler.queries import pages
from crawler.services import previews, suggestions
from scrapers.suggesting import Suggestions
from webui.api.auth import caller
from webui.api.previews import PreviewOut
from webui.api.schemas import Id

router = Router(tags=["previews"])


class SuggestionsOf(Schema):
    model_config = ConfigDict(extra="forbid")

    url: Annotated[str | None, Field(description="A page to fetch, on a worker, as a test fetch is.")] = None
    page: Annotated[
        Id | None, Field(description="A stored page, which is read as it is stored, without a request.")
    ] = None

    behind: Annotated[
        bool,
        Field(
            description="With `url`: ask for the page that the first record leads to, too, and propose what "
            "it has with `follow`. Behind a stored page those are looked at that are stored."
        ),
    ] = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.behind and self.page is not None:
            raise ValueError("behind goes with url; what is behind a stored page is read where it is stored")
        if (self.url is None) == (self.page is None):
            raise ValueError("give either url, a page to fetch, or page, the id of a stored one")
        return self


@router.post("/suggestions", response={200: Suggestions, 202: PreviewOut})
def suggest(
    request: HttpRequest, data: SuggestionsOf, response: HttpResponse
) -> Status[Suggestions] | Status[PreviewOut]:
    """Suggest records, fields and the next page: of a stored page at once, of a URL as a test fetch."""
    user = caller(request).user
    if data.page is not None:
        page = get_object_or_404(pages.visible(user), pk=data.page)
        try:
            found = suggestions.of_stored(page)
        except suggestions.CannotSuggest as error:
            raise HttpError(409, str(error)) from None
        return Status(200, found)
    preview_id = previews.suggest(
        user=user, data={"start_urls": [data.url]}, now=timezone.now(), behind=data.behind
    )
    response["Location"] = f"/api/v1/previews/{preview_id}"
    return Status(202, PreviewOut(id=UUID(preview_id), state="waiting"))
