"""How pages tell of what is wrong with the data of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import template

from crawler.policy.quality import fields_of, untold
from webui.pages.target_form.quality import written
from webui.pages.templatetags.trawl import number
from webui.pages.templatetags.trawl_replays import percentage

register = template.Library()

MOST_WORDS = 8


Words = Callable[[Any, Any], str]

OF_ALL: dict[str, Words] = {
    "min_items": lambda found, wanted: f"{number(found)} items, where {number(wanted)} were the least",
    "items": lambda found, wanted: f"{number(found)} items, where {number(wanted)} were the least",
    "max_errors": lambda found, wanted: f"{found:.1%} of the requests failed; {wanted:.1%} may",
}
OF_A_FIELD: dict[str, Words] = {
    "coverage": lambda found, wanted: f"is in {found:.1%} of the items, where {wanted:.1%} were the least",
    "min": lambda found, wanted: f"goes down to {found:.15g}, below {wanted:.15g}",
    "max": lambda found, wanted: f"goes up to {found:.15g}, above {wanted:.15g}",
    "unique": lambda found, _wanted: f"has a value that another item has in {number(found)} items",
    "type": lambda found, wanted: f"is mostly {found}, and was {wanted}",
    "length": lambda found, wanted: f"has {found:g} characters on the average, and had {wanted:g}",
    "words": lambda found, wanted: f"says {found}; it said {wanted}",
}


@register.filter
def breach_words(breach: dict[str, Any]) -> str:
    """Return a broken rule, or what looks otherwise, with its numbers."""
    rule, found, wanted = breach["rule"], breach["found"], breach["wanted"]
    if rule in OF_ALL:
        return OF_ALL[rule](found, wanted)
    words = OF_A_FIELD.get(rule)
    said = words(found, wanted) if words else f"{rule}: {found} instead of {wanted}"
    if "." in str(breach["field"]):
        said = said.replace("of the items", "of the objects there")
    return f"{breach['field']} {said}"


@register.filter
def figures_of(data: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return the figures of a run's fields, what is inside of each after it."""
    return fields_of(data).items()


@register.filter
def rules_of(quality: dict[str, Any]) -> list[str]:
    """Return what a target demands of its data, a rule or a field each; often nothing."""
    told = []
    if "min_items" in quality:
        told.append(f"at least {number(quality['min_items'])} items")
    if "max_errors" in quality:
        told.append(f"at most {100 * quality['max_errors']:.12g} % of the requests fail")
    told += [written(name, rule) for name, rule in quality.get("fields", {}).items()]
    if not quality.get("drift", True):
        told.append("not compared with runs before")
    elif not quality.get("hold", True):
        told.append("published also where it looks otherwise than before")
    return told


@register.filter
def untold_words(data: dict[str, Any]) -> str:
    """Return what has no figures, and what to do about it."""
    return " ".join(untold(data))


@register.filter
def types_of(types: dict[str, float]) -> str:
    """Return the types of a field's values, with their parts where there are several."""
    if len(types) == 1:
        return next(iter(types))
    return ", ".join(f"{name} {percentage(part)}" for name, part in types.items())


@register.filter
def values_of(field: dict[str, Any]) -> str:
    """Return what a field's values are like: few words, bounds of numbers, the length of texts."""
    said = []
    if field["words"]:
        some = ", ".join(field["words"][:MOST_WORDS])
        said.append(f"{some} …" if len(field["words"]) > MOST_WORDS else some)
    elif field["length"] is not None:
        said.append(f"{field['length']:g} characters on the average")
    if field["least"] is not None:
        said.append(f"{field['least']:.15g} to {field['most']:.15g}")
    if field["repeated"]:
        said.append(f"{number(field['repeated'])} repeated")
    return "; ".join(said)
