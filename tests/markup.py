"""What a page's markup holds, and that none of it runs against the content security policy."""

from __future__ import annotations

import re
from typing import cast

from lxml import html


def elements(page: bytes, xpath: str) -> list[html.HtmlElement]:
    return cast("list[html.HtmlElement]", html.document_fromstring(page.decode()).xpath(xpath))


def assert_nothing_inline(page: bytes) -> None:
    for element in elements(page, "//*"):
        if element.tag == "script" and element.get("type") != "application/json":
            assert element.get("src"), "an inline script"
        assert element.tag != "style", "an inline style sheet"
        names = [name for name in map(str, element.attrib) if re.match("style$|on|hx-on", name)]
        assert not names, f"<{element.tag}> has {names}"
        for name in ("href", "src", "action", "formaction"):
            assert not (element.get(name) or "").lower().startswith("javascript:")
