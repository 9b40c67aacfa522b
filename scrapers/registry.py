"""Which scrapers there are, and how a target's settings become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

from scrapers import fields as declared
from scrapers.extractors import options as settings
from scrapers.extractors.article import Article
from scrapers.extractors.auto import Auto
from scrapers.extractors.feed import Feed
from scrapers.extractors.files import Files
from scrapers.extractors.links import Links
from scrapers.extractors.markdown import Markdown
from scrapers.extractors.product import Product
from scrapers.extractors.tables import Tables
from scrapers.links import Follow, Link
from scrapers.page import JSON, Page, Problem, Scraped
from scrapers.sites.demo_shop import DemoShop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapers.extractors.options import Extractor, Option
    from scrapers.fields import Compiler

Yielded: TypeAlias = Scraped | dict[str, JSON] | Link | Follow | Problem


class Scraper(Protocol):
    """Reads one page: yields items (as dicts), links that are not in its markup, problems.

    It may raise: that costs the page its remaining items, and is reported. It must not keep
    anything between pages, nor change the page's trees.
    """

    @property
    def name(self) -> str:
        """What a target's `scraper` says."""

    def parse(self, page: Page) -> Iterable[Yielded]:
        """Yield what `page` gives."""


class Resuming(Scraper, Protocol):
    """A scraper whose records may be completed on further pages, if it `carries` any."""

    @property
    def carries(self) -> bool:
        """Whether some page may give a Follow."""

    def resume(self, page: Page, callback: str, data: dict[str, JSON]) -> Iterable[Yielded]:
        """Yield what `page` gives for a record that was carried to it, by the `callback` of its Follow."""


class SiteScraper(Scraper, Protocol):
    """A scraper of one site, in Python; `title` and `description` are shown in the form.

    One that yields Follow names the methods that these may call, as `callbacks`.
    """

    title: str
    description: str

    def matches(self, url: str) -> bool:
        """Whether pages at `url` are for this scraper; any text may be asked, so it never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One scraper as a form offers it."""

    name: str
    title: str
    description: str
    options: tuple[Option, ...] = ()


class InvalidScraper(ValueError):
    """Settings that make no scraper; `problems` holds (path, message), such as `fields.price.css`."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        """Take every mistake at once, so that a form can show each beside its field."""
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


# One line for each site; the first that matches a page's URL reads it.
SITES: tuple[SiteScraper, ...] = (DemoShop(),)
_ADDED: Final[list[SiteScraper]] = []
# One line for each general extractor, in the order of the form.
EXTRACTORS: tuple[type[Extractor], ...] = (
    Auto,
    Article,
    Markdown,
    Product,
    Tables,
    Links,
    Feed,
    Files,
)

_CHOICES = (
    Choice(
        name="fields",
        title="Declared fields",
        description="Records you describe with CSS, XPath, regular expressions, JMESPath or JSON in scripts.",
    ),
    Choice(name="none", title="Links only", description="Follows links and keeps pages; no items."),
    Choice(
        name="site",
        title="Site scraper by URL",
        description="For each page, the Python scraper that knows its URL; other pages give links only.",
    ),
)


class LinksOnly:
    """The scraper that reads no items."""

    name = "none"

    def parse(self, page: Page) -> Iterable[Yielded]:  # noqa: ARG002
        """Yield nothing: the reader takes the links of every page by itself."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BySite:
    """Hands each page to the first of its sites that knows the page's URL."""

    name: str
    sites: tuple[SiteScraper, ...]

    def parse(self, page: Page) -> Iterable[Yielded]:
        """Yield what that site's scraper yields; nothing where none knows the URL."""
        site = _site_for(page.url, self.sites)
        if site is None:
            return ()
        return _named(site, site.parse(page)) if callbacks_of(site) else site.parse(page)

    @property
    def carries(self) -> bool:
        """Whether some of the sites follow."""
        return any(callbacks_of(site) for site in self.sites)

    def resume(self, page: Page, callback: str, data: dict[str, JSON]) -> Iterable[Yielded]:
        """Yield what a method of the site's scraper yields, wherever the page lies."""
        name, _, method = callback.partition(".")
        site = next((site for site in self.sites if site.name == name), None)
        if site is None or method not in callbacks_of(site):
            raise LookupError(f"the scraper {name} has no callback {method} any more")
        return _named(site, getattr(site, method)(page, data))


def callbacks_of(site: SiteScraper) -> tuple[str, ...]:
    """Return the methods that a Follow of `site` may call."""
    return tuple(getattr(site, "callbacks", ()))


