"""The demo shop's ground truth: every product, as it is at one epoch.

An epoch is a number that the server's clock counts up. A price is a function of the shop's
seed, the product and the epoch, and so is whether the product is there, so a test knows what each
page says without asking.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from demo.journal import STORIES
from demo.stock import DEPARTMENTS, Department

CURRENCY = "EUR"
PAGE_SIZE = 10
PERCENT_BY_STEP = (0, -5, 3, -8, 6, -2, 9, -4)
SOLD_OUT = "tea-caddy"
DISCOUNTED = "skillet-26-cm"
DISCOUNT_PERCENT = 20
SHELF_EPOCHS, AWAY_FROM = 20, 12
"""Of twenty epochs the last eight are without one product: it has no page then, and no list has it."""
FIRST_AWAY, MOST_AWAY = 8, 3
"""In each department the products with the numbers 8 to 10 are taken away, one after the other."""
ORIGINS = ("Portugal", "Japan", "Österreich", "Sverige", "Česko", "Italia")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product at one epoch.

    `price` is in euro; `was` is the price before a discount; `priced_at` is the epoch since
    which the price has been what it is.
    """

    sku: str
    slug: str
    name: str
    category: str
    price: Decimal
    was: Decimal | None
    in_stock: bool
    description: str
    specs: tuple[tuple[str, str], ...]
    priced_at: int

    @property
    def path(self) -> str:
        return f"/product/{self.slug}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category, with its products in the order in which its pages list them.

    `stocked_at` is the epoch since which it has these products and no others.
    """

    slug: str
    name: str
    blurb: str
    hue: int
    products: tuple[Product, ...]
    stocked_at: int

    @property
    def path(self) -> str:
        return f"/category/{self.slug}/"

    @property
    def pages(self) -> int:
        """How many pages of `PAGE_SIZE` products the category has."""
        return -(-len(self.products) // PAGE_SIZE)

    def page(self, number: int) -> tuple[Product, ...]:
        """Return the products of page `number`, which begins at 1."""
        return self.products[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]


def products(seed: int = 1, epoch: int = 0) -> tuple[Product, ...]:
    """Return every product of the shop as it is at `epoch`."""
    return tuple(product for category in categories(seed, epoch) for product in category.products)


@lru_cache(maxsize=16)
def categories(seed: int = 1, epoch: int = 0) -> tuple[Category, ...]:
    """Return the shop's categories as they are at `epoch`."""
    return tuple(_category(department, place, seed, epoch) for place, department in enumerate(DEPARTMENTS))


def paths(seed: int = 1) -> frozenset[str]:
    """Return the path and query of every page a polite crawler can reach from the home page."""
    found = {"/", "/about/", "/contact/", "/delivery/", "/journal/", *(story.path for story in STORIES)}
    for category in categories(seed):
        found.add(category.path)
        found.update(f"{category.path}?page={number}" for number in range(2, category.pages + 1))
        found.update(product.path for product in category.products)
    return frozenset(found)


def slugify(name: str) -> str:
    """Return `name` in lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    spaced = "".join(sign if sign.isalnum() else " " for sign in plain.replace("'", ""))
    return "-".join(spaced.split())


def _category(department: Department, place: int, seed: int, epoch: int) -> Category:
    away = _away(place, epoch)
    stocked = tuple(
        _product(department, number, name, seed, epoch)
        for number, name in enumerate(department.names, start=1)
        if number != away
    )
    return Category(
        slug=department.slug,
        name=department.name,
        blurb=department.blurb,
        hue=department.hue,
        products=stocked,
        stocked_at=_stocked_at(place, epoch),
    )


def _away(place: int, epoch: int) -> int | None:
    """Return the number of the product that the department at `place` is without, None where it has all."""
    turn = epoch // SHELF_EPOCHS
    if epoch % SHELF_EPOCHS < AWAY_FROM or turn % len(DEPARTMENTS) != place:
        return None
    return FIRST_AWAY + turn // len(DEPARTMENTS) % MOST_AWAY


def _stocked_at(place: int, epoch: int) -> int:
    if _away(place, epoch) is not None:
        return epoch - epoch % SHELF_EPOCHS + AWAY_FROM
    turns_since = (epoch // SHELF_EPOCHS - 1 - place) % len(DEPARTMENTS)
    return max(0, (epoch // SHELF_EPOCHS - turns_since) * SHELF_EPOCHS)


def _product(department: Department, number: int, name: str, seed: int, epoch: int) -> Product:
    slug = slugify(name)
    full, priced_at = _price(department, slug, seed, epoch)
    cut = slug == DISCOUNTED
    material = _pick(department.materials, seed, slug, "material")
    origin = _pick(ORIGINS, seed, slug, "origin")
    grams = 40 + _draw(seed, slug, "weight") % 2960
    return Product(
        sku=f"{department.slug[:3].upper()}-{number:03d}",
        slug=slug,
        name=name,
        category=department.slug,
        price=_euro(full * (100 - DISCOUNT_PERCENT) // 100 if cut else full),
        was=_euro(full) if cut else None,
        in_stock=slug != SOLD_OUT,
        description=f"{name} in {material}, made in {origin} in small batches, repaired for ever.",
        specs=(("Weight", _weight(grams)), ("Material", material), ("Origin", origin)),
        priced_at=priced_at,
    )


def _price(department: Department, slug: str, seed: int, epoch: int) -> tuple[int, int]:
    """Return a price in cents, and the epoch since which it holds.

    A third of the products changes at every epoch, a third at every third one, a third never.
    """
    span = (department.dearest - department.cheapest) * 20
    base = department.cheapest * 100 + 5 * (_draw(seed, slug, "price") % span)
    pace = (1, 3, 0)[_draw(seed, slug, "pace") % 3]
    if not pace:
        return base, 0
    step = epoch // pace
    percent = PERCENT_BY_STEP[(step + _draw(seed, slug, "phase")) % len(PERCENT_BY_STEP)]
    return base + base * percent // 100, step * pace


def _draw(seed: int, slug: str, what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{slug}/{what}".encode()).digest()[:6], "big")


def _pick(choices: tuple[str, ...], seed: int, slug: str, what: str) -> str:
    return choices[_draw(seed, slug, what) % len(choices)]


def _euro(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _weight(grams: int) -> str:
    return f"{grams / 1000:.1f} kg" if grams >= 1000 else f"{grams} g"
