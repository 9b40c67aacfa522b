"""The character encoding of a body: which one it is, and its text."""

from __future__ import annotations

import codecs
import re

# encoding.spec.whatwg.org §4.2: the name of each encoding and the labels pages give it.
_LABELS: dict[str, str] = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8",
    "ibm866": "866 cp866 csibm866",
    "iso-8859-2": "csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso-8859-3": "csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso-8859-4": "csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso-8859-5": "csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso-8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
    "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso-8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 "
    "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso-8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 "
    "iso88598 iso_8859-8 iso_8859-8:1988 visual",
    "iso-8859-8-i": "csiso88598i logical",
    "iso-8859-10": "csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13": "iso8859-13 iso885913",
    "iso-8859-14": "iso8859-14 iso885914",
    "iso-8859-15": "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9",
    "iso-8859-16": "",
    "koi8-r": "cskoi8r koi koi8 koi8_r",
    "koi8-u": "koi8-ru",
    "macintosh": "csmacintosh mac x-mac-roman",
    "windows-874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620",
    "windows-1250": "cp1250 x-cp1250",
    "windows-1251": "cp1251 x-cp1251",
    "windows-1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 "
    "iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252",
    "windows-1253": "cp1253 x-cp1253",
    "windows-1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
    "iso_8859-9:1989 l5 latin5 x-cp1254",
    "windows-1255": "cp1255 x-cp1255",
    "windows-1256": "cp1256 x-cp1256",
    "windows-1257": "cp1257 x-cp1257",
    "windows-1258": "cp1258 x-cp1258",
    "x-mac-cyrillic": "x-mac-ukrainian",
    "gbk": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk",
    "gb18030": "",
    "big5": "big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc-jp": "cseucpkdfmtjapanese x-euc-jp",
    "iso-2022-jp": "csiso2022jp",
    "shift_jis": "csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis",
    "euc-kr": "cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
    "ksc_5601 windows-949",
    "replacement": "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr",
    "utf-16be": "unicodefffe",
    "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16",
    "x-user-defined": "",
}
_NAMES = {label: name for name, labels in _LABELS.items() for label in (name, *labels.split())}

# Where Python's codec has another name, or is narrower than what the standard decodes.
_CODECS = {
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "x-user-defined": "cp1252",
}

# html.spec.whatwg.org, "determining the character encoding", step 9: what pages in a language
# are in when they do not say. Several are tried in order; the first that fits is taken.
_OF_LANGUAGE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("be", "bg", "mk", "ru", "sr", "uk", "ky", "tg"), ("windows-1251",)),
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl"), ("windows-1250",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("windows-1256",)),
    **dict.fromkeys(("et", "lt", "lv"), ("windows-1257",)),
    **dict.fromkeys(("tr", "az", "ku"), ("windows-1254",)),
    "el": ("iso-8859-7",),
    "he": ("windows-1255",),
    "ja": ("iso-2022-jp", "euc-jp", "shift_jis"),
    "ko": ("euc-kr",),
    "th": ("windows-874",),
    "vi": ("windows-1258",),
    "zh": ("gb18030", "big5"),
}