def _named(site: SiteScraper, yields: Iterable[Yielded]) -> Iterable[Yielded]:
    """Yield what a site's scraper yields, with its name before those of callbacks."""
    for yielded in yields:
        if not isinstance(yielded, Follow):
            yield yielded
        elif yielded.callback in callbacks_of(site):
            yield replace(yielded, callback=f"{site.name}.{yielded.callback}")
        else:
            raise LookupError(f"{yielded.callback!r} is not among the callbacks of {site.name}")


def add(scrapers: tuple[SiteScraper, ...]) -> None:
    """Offer these site scrapers beside Trawl's own, and no others that were added before."""
    _ADDED[:] = scrapers


def sites() -> tuple[SiteScraper, ...]:
    """Return every site scraper; Trawl's own are asked first."""
    return (*SITES, *_ADDED)


def resuming(scraper: Scraper) -> Resuming | None:
    """Return `scraper` as one whose records are completed on further pages, None where none are."""
    return cast("Resuming", scraper) if getattr(scraper, "carries", False) else None


def own_names() -> tuple[Choice, ...]:
    """Return the scrapers that a target may name wherever Trawl runs."""
    return _choices(SITES)


def names() -> tuple[Choice, ...]:
    """Return every scraper a target may name, general ones first."""
    return _choices(sites())


def _choices(sites: tuple[SiteScraper, ...]) -> tuple[Choice, ...]:
    general = (
        Choice(name=one.name, title=one.title, description=one.description, options=settings.of(one))
        for one in EXTRACTORS
    )
    found = (Choice(name=site.name, title=site.title, description=site.description) for site in sites)
    return (*general, *_CHOICES, *found)


def compile(  # noqa: A001
    *,
    name: object,
    url_hint: object = None,
    options: object = None,
    row: object = "",
    fields: object = None,
    compiler: Compiler | None = None,
) -> Scraper:
    """Return the scraper that a target's settings describe.

    An empty `name` means: the site scraper that knows `url_hint`, `fields` where fields are
    declared, otherwise `auto`. Whatever JSON the arguments are, a mistake raises InvalidScraper
    with the path and the message of each, and nothing else is raised. `compiler` is what makes
    selectors, where they are to be tried.
    """
    problems = _misplaced(name=name, options=options, row=row, fields=fields)
    if not isinstance(name, str):
        raise InvalidScraper((("scraper", "must be the name of a scraper"), *problems))
    name = name or _chosen(url_hint, fields)
    if name == "fields":
        declared_by = {"fields": fields if fields is not None else {}, "row": row, "options": options}
        return _declared(declared_by, problems=problems, compiler=compiler)
    if name not in {choice.name for choice in names()}:
        known = ", ".join(choice.name for choice in names())
        raise InvalidScraper((("scraper", f"{name[:60]!r} is unknown; known are {known}"),))
    if problems:
        raise InvalidScraper(problems)
    return _by_name(name, options if isinstance(options, Mapping) else {})


def _misplaced(*, name: object, options: object, row: object, fields: object) -> tuple[tuple[str, str], ...]:
    problems = []
    if options is not None and not isinstance(options, Mapping):
        problems.append(("options", "must be an object"))
    elif options and not (name == "fields" or (name == "" and fields)):
        extractor = _extractor(name)
        problems += settings.mistakes(extractor, options) if extractor else settings.unknown(options)
    if name not in {"", "fields"} if isinstance(name, str) else False:
        for path, value in (("row", row), ("fields", fields)):
            if value:
                problems.append((path, "is only for the scraper named fields"))
    return tuple(problems)


def _chosen(url_hint: object, fields: object) -> str:
    if fields:
        return "fields"
    site = _site_for(url_hint, sites()) if isinstance(url_hint, str) else None
    return site.name if site is not None else "auto"


def _declared(
    said: Mapping[str, object], *, problems: tuple[tuple[str, str], ...], compiler: Compiler | None
) -> Scraper:
    try:
        schema = declared.parse(**said, compiler=compiler)
    except declared.InvalidFields as error:
        raise InvalidScraper(tuple(dict.fromkeys((*problems, *error.problems)))) from None
    if problems:
        raise InvalidScraper(problems)
    return declared.DeclaredRecords(schema=schema)


def _by_name(name: str, options: Mapping[str, object]) -> Scraper:
    extractor = _extractor(name)
    if extractor is not None:
        return extractor(**options)
    if name == "none":
        return LinksOnly()
    found = sites() if name == "site" else tuple(site for site in sites() if site.name == name)
    return BySite(name=name, sites=found)


def _extractor(name: object) -> type[Extractor] | None:
    return next((extractor for extractor in EXTRACTORS if extractor.name == name), None)


def _site_for(url: str, sites: tuple[SiteScraper, ...]) -> SiteScraper | None:
    return next((site for site in sites if site.matches(url)), None)
