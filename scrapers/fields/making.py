"""How a match becomes a value, as a field declares it: what is read of it, steps, type and rules."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from scrapers.fields.selectors import Css, Selector, XPath
from scrapers.fields.transforms import MAX_STEPS, BadStep, Step, read_step
from scrapers.fields.types import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Wrong = Callable[[str, str], None]


class Form(StrEnum):
    """What is taken of an element; the text is what is taken where nothing is said, too."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"


def attr(said: Mapping[object, object], selector: Selector | None, wrong: Wrong) -> str | None:
    """Return the attribute that is taken; `wrong` is told the key and the reason of each mistake."""
    suffixed = selector.attr if isinstance(selector, Css) else None
    if "attr" not in said:
        return suffixed
    given = said["attr"]
    if not isinstance(given, str) or not given.strip():
        wrong("attr", "must be the name of an attribute")
        return None
    if selector is not None and not isinstance(selector, Css | XPath):
        wrong("attr", "belongs to css and xpath only")
    if suffixed is not None:
        wrong("attr", "is also given as ::attr(); one of them is enough")
    return given.strip().lower()


def form(said: Mapping[object, object], selector: Selector | None, wrong: Wrong) -> Form | None:
    """Return what is taken of an element, None where nothing is said."""
    if "as" not in said:
        return None
    given = said["as"]
    if not isinstance(given, str) or given not in {*Form}:
        wrong("as", f"must be one of {', '.join(Form)}")
        return None
    if selector is not None and not isinstance(selector, Css | XPath):
        wrong("as", "belongs to css and xpath only")
    if "attr" in said or (isinstance(selector, Css) and selector.attr is not None):
        wrong("as", "does not go with an attribute, which is text")
    if "type" in said:
        wrong("as", "does not go with a type; text is read by every type")
    return Form(given)


def kind(said: Mapping[object, object], wrong: Wrong) -> Kind | None:
    """Return the type, None where nothing is said."""
    if "type" not in said:
        return None
    given = said["type"]
    if not isinstance(given, str) or given not in {*Kind}:
        wrong("type", f"must be one of {', '.join(Kind)}")
        return None
    return Kind(given)


def steps(said: Mapping[object, object], wrong: Wrong) -> tuple[Step, ...]:
    """Return the transforms, in their order."""
    given = said.get("transform", [])
    if not isinstance(given, list) or len(given) > MAX_STEPS:
        wrong("transform", f"must be a list of at most {MAX_STEPS} transforms")
        return ()
    found = []
    for index, one in enumerate(given):
        try:
            found.append(read_step(one))
        except BadStep as error:
            wrong(f"transform.{index}", str(error))
    return tuple(found)
