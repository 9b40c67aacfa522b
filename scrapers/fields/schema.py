"""The JSON that declares records, parsed into typed fields with the place of every mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from scrapers.fields import following, making
from scrapers.fields.paging import read_paging
from scrapers.fields.rules import RULES, Rules, read_rules
from scrapers.fields.selectors import (
    KINDS,
    BadSelector,
    Pattern,
    Selector,
    XPath,
    compile_selector,
    css_of,
    short_form,
)
from scrapers.fields.types import Kind, fits

if TYPE_CHECKING:
    from scrapers.fields.making import Form
    from scrapers.fields.paging import Paging
    from scrapers.fields.transforms import Step
    from scrapers.page import JSON

MAX_FIELDS = 200
MAX_DEPTH = 5
MAX_NAME_CHARACTERS = 100
_OF_VALUES = ("type", "attr", "as", "transform", *RULES)
_KEYS = frozenset({*KINDS, *_OF_VALUES, "many", "required", "default", "fields", "follow"})

Mistake = tuple[str, str]
Compiler = Callable[[str, str, str], Selector]
"""Makes a selector of its path in the settings, its kind and its text; raises BadSelector."""


class InvalidFields(ValueError):
    """Fields that cannot be used; `problems` holds (path, message), such as `fields.price.css`."""

    def __init__(self, problems: tuple[Mistake, ...]) -> None:
        """Take every mistake at once, so that a form can show each beside its field."""
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared field; without `selector` it groups its `fields` in an object.

    A match is read as `form` says, goes through the `steps`, becomes of its `kind`, and is judged by the
    `rules`. `kind` None keeps text as it stands and JSON as it is. `has_default` tells a default of
    null from none. What is to `follow` is read from the page that another field of the record links to.
    """

    name: str
    selector: Selector | None
    attr: str | None = None
    form: Form | None = None
    steps: tuple[Step, ...] = ()
    kind: Kind | None = None
    rules: Rules | None = None
    many: bool = False
    required: bool = False
    has_default: bool = False
    default: JSON = None
    fields: tuple[Field, ...] = ()
    follow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Declared records: one for each match of `row`, one for the page without it; and how lists go on.

    `links` are the fields that lead to the pages which complete a record, in the order they are followed.
    """

    row: Selector | None
    fields: tuple[Field, ...]
    paging: Paging | None = None
    links: tuple[str, ...] = ()

    def behind(self, link: str | None) -> tuple[Field, ...]:
        """Return the fields that are read where `link` leads to; without one, those of the first page."""
        return tuple(one for one in self.fields if one.follow == link) if self.links else self.fields

    @property
    def needs_lxml(self) -> bool:
        """Whether some selector is beyond selectolax: then all are evaluated on one lxml tree."""
        return any(
            isinstance(selector, XPath)
            or ((css := css_of(selector)) is not None and not (css.text or css.itself))
            for selector in self.selectors
        )

    @property
    def selectors(self) -> list[Selector | None]:
        """Every selector, None where there could be one."""
        return [self.row, self.paging.next if self.paging else None, *_selectors(self.fields)]


def parse(
    *, fields: object, row: object = "", options: object = None, compiler: Compiler | None = None
) -> Schema:
    """Return the schema that is declared, whatever JSON the arguments are; raises InvalidFields.

    `compiler` takes the place of `compile_selector`, and is told the path of each selector.
    """
    parser = _Parser(compiler or _compiled)
    row_selector = None if row is None or row == "" else parser.of_page(row, "row")
    paging = read_paging(options, parser.of_page, parser.wrong)
    parsed = parser.fields(fields, path="fields", depth=1)
    links = following.links_of(parsed, parser.wrong)
    schema = Schema(row=row_selector, fields=parsed, paging=paging, links=links)
    if not parser.mistakes:
        parser.agree_on_a_tree(schema)
    if parser.mistakes:
        raise InvalidFields(tuple(parser.mistakes))
    return schema


def _selectors(fields: tuple[Field, ...]) -> list[Selector | None]:
    found: list[Selector | None] = []
    for one in fields:
        found += [one.selector, *_selectors(one.fields)]
    return found


def _compiled(_path: str, kind: str, text: str) -> Selector:
    return compile_selector(kind, text)


@dataclass(slots=True)
class _Parser:
    """Collects every mistake instead of stopping at the first."""

    compiler: Compiler
    mistakes: list[Mistake] = field(default_factory=list)
    count: int = 0

    def wrong(self, path: str, message: str) -> None:
        self.mistakes.append((path, message))

    def wrong_in(self, path: str, key: str, message: str) -> None:
        self.wrong(f"{path}.{key}", message)

    def of_page(self, said: object, path: str) -> Selector | None:
        """Return a selector that is asked of whole pages."""
        if not isinstance(said, str):
            self.wrong(path, "must be text")
            return None
        kind, text = short_form(said)
        if kind == "re":
            self.wrong(path, "cannot be a regular expression; use css, xpath, jmespath or json")
            return None
        return self.selector(kind, text, path=path)

    def fields(self, fields: object, *, path: str, depth: int) -> tuple[Field, ...]:
        if not isinstance(fields, Mapping):
            self.wrong(path, "must be an object of name: field")
            return ()
        if not fields:
            self.wrong(path, "needs at least one field")
        if depth > MAX_DEPTH:
            self.wrong(path, f"is nested deeper than {MAX_DEPTH} levels")
            return ()
        self.count += len(fields)
        if self.count > MAX_FIELDS:
            self.wrong(path, f"more than {MAX_FIELDS} fields are declared")
            return ()
        found = [self.field(name, said, path=path, depth=depth) for name, said in fields.items()]
        return tuple(one for one in found if one is not None)

    def field(self, name: object, said: object, *, path: str, depth: int) -> Field | None:
        path = f"{path}.{name}"
        reason = _bad_name(name)
        if reason is not None:
            self.wrong(path, reason)
            return None
        if isinstance(said, str):
            kind, text = short_form(said)
            said = {kind: text}
        if not isinstance(said, Mapping):
            self.wrong(path, "must be an object, or text such as css:h1")
            return None
        for key in said:
            if key not in _KEYS:
                self.wrong(f"{path}.{key}", f"is unknown; known are {', '.join(sorted(_KEYS))}")
        return self.declared(str(name), said, path=path, depth=depth)

    def declared(self, name: str, said: Mapping[object, object], *, path: str, depth: int) -> Field:
        selector = self.selection(said, path=path)
        children: tuple[Field, ...] = ()
        if "fields" in said:
            children = self.fields(said["fields"], path=f"{path}.fields", depth=depth + 1)
        wrong = partial(self.wrong_in, path)
        rules, refused = read_rules(said)
        for key, message in refused:
            wrong(key, message)
        parsed = Field(
            name=name,
            selector=selector,
            attr=making.attr(said, selector, wrong),
            form=making.form(said, selector, wrong),
            steps=making.steps(said, wrong),
            kind=making.kind(said, wrong),
            rules=rules,
            many=self.flag(said, "many", path=path),
            required=self.flag(said, "required", path=path),
            has_default="default" in said,
            default=cast("JSON", said.get("default")),
            fields=children,
            follow=self.followed(said, path=path, depth=depth),
        )
        self.agree(parsed, said, path=path)
        return parsed

    def followed(self, said: Mapping[object, object], *, path: str, depth: int) -> str | None:
        """Return the field whose link leads to the page that this one is read from."""
        if "follow" not in said:
            return None
        if depth > 1:
            self.wrong(f"{path}.follow", "is for fields of the record itself; give it to the outermost one")
        elif not isinstance(said["follow"], str) or not said["follow"]:
            self.wrong(f"{path}.follow", "must be the name of a field of type url")
        else:
            return said["follow"]
        return None

    def selection(self, said: Mapping[object, object], *, path: str) -> Selector | None:
        given = [kind for kind in KINDS if kind in said]
        if len(given) > 1:
            self.wrong(path, f"has {' and '.join(given)}; only one can select")
        elif not given and "fields" not in said:
            self.wrong(path, f"needs one of {', '.join(KINDS)}, or fields")
        if len(given) != 1:
            return None
        text = said[given[0]]
        if not isinstance(text, str):
            self.wrong(f"{path}.{given[0]}", "must be text")
            return None
        return self.selector(given[0], text, path=f"{path}.{given[0]}")

    def selector(self, kind: str, text: str, *, path: str) -> Selector | None:
        try:
            return self.compiler(path, kind, text)
        except BadSelector as error:
            self.wrong(path, str(error))
            return None

    def flag(self, said: Mapping[object, object], key: str, *, path: str) -> bool:
        value = said.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{path}.{key}", "must be true or false")
        return value is True

    def agree(self, parsed: Field, said: Mapping[object, object], *, path: str) -> None:
        """Report what is right by itself and wrong together."""
        if parsed.required and parsed.has_default:
            self.wrong(f"{path}.default", "is never used, because the field is required")
        if "fields" in said:
            for key in _OF_VALUES:
                if key in said:
                    self.wrong(f"{path}.{key}", "does not go with fields, which make an object")
            if isinstance(parsed.selector, Pattern):
                self.wrong(f"{path}.fields", "cannot select inside the text that re gives")
            if parsed.many and parsed.selector is None:
                self.wrong(f"{path}.many", "needs a selector that matches many")
        elif parsed.has_default and parsed.default is not None and not _default_fits(parsed):
            wanted = f"a list of {parsed.kind or 'values'}" if parsed.many else f"of type {parsed.kind}"
            self.wrong(f"{path}.default", f"must be {wanted}")

    def agree_on_a_tree(self, schema: Schema) -> None:
        """Report CSS that only selectolax reads beside a selector that only lxml reads."""
        if not schema.needs_lxml:
            return
        for selector in schema.selectors:
            css = css_of(selector)
            if css is not None and not css.itself and css.html is None:
                self.wrong("fields", f"{css.text!r} cannot be mixed with XPath; write it as XPath too")


def _default_fits(parsed: Field) -> bool:
    if parsed.many:
        values = parsed.default
        return isinstance(values, list) and all(
            parsed.kind is None or fits(parsed.kind, value) for value in values
        )
    return parsed.kind is None or fits(parsed.kind, parsed.default)


def _bad_name(name: object) -> str | None:
    if not isinstance(name, str) or not name.strip():
        return "a field needs a name"
    if len(name) > MAX_NAME_CHARACTERS:
        return f"a name has at most {MAX_NAME_CHARACTERS} characters"
    if name.startswith("_"):
        return "names that begin with _ are ours"
    if "." in name or not name.isprintable():
        return "a name holds no dot and no control character"
    return None
