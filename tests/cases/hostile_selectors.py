"""Selectors that are meant to hurt: what hangs, fills memory, reads files, runs code or trips a parser."""

from __future__ import annotations

from typing import Final

Hostile = tuple[str, str]


def _nested(opening: str, inner: str, closing: str, depth: int) -> str:
    return opening * depth + inner + closing * depth


def _all(kind: str, *texts: str) -> tuple[Hostile, ...]:
    return tuple((kind, text) for text in texts)


_COUNTED = ("(/|//*)", "descendant-or-self::node()", "//*", "//li/ancestor::*/descendant::*")

ENDLESS: Final = (
    *_all("xpath", *(_nested(f"{step}[count(", "//*", ")>0]", 5) for step in _COUNTED)),
    *_all("xpath", *(_nested(f"{step}[string-length(string(", ".", "))>=0]", 12) for step in _COUNTED)),
    *_all(
        "xpath",
        _nested("(/|//*)[", "1", "]", 12),
        _nested("(//*|//@*|//text())[", "1", "]", 20),
        _nested("//*[sum(", "//*", ")!=1]", 30),
        _nested("//li[not(", "//p", "=.)]", 4) + "[count(//*[count(//*[count(//*[.=//text()])])])]",
        "//*[//*/following::*[preceding::*[following::*[preceding::*[.='x']]]]]",
        "//*[contains(string(/), string(.))][count(//*[contains(string(/), string(.))][count(//*)>1])>1]",
        "//text()[.=//text()[.=//text()[.=//@*[.=//text()[.='nowhere']]]]]",
    ),
    *_all("re", r"(?:\pL?){120}!", "a[^b]*b|a", r"(?:.?){900}\z%"),
)
"""Each takes longer than a trial may, on a small page."""

REFUSED: Final = (
    *_all(
        "re", r"(?=a)b", r"(?!a)b", r"(?<=a)b", r"(?<!a)b", r"(a)\1", r"(?P<n>a)(?P=n)", r"(?>a+)b", r"a++b", r"(?R)",
        r"(?(1)a|b)", r"a{1001}", r"((a{100}){100}){100}", r"(x{1000}){1000}", r"\pL{1000}",
        r"(\pL{100}){10}", r"(((.{10}){10}){10}){10}", r"\p{Nonsense}", r"(?#comment)", r"\k<n>", "(", "a)", "[a-", "*a",
        "a**{2}{3}", r"\c", r"(?i", r"[[:nonsense:]]", "a{2}{500}{2}", "x" * 501, "a\x00b",
        "\ud800", " ", r"(?<name", r"\8",
    ),
    *_all(
        "xpath", "document('file:///etc/passwd')", "document('http://169.254.169.254/')", "//a[document('/etc/passwd')]",
        "doc('/etc/passwd')", "unparsed-text('/etc/passwd')", "unparsed-entity-uri('x')", "system-property('xsl:version')",
        "key('a', 'b')", "generate-id()", "current()", "re:test(., 'a')", "re:replace(., '(a+)+', 'g', 'b')",
        "regexp:match(., '(a+)+$')", "str:padding(999999999)", "str:tokenize(., ' ')", "exsl:node-set(/)", "dyn:evaluate('1')",
        "math:power(9,9)", "date:date()", "set:distinct(//a)", "func:function()", "saxon:evaluate('1')", "php:function('system')",
        "java:java.lang.Runtime.exec('id')", "$x", "//a[$x]", "for $a in //a return $a", "if (1) then 2 else 3", "1 to 1000000000",
        "matches(., '(a+)+$')", "//x:y", "//a[", "//a]", "//", "", "//a[1", "a//", "'open", "//a[@href='x]", "//@*/..[1]",
        "//a[foo()]", "x" * 1_001, "//a\x01", "\udfff",
        "//*[lower-case(.)='a']", "//*[ends-with(., 'a')]", "//a[position() mod]",
    ),
    *_all(
        "css", "a:unknown-thing", "a::before", "/a", "//a", "a[", "a]", "a:not(", "a[href=]", "!!", "a{}", "a:nth-child(x)", "a\x02",
        "x" * 1_001, ",", "a,,b", ">", "a >", "@media", "#", "a:has(", "::attr(href", ":contains(", "\ud800", "a:nth-child(",
    ),
    *_all("json", "->", "-> a", "script ->", "script -> [", "script[ -> a", "0", "1000", "=", "(", "\x03"),
    *_all(
        "jmespath", "[", "]", "a.", "foo(", "`", "[::0]", "[?", "@@", "'open", "a b", "&", "|", "a[1.5]", "{a:}", "\x03", "\udabc",
        "nonsense(@)", "x" * 1_001, "env('SECRET')", "[*].system('id')",
        "|".join(["[@,@]"] * 100), "length()", "|".join(["[@,@][]"] * 100), "|".join(["map(&[@,@,@][],[*])"] * 20), "|".join(["{a:@,b:@}"] * 80), "|".join(["[@,@,@,@,@,@,@,@]"] * 40),
        "|".join(["merge({a:@},{b:@,c:@})"] * 30),
    ),
)  # fmt: skip
"""Each is refused with a reason, without being stopped."""

