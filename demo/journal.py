"""The demo shop's journal, its delivery costs and its papers: what is read by other means than products."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.catalogue import Category

AUTHOR = "Jana Kovář"
WIDTH, HEIGHT = 480, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article of the journal; `parts` are its paragraphs, each under a heading of its own."""

    slug: str
    title: str
    published: str
    summary: str
    parts: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return f"/journal/{self.slug}/"


STORIES = (
    Story(
        slug="how-a-kettle-pours",
        title="How a kettle pours",
        published="2024-02-11T09:00:00+01:00",
        summary="Why a long, narrow spout makes better coffee, and when it makes none.",
        parts=(
            (
                "The neck",
                (
                    "Water that leaves a wide spout falls in a sheet, which breaks into drops of different "
                    "sizes and digs a hole into the coffee wherever it lands. A narrow neck holds it "
                    "together: the stream stays round for the length of a hand, and goes where it is pointed."
                ),
            ),
            (
                "The hand",
                (
                    "None of that helps who pours too fast. Three grams a second is a good pace for a cup of "
                    "its own, and a scale beside the dripper teaches it better than any kettle does. After a "
                    "week you hear it before you read it."
                ),
            ),
        ),
    ),
    Story(
        slug="keeping-a-knife",
        title="Keeping a knife for thirty years",
        published="2024-03-02T08:30:00+01:00",
        summary="A whetstone, ten minutes a month, and never the dishwasher.",
        parts=(
            (
                "Edges",
                (
                    "A knife is not blunt because steel has gone, but because its edge has bent over to one "
                    "side. What straightens it is a strop or a fine stone, and it takes less time than "
                    "looking for another knife in the drawer."
                ),
            ),
            (
                "Habits",
                (
                    "Wash it by hand, dry it at once, and cut on wood. Glass and marble undo in an evening "
                    "what the stone did in an hour; the dishwasher takes a little longer, and loosens the "
                    "handle as well."
                ),
            ),
        ),
    ),
)


def story(slug: str) -> Story | None:
    return next((story for story in STORIES if story.slug == slug), None)


def index() -> str:
    listed = "".join(
        f'<li><a href="{one.path}">{escape(one.title)}</a> <time datetime="{one.published}">'
        f"{one.published[:10]}</time><p>{escape(one.summary)}</p></li>"
        for one in STORIES
    )
    return (
        f'<h1>Journal</h1><ul class="stories">{listed}</ul><p>As a <a href="/journal/feed.xml">feed</a>, '
        'and our <a href="/journal/leaflet.pdf">leaflet</a> to print.</p>'
    )


def article(shown: Story) -> str:
    parts = "".join(f"<h2>{escape(heading)}</h2><p>{escape(text)}</p>" for heading, text in shown.parts)
    return (
        f'<article class="story"><h1>{escape(shown.title)}</h1><p class="byline">By {AUTHOR}, '
        f'<time datetime="{shown.published}">{shown.published[:10]}</time></p>'
        f'<p><strong>{escape(shown.summary)}</strong></p><img src="/journal/{shown.slug}.png" alt="" '
        f'width="{WIDTH}" height="{HEIGHT}">{parts}</article>'
    )


def delivery() -> str:
    """Return a table with a title, columns under columns, groups and numbers."""
    return (
        '<h1>Delivery</h1><table class="delivery"><caption>What delivery costs, in euro</caption><thead>'
        '<tr><th rowspan="2">Country</th><th colspan="2">Parcel</th><th rowspan="2">Days</th></tr>'
        "<tr><th>up to 2 kg</th><th>up to 20 kg</th></tr></thead><tbody>"
        '<tr><th colspan="4">Neighbours</th></tr>'
        "<tr><td>Česko</td><td>3.90</td><td>7.50</td><td>1</td></tr>"
        '<tr><td>Österreich</td><td rowspan="2">6.40</td><td>12.00</td><td>2</td></tr>'
        "<tr><td>Deutschland</td><td>11.50</td><td>2</td></tr>"
        '<tr><th colspan="4">Farther away</th></tr>'
        "<tr><td>Sverige</td><td>9.80</td><td>24.00</td><td>5</td></tr>"
        "<tr><td>Japan</td><td>24.00</td><td>–</td><td>12</td></tr></tbody></table>"
    )


def feed(base: str) -> bytes:
    """Return the journal as Atom."""
    entries = "".join(
        f"<entry><title>{escape(one.title)}</title><id>{base}{one.path}</id>"
        f'<link rel="alternate" href="{base}{one.path}"/><author><name>{AUTHOR}</name></author>'
        f"<published>{one.published}</published><updated>{one.published}</updated>"
        f"<summary>{escape(one.summary)}</summary></entry>"
        for one in reversed(STORIES)
    )
    head = f"<title>Kontor journal</title><id>{base}/journal/</id><updated>{STORIES[-1].published}</updated>"
    declaration = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
    )
    return f"{declaration}{head}{entries}</feed>\n".encode()


def picture(shown: Story, shelf: Category) -> bytes:
    """Return the picture of a story as PNG: bands of two colours."""
    light, dark = bytes((255 - shelf.hue % 90, 220, 200)), bytes((90, shelf.hue % 200, 120))
    band = 20 + len(shown.slug)
    rows = b"".join(b"\0" + (light if row // band % 2 else dark) * WIDTH for row in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def leaflet() -> bytes:
    """Return one page of PDF with one line on it."""
    text = b"BT /F1 24 Tf 72 720 Td (Kontor: plain things, well made) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 5 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(body))
    )
