"""What the demo shop sells: its departments, and the names of their products."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """One category of the shop; prices of its products lie between `cheapest` and `dearest` euro."""

    slug: str
    name: str
    blurb: str
    hue: int
    cheapest: int
    dearest: int
    materials: tuple[str, ...]
    names: tuple[str, ...]


DEPARTMENTS = (
    Department(
        slug="coffee-and-tea",
        name="Coffee & tea",
        blurb="Slow mornings, strong afternoons, and something to keep either warm.",
        hue=24,
        cheapest=4,
        dearest=89,
        materials=("stoneware", "borosilicate glass", "brushed steel", "enamel"),
        names=(
            "Café au lait bowl",
            "Pour-over dripper",
            "Gooseneck kettle",
            "Hand coffee mill",
            "Stovetop moka pot",
            "Cold brew carafe",
            "Ridged espresso cup",
            "Double-walled tumbler",
            "Cast iron teapot",
            "Matcha whisk",
            "Loose tea strainer",
            "Tea caddy",
            "Milk frothing jug",
            "Cupping spoon",
            "Travel flask",
            "Honey dipper",
            "Sencha tasting set",
            "Filter papers No. 4",
            "Coffee scale",
            "Bean storage jar",
            "Ceramic tea light warmer",
            "Rooibos sampler",
        ),
    ),
    Department(
        slug="kitchen",
        name="Kitchen",
        blurb="Tools that do one thing, do it well, and hang on a hook afterwards.",
        hue=350,
        cheapest=3,
        dearest=140,
        materials=("beech", "carbon steel", "cast iron", "olive wood"),
        names=(
            "Crème brûlée torch",
            "Chef's knife 20 cm",
            "Paring knife",
            "Tōkyō whetstone",
            "End-grain cutting board",
            "Rolling pin",
            "Skillet 26 cm",
            "Lidded saucepan",
            "Pepper mill",
            "Mortar & pestle",
            "Balloon whisk",
            "Salad spinner",
            "Fine grater",
            "Bread proofing basket",
            "Oven thermometer",
            "Linen tea towel",
        ),
    ),
    Department(
        slug="garden",
        name="Garden",
        blurb="For beds, balconies and the one window sill that gets the sun.",
        hue=128,
        cheapest=2,
        dearest=120,
        materials=("ash", "galvanised steel", "terracotta", "jute"),
        names=(
            "Hand trowel",
            "Bypass secateurs",
            "Long-spout watering can",
            "Seed tin",
            "Terracotta pot, small",
            "Terracotta pot, large",
            "Jute twine",
            "Potting bench",
            "Dibber",
            "Leaf rake",
            "Bird feeder",
            "Cold frame",
            "Kneeling pad",
            "Plant labels",
        ),
    ),
    Department(
        slug="stationery",
        name="Stationery",
        blurb="Paper that takes ink, ink that takes time, and pens to argue about.",
        hue=212,
        cheapest=1,
        dearest=75,
        materials=("cotton paper", "brass", "cedar", "anodised aluminium"),
        names=(
            "Pocket notebook <ruled>",
            "Pocket notebook, plain",
            "Fountain pen",
            'Bottled ink "Bleu nuit"',
            "Mechanical pencil 0.5 mm",
            "Brass ruler",
            "Correspondence cards",
            "Desk tray",
            "Washi tape",
            "Letter opener",
            "Index box",
            "Drafting compass",
        ),
    ),
    Department(
        slug="outdoor",
        name="Outdoor",
        blurb="Light enough to carry, plain enough to mend on the way.",
        hue=172,
        cheapest=6,
        dearest=240,
        materials=("ripstop nylon", "titanium", "merino", "waxed canvas"),
        names=(
            "Two-person tent",
            "Down quilt",
            "Folding stove",
            "Titanium spork",
            "Waxed rucksack",
            "Enamel mug",
            "Merino socks",
            "Dry bag 10 l",
            "Compass",
            "Hammock",
            "Head torch",
            "Water filter",
        ),
    ),
    Department(
        slug="lighting",
        name="Lighting",
        blurb="Warm pools of light, and nothing that needs an app.",
        hue=46,
        cheapest=5,
        dearest=199,
        materials=("opal glass", "spun aluminium", "oak", "rice paper"),
        names=(
            "Bedside lamp",
            "Pendant, Ø 30 cm",
            "Reading lamp",
            "Paper lantern",
            "Candle lantern",
            "Festoon string, 10 m",
            "Filament bulb E27",
            "Wall sconce",
            "Desk lamp",
            "Beeswax candle",
            "Piano lamp",
            "Night light",
        ),
    ),
)