_PRESCAN_BYTES = 1024
_LATE_META_BYTES = 64 * 1024
_CHARSET_IN_TYPE = re.compile(rb"charset[\t\n\f\r ]*=[\t\n\f\r ]*")
_CHARSET_VALUE = re.compile(rb"\"([^\"]*)\"|'([^']*)'|([^\"'\t\n\f\r ;][^\t\n\f\r ;]*)")
_MARKUP = re.compile(rb"<(?:!--|[!/?]|[a-z])")
_TAG_NAME = re.compile(rb"[^\t\n\f\r />]*")
_ATTRIBUTE_GAP = re.compile(rb"[\t\n\f\r /]*")
_ATTRIBUTE = re.compile(
    rb"(=?[^\t\n\f\r />=]*)"
    rb"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*))?)?"
)
_XML_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_USUAL = re.compile(
    rb"\s*(?:<!doctype[^<>]*>\s*)?<html(?:[\t\n\f\r ]+[a-z:_-]+=\"[^\"<>]*\")*[\t\n\f\r ]*>\s*<head>\s*"
    rb"<meta[\t\n\f\r ]+charset=\"utf-8\"[\t\n\f\r ]*/?>",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(rb"<html\b[^>]*?\blang\s*=\s*[\"']?([a-z]{2})", re.IGNORECASE)


def name_of(label: str) -> str | None:
    """Return the standard's name for `label`, or None for a label nobody knows."""
    return _NAMES.get(label.strip("\t\n\f\r ").lower())


def choose(body: bytes, *, charset: str = "", xml: bool = False) -> str:
    """Return the name of the encoding of `body`.

    Order of the WHATWG standard: byte order mark, `charset` of the HTTP header, `<meta>` within
    the first 1,024 bytes, a later `<meta>` (the parser's "change the encoding"), then a guess.
    XML asks its declaration instead of `<meta>` and is UTF-8 when nothing is said.
    """
    declared = _mark(body) or (name_of(charset) if charset else None)
    if declared is not None:
        return declared
    if xml:
        return _xml_declaration(body) or "utf-8"
    # As most pages begin: 4 µs in the place of 12.
    if _USUAL.match(body, 0, _PRESCAN_BYTES):
        return "utf-8"
    return _prescan(body[:_PRESCAN_BYTES]) or _late_meta(body) or _guess(body)


def decode(body: bytes, name: str) -> str:
    """Return the text of `body` without a byte order mark; what does not decode becomes U+FFFD."""
    if name == "replacement":
        return "\ufffd" if body else ""
    return body.decode(_CODECS.get(name, name), "replace").removeprefix("\ufeff")


def decoder(name: str) -> codecs.IncrementalDecoder:
    """Return what `decode` does, for a body that comes in parts; a byte order mark stays."""
    codec = "ascii" if name == "replacement" else _CODECS.get(name, name)
    return codecs.getincrementaldecoder(codec)("replace")


def _mark(body: bytes) -> str | None:
    if body.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    if body.startswith(b"\xfe\xff"):
        return "utf-16be"
    if body.startswith(b"\xff\xfe"):
        return "utf-16le"
    return None


def _xml_declaration(body: bytes) -> str | None:
    if body.startswith(b"<\x00?\x00"):
        return "utf-16le"
    if body.startswith(b"\x00<\x00?"):
        return "utf-16be"
    found = _XML_DECLARATION.match(body[:_PRESCAN_BYTES])
    return _declared(found.group(1)) if found else None


def _declared(label: bytes) -> str | None:
    """Return what a declaration inside the bytes means: it was readable, so it is not UTF-16."""
    name = name_of(label.decode("ascii", "replace"))
    if name in {"utf-16be", "utf-16le"}:
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name


def _prescan(data: bytes, *, skip_scripts: bool = False) -> str | None:
    """Return the encoding declared by a `<meta>` in `data` (the standard's "prescan")."""
    data = data.lower()
    position = 0
    while (found := _MARKUP.search(data, position)) is not None:
        start = found.start()
        if found.group() == b"<!--":
            # "<!-->" is a whole comment, so the end may overlap the start.
            end = data.find(b"-->", start + 2)
            position = end + 3
        elif found.group() in {b"<!", b"<?"} or _is_odd_end_tag(data, start):
            end = data.find(b">", start)
            position = end + 1
        else:
            name, end, attributes = _tag(data, start)
            position = end
            if name == b"meta" and (encoding := _meta(attributes)) is not None:
                return encoding
            opens = data[start + 1 : start + 2] != b"/"
            if skip_scripts and opens and name in {b"script", b"style"}:
                position = _end_of_raw_text(data, end, name)
        if end < 0:
            return None
    return None


def _is_odd_end_tag(data: bytes, start: int) -> bool:
    return data[start + 1 : start + 2] == b"/" and not data[start + 2 : start + 3].isalpha()


def _end_of_raw_text(data: bytes, start: int, name: bytes) -> int:
    end = data.find(b"</" + name, start)
    return len(data) if end < 0 else end


def _tag(data: bytes, start: int) -> tuple[bytes, int, dict[bytes, bytes]]:
    """Return name, end and attributes of the tag at `start`; end is -1 when the bytes end first."""
    skip = 2 if data[start + 1 : start + 2] == b"/" else 1
    name = _TAG_NAME.match(data, start + skip)
    position = name.end() if name else start + skip
    attributes: dict[bytes, bytes] = {}
    while True:
        gap = _ATTRIBUTE_GAP.match(data, position)
        position = gap.end() if gap else position
        if position >= len(data):
            return b"", -1, {}
        if data[position : position + 1] == b">":
            return data[start + skip : name.end() if name else 0], position, attributes
        found = _ATTRIBUTE.match(data, position)
        if found is None or found.end() == position:
            position += 1
            continue
        position = found.end()
        if position < len(data):
            value = found.group(2) or found.group(3) or found.group(4) or b""
            attributes.setdefault(found.group(1), value)


def _meta(attributes: dict[bytes, bytes]) -> str | None:
    if b"charset" in attributes:
        return _declared(attributes[b"charset"])
    if attributes.get(b"http-equiv") != b"content-type":
        return None
    content = attributes.get(b"content", b"")
    found = _CHARSET_IN_TYPE.search(content)
    value = _CHARSET_VALUE.match(content, found.end()) if found else None
    if value is None:
        return None
    return _declared(value.group(1) or value.group(2) or value.group(3) or b"")


def _late_meta(body: bytes) -> str | None:
    head = body[:_LATE_META_BYTES]
    if len(head) <= _PRESCAN_BYTES or b"charset" not in head.lower():
        return None
    return _prescan(head, skip_scripts=True)


def _guess(body: bytes) -> str:
    if body.isascii() and b"\x1b" not in body:
        return "windows-1252"
    if b"\x1b" not in body and _fits(body, "utf-8"):
        return "utf-8"
    language = _LANGUAGE.search(body[:_PRESCAN_BYTES])
    candidates = _OF_LANGUAGE.get(language.group(1).lower().decode(), ()) if language else ()
    if b"\x1b$" in body or b"\x1b(" in body:
        candidates = ("iso-2022-jp", *candidates)
    return next((name for name in candidates if _fits(body, name)), "windows-1252")


def _fits(body: bytes, name: str) -> bool:
    try:
        body.decode(_CODECS.get(name, name))
    except UnicodeDecodeError:
        return False
    return True