HARMLESS: Final = (
    *_all(
        "re", "(a+)+$", "(a|aa)+$", "(a|a?)+$", "(a*)*$", "(.*)*x", "([a-zA-Z]+)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y",
        "(.*a){20}", "(.*?,){11}P", r"^(\w+\s?)*$", r"(\d+)*\.", r"^([a-z0-9]+)*@([a-z0-9]+\.)*$", "(a?){30}a{30}", r"a{1,99999999999}", r"(?P<a>x)(?P<a>y)", "(((a*)*)*)*b",
        "(a|b|ab)*c", r"\s+$", r"^\s*(.*?)\s*$", "a*a*a*a*a*a*a*a*a*a*a*b", "(?:a{0,30}){0,30}b", "[01]*1[01]{400}",
        "(.+)+(.+)+(.+)+", "(?i)(straße|STRASSE)+", "(" * 20 + "a" + ")" * 20, "|".join(["a" * 4] * 100), r"^(?:.*\n)*$", "(?s).*",
        r"\C*", r"(?U)a+", "x*" * 10,
    ),
    *_all(
        "xpath", "|".join(["//a"] * 200), "//*" * 60, "//a[" + "9" * 900 + "]", "-" * 400 + "1", "concat(" + ",".join(["/"] * 400) + ")",
        _nested("string(", "/", ")", 40), _nested("//*[", "//*", "]", 12), "//*[count(ancestor::*)>2]", "1 div 0", "0 div 0", "-(1 div 0)",
        "1" + "0" * 900, "//a" + "[1]" * 300, "/descendant::*" * 60, "//@*|//text()|//comment()|//processing-instruction()",
        "translate(/,'" + "a" * 400 + "','" + "b" * 400 + "')", "substring(/, -1 div 0, 1 div 0)", "id('p1')", "lang('en')",
        "/.." * 200, _nested("(", "1", ")", 490), _nested("not(", "1", ")", 199), "1e9", "last", "//*[preceding::*]", "number('" + "9" * 900 + "')", "string-length(/)*" * 50 + "1",
    ),
    *_all(
        "css", "* " * 400, "*+*~" * 200 + "*", "*:has(*) " * 90, _nested(":not(", "a", ")", 150), _nested(":is(", "a", ")", 180),
        _nested(":has(", "a", ")", 150), ",".join(["*"] * 100), "a" + ":not(b)" * 120, "*" + ":nth-child(2n+1)" * 50,
        "a:nth-child(99999999999999999999n+1)", "[a]" * 300, ".a" * 400, "*>" * 400 + "*", ":not(:has(:not(:has(*))))", "a[href*='" + "a" * 900 + "']",
        "a[href^='javascript:']::attr(href)",
    ),
    *_all(
        "json", ".name -> a", "body", "*", "999", "a " * 90 + "=", "( ( ( (", "window.a.b.c = -> *.*.*.*", "li::attr(title) -> @",
        "script -> " + "[]" * 100, "{ =", ".* =", "JSON.parse(",
    ),
    *_all(
        "jmespath", "*.*.*.*.*.*.*", "[]" * 100, "a[9" + "9" * 900 + "]", _nested("to_string(", "@", ")", 60), _nested("[", "@", "]", 300),
        "products[*].offers[*].price", "@" + " | @" * 200, "!" * 90 + "a", "[?" * 3 + "a" + "]" * 3, "products[::-1][::-1][::-1]",
        "join('" + "x" * 900 + "', products[*].name)", "sort_by(products, &name)[*].name", "`" + "[" * 400 + "]" * 400 + "`",
        "`1e999`", "products[?name == 'x' || name == 'y']", "reverse(reverse(reverse(products)))",
    ),
)  # fmt: skip
"""Each looks hostile and is done in no time."""
