"""The `files` extractor: pictures and PDF documents that a crawl meets, by what their bytes are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import unquote, urlsplit

from scrapers.extractors import options
from scrapers.extractors.files import endings
from scrapers.links import Link
from scrapers.page import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON, Page

MOST_PICTURES: Final = 2_000
"""So many pictures of one page are followed."""

LONGEST_NAME: Final = 200
_PDF: Final = re.compile(rb"%PDF-(\d\.\d)")
_PDF_WITHIN: Final = 1_024
_NAMED: Final = re.compile(r"filename\*?=\s*(?:UTF-8'[^']*')?\"?([^\";]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """One item for each picture or PDF that is fetched; of HTML pages the pictures are fetched, too.

    What a file is, its bytes say. What the server says of it only decides whether it is kept.
    """

    name: ClassVar = "files"
    libraries: ClassVar = ("PIL.Image",)
    title: ClassVar = "Files"
    description: ClassVar = "Pictures and PDF documents: address, name, type, size, hash and dimensions."

    pictures: bool = options.flag(default=True, what="pictures, also those that pages show")
    documents: bool = options.flag(default=True, what="PDF documents that pages link to")
    keep: bool = options.flag(
        default=False, what="the files themselves are stored, for small copies of pictures"
    )

    @property
    def kept_types(self) -> tuple[str, ...]:
        """The media types, or their beginnings, of which bodies are stored besides those of text."""
        wanted = (("image/", self.pictures), ("application/pdf", self.documents))
        return tuple(kept for kept, is_wanted in wanted if is_wanted and self.keep)

    def parse(self, page: Page) -> Iterator[dict[str, JSON] | Link | Problem]:
        """Yield the item of a file and what is wrong with that, or links to the pictures of an HTML page."""
        if page.is_html:
            if self.pictures:
                yield from _pictures(page)
            return
        found = _facts(page)
        if isinstance(found, Problem):
            if self.pictures:
                yield found
        elif found and (self.pictures if found["kind"] == "picture" else self.documents):
            yield {
                "name": _name(page),
                "url": page.url,
                **found,
                "size": len(page.body),
                "sha256": sha256(page.body).hexdigest(),
            }
            yield from _faults(page, found)


def _pictures(page: Page) -> Iterator[Link]:
    for node in page.css("img[src]")[:MOST_PICTURES]:
        url = page.absolute(node.attributes.get("src") or "")
        if url is not None:
            yield Link(url=url)


def _faults(page: Page, found: dict[str, JSON]) -> Iterator[Problem]:
    """Yield what is wrong with a file whose item is there, and what that item says all the same."""
    kind, type_ = found["kind"], str(found["type"])
    if not endings.is_whole(type_, page.body):
        told = "version" if kind == "document" else "dimensions"
        message = f"the {kind} is cut off: size and hash are of what came, the {told} as its beginning says"
        yield Problem(code="file_truncated", message=message)
    width, height = found.get("width"), found.get("height")
    if isinstance(width, int) and isinstance(height, int):
        from scrapers.extractors.files import images  # as below

        if images.Picture(media_type=type_, width=width, height=height).is_bomb:
            message = (
                f"{width:,} × {height:,} pixels are more than {images.MOST_PIXELS:,}: "
                "it is described and never unpacked, so it has no small copy"
            )
            yield Problem(code="picture_too_large", message=message)


def _facts(page: Page) -> dict[str, JSON] | Problem:
    """Return what the bytes are; nothing where they are no file of these kinds, nor said to be a picture."""
    document = _PDF.search(page.body, 0, _PDF_WITHIN)
    if document is not None:
        return {"kind": "document", "type": "application/pdf", "version": document.group(1).decode()}
    if page.content_type == "image/svg+xml":
        return {"kind": "picture", "type": "image/svg+xml"}
    if page.is_text or not page.body:
        return {}
    # Imported here: it takes 50 ms to load, and most targets meet no pictures.
    from scrapers.extractors.files import images

    try:
        picture = images.described(page.body)
    except images.NoPicture:
        if not page.content_type.startswith("image/"):
            return {}
        known = ", ".join(images.FORMATS)
        message = f"it is said to be {page.content_type[:60]}, and has no head of {known}: it gives no item"
        return Problem(code="picture_unreadable", message=message)
    return {"kind": "picture", "type": picture.media_type, "width": picture.width, "height": picture.height}


def _name(page: Page) -> str:
    """Return what the server calls the file, or the last part of its address, without any folders."""
    named = _NAMED.search(page.headers.get("content-disposition", "")[: LONGEST_NAME * 4])
    said = named.group(1) if named else urlsplit(page.url).path
    plain = unquote(said).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    shown = "".join(sign for sign in plain if sign.isprintable()).strip()
    return shown[:LONGEST_NAME] or urlsplit(page.url).netloc
