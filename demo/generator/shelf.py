"""The words the catalogue is made of: brands, blends, formats and what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.generator.segments import EFFECTS


@dataclass(frozen=True)
class Format:
    """A way to sell a blend. Milligrams are ranges for the whole package, dollars the range of its price."""

    noun: str
    says: str
    dollars: tuple[int, int]
    cbd_mg: tuple[int, int]
    thc_mg: tuple[int, int]


@dataclass(frozen=True)
class Family:
    category: str
    products: int
    effects: tuple[str, ...]
    formats: tuple[Format, ...]


BRANDS = (
    "Hill Country Hemp",
    "Two Rivers",
    "Juniper & Daughters",
    "Blackland Botanicals",
    "Live Oak Co-op",
    "Paloma Fields",
    "Fern & Ferry",
    "Tin Roof Farm",
    "Mockingbird Supply",
    "Caliche Road",
    "Wild Plum Works",
    "Northfork Growers",
)


FAMILIES = (
    Family(
        "flower",
        60,
        EFFECTS,
        (
            Format("Flower, 3.5 g", "An eighth of slow-cured hemp flower", (26, 45), (420, 700), (4, 10)),
            Format("Flower, 7 g", "A quarter of hand-trimmed hemp flower", (46, 74), (840, 1400), (8, 20)),
            Format("Pre-Roll Pair", "Two pre-rolls of one gram each", (12, 20), (240, 400), (2, 6)),
            Format("Pre-Roll Five-Pack", "Five half-gram pre-rolls in a tin", (24, 38), (300, 500), (3, 7)),
        ),
    ),
    Family(
        "vape",
        44,
        EFFECTS,
        (
            Format("Cartridge, 0.5 g", "A half-gram cartridge, 510 thread", (22, 34), (300, 420), (1, 4)),
            Format("Cartridge, 1 g", "A one-gram cartridge, 510 thread", (36, 54), (600, 850), (2, 8)),
            Format("Disposable", "A rechargeable one-gram disposable", (34, 49), (600, 850), (2, 8)),
        ),
    ),
    Family(
        "edible",
        76,
        EFFECTS,
        (
            Format("Gummies, 10 count", "Ten soft gummies", (16, 26), (100, 250), (0, 30)),
            Format("Gummies, 20 count", "Twenty soft gummies", (28, 44), (200, 500), (0, 60)),
            Format("Chocolate Bar", "Twelve squares of dark chocolate", (15, 26), (120, 240), (0, 24)),
            Format("Seltzer Four-Pack", "Four lightly sparkling cans", (18, 28), (40, 100), (0, 20)),
            Format("Honey Sticks", "Ten sticks of wildflower honey", (12, 19), (100, 150), (0, 0)),
            Format("Tea, 12 bags", "Twelve bags of loose-leaf blend", (14, 22), (60, 180), (0, 0)),
        ),
    ),
    Family(
        "tincture",
        46,
        EFFECTS,
        (
            Format("Tincture, 500 mg", "A one-ounce dropper bottle", (24, 38), (500, 500), (0, 15)),
            Format("Tincture, 1000 mg", "A one-ounce dropper bottle", (39, 59), (1000, 1000), (0, 30)),
            Format("Tincture, 1500 mg", "A two-ounce dropper bottle", (55, 79), (1500, 1500), (0, 45)),
        ),
    ),
    Family(
        "topical",
        38,
        ("relief", "calm", "sleep"),
        (
            Format("Balm", "Two ounces of beeswax balm", (18, 32), (250, 750), (0, 0)),
            Format("Roll-On", "A pocket roll-on", (19, 30), (200, 400), (0, 0)),
            Format("Lotion", "Six ounces of light lotion", (24, 38), (300, 600), (0, 0)),
            Format("Bath Bombs", "Two bath bombs", (12, 20), (100, 200), (0, 0)),
        ),
    ),
)

BLENDS: Mapping[str, tuple[str, ...]] = {
    "sleep": (
        *("Night Owl", "Moonrise", "Slow Tide", "Velvet Dusk", "Lullaby Lane", "Quiet Lantern"),
        *("Starling Rest", "Deep Pillow", "Ember Hour", "Lights Out", "Harbor Night", "Cedar Moon"),
    ),
    "calm": (
        *("Still Water", "Porch Swing", "Soft Landing", "Sunday Slow", "Willow Bend", "Easy Meadow"),
        *("Level Head", "Sea Glass", "Gentle Rain", "Warm Stone", "Open Window", "Drift Line"),
    ),
    "focus": (
        *("Clear Desk", "True North", "Sharp Pencil", "Morning Page", "Straight Line", "Bright Study"),
        *("Compass Point", "Long Thought", "Paper Crane", "Quiet Engine", "First Draft", "Blue Hour"),
    ),
    "energy": (
        *("Sunrise Run", "Trail Spark", "Green Flash", "Early Bird", "Lift Off", "Daybreak"),
        *("Orchard Jump", "High Ridge", "Second Wind", "Roadrunner", "Summer Bike", "Copper Sun"),
    ),
    "relief": (
        *("Loose Shoulders", "River Stone", "Cool Hands", "Rest Day", "Long Walk", "Unwound"),
        *("Garden Gate", "Soft Step", "Warm Current", "Move Easy", "Old Oak", "Slow Stretch"),
    ),
    "social": (
        *("Front Stoop", "Good Company", "Backyard Lights", "Game Night", "Laugh Track", "Street Fair"),
        *("Campfire Song", "Long Table", "Block Party", "Sweet Talk", "Patio Season", "Second Round"),
    ),
}

ALONGSIDE: Mapping[str, tuple[str, ...]] = {
    "sleep": ("calm", "relief"),
    "calm": ("sleep", "social", "relief"),
    "focus": ("energy", "calm"),
    "energy": ("focus", "social"),
    "relief": ("calm", "sleep"),
    "social": ("energy", "calm"),
}

PURPOSES: Mapping[str, str] = {
    "sleep": "made for the end of the day",
    "calm": "made for a slower afternoon",
    "focus": "made for a clear desk and a long list",
    "energy": "made for early starts",
    "relief": "made for rest days",
    "social": "made for good company",
}

FLAVOUR_LEANINGS: Mapping[str, tuple[str, ...]] = {
    "flower": ("earthy", "pine", "citrus", "spicy", "floral", "berry"),
    "vape": ("citrus", "berry", "mint", "pine", "sweet", "floral"),
    "edible": ("berry", "citrus", "sweet", "mint", "spicy", "floral"),
    "tincture": ("mint", "citrus", "earthy", "floral", "spicy", "berry"),
    "topical": ("mint", "floral", "pine", "citrus", "earthy", "spicy"),
}
"""Most likely first. On skin a flavour is a scent."""

ACCESSORIES: Mapping[str, tuple[str, tuple[str, str, str], tuple[int, int]]] = {
    "Grinder": ("A four-piece grinder with a fine mesh", ("Walnut", "Steel", "Pocket"), (16, 38)),
    "Rolling Papers": ("Two booklets of slow-burning papers", ("Rice", "Hemp", "Unbleached"), (4, 8)),
    "Pipe": ("A hand-blown pipe that fits a jacket pocket", ("Amber Glass", "Sea Glass", "Clear"), (18, 42)),
    "Storage Jar": ("An airtight jar that keeps light out", ("Small", "Large", "Travel"), (10, 24)),
    "Rolling Tray": ("A tray with a lip that loses nothing", ("Oak", "Tin", "Bamboo"), (12, 30)),
    "510 Battery": ("A battery with three heats and a charger", ("Slim", "Pocket", "Dual-Heat"), (18, 36)),
    "Smell-Proof Pouch": ("A carbon-lined pouch with a zip", ("Canvas", "Black", "Small"), (14, 32)),
    "Lighter": ("A refillable lighter", ("Brass", "Soft-Flame", "Windproof"), (6, 22)),
    "Humidity Packs": ("Packs that hold 62 % humidity", ("4-Gram", "8-Gram", "Jar"), (5, 14)),
    "Cone Kit": ("Paper cones with a filler and tamper", ("Mini", "King", "Mixed"), (8, 16)),
    "Ash Bowl": ("A heavy bowl with a resting notch", ("Stoneware", "Slate", "Enamel"), (12, 28)),
    "Cleaning Kit": ("Brushes, swabs and a plant-based cleaner", ("Glass", "Everyday", "Travel"), (9, 20)),
}
"""What it is, its three variants, and its range in dollars."""
