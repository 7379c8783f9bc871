"""Invented products, vendors and departments of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class ProductType:
    """A type of product: its department, its usual price, and words for titles.

    `nouns` are names of the product itself, such as mug and beaker.
    """

    department: str
    name: str
    usual_price: float
    nouns: tuple[str, ...]
    materials: tuple[str, ...]


_TYPES = """
Kitchen|Cups and mugs|14|Mug, Cup, Beaker, Espresso Cup|Stoneware, Enamel, Porcelain, Glass
Kitchen|Pots and pans|59|Frying Pan, Casserole, Saucepan, Wok, Stockpot|Copper, Iron, Steel, Enamel
Kitchen|Knives and boards|39|Bread Knife, Paring Knife, Chopping Board|Oak, Walnut, Olive Wood
Kitchen|Storage|19|Storage Jar, Bread Bin, Lunch Box, Canister|Glass, Enamel, Steel, Beech
Garden|Pots and planters|24|Planter, Flower Pot, Window Box|Terracotta, Zinc, Slate, Cedar
Garden|Tools|29|Hand Trowel, Garden Fork, Pruning Shears, Spade|Steel, Forged, Copper, Ash
Garden|Watering|22|Watering Can, Rain Gauge, Plant Mister|Zinc, Copper, Galvanised, Enamel
Garden|Outdoor furniture|129|Garden Chair, Bench, Side Table, Lounger|Teak, Wicker, Acacia, Steel
Living|Lamps|69|Table Lamp, Floor Lamp, Reading Lamp, Pendant Lamp|Brass, Paper, Linen, Ash
Living|Cushions and throws|34|Cushion, Throw, Blanket, Floor Cushion|Linen, Wool, Velvet, Cotton
Living|Shelving|89|Wall Shelf, Bookcase, Side Table, Coat Rack|Walnut, Oak, Ash, Steel
Living|Decoration|27|Vase, Candle Holder, Tray, Bowl|Brass, Stoneware, Glass, Marble
Bedroom|Bed linen|64|Duvet Cover, Fitted Sheet, Pillowcase, Bed Set|Percale, Linen, Flannel, Cotton
Bedroom|Pillows and duvets|55|Pillow, Duvet, Mattress Topper|Down, Wool, Bamboo, Cotton
Bedroom|Nightwear|45|Dressing Gown, Pyjamas, Night Shirt|Flannel, Jersey, Linen, Waffle
Bath|Towels|18|Bath Towel, Hand Towel, Bath Sheet|Waffle, Terry, Linen, Bamboo
Bath|Soap and care|11|Soap Bar, Shampoo Bar, Hand Cream|Olive, Oat, Lavender, Cedar, Rosemary
Bath|Bathroom|21|Soap Dish, Toothbrush Mug, Bath Tray|Ceramic, Marble, Bamboo, Cedar
Outdoor|Tents and sleeping|149|Two-Person Tent, Sleeping Bag, Hammock|Ripstop, Canvas, Ultralight
Outdoor|Backpacks|84|Daypack, Trekking Pack, Hip Bag|Waxed, Canvas, Ripstop, Roll-Top
Outdoor|Camp kitchen|36|Flask, Cook Set, Camping Mug|Titanium, Steel, Enamel
Outdoor|Outdoor clothing|92|Rain Jacket, Fleece, Base Layer|Merino, Recycled, Lightweight
Sport|Yoga|31|Yoga Mat, Yoga Block, Meditation Cushion|Cork, Jute, Cotton, Recycled
Sport|Running|48|Running Shirt, Running Shorts, Running Cap|Merino, Recycled, Lightweight
Sport|Ball games|26|Football, Volleyball, Basketball|Indoor, Classic, Training
Toys|Building|33|Building Blocks, Marble Run, Train Set|Wooden, Painted, Magnetic
Toys|Soft toys|21|Bear, Rabbit, Fox, Whale, Owl|Knitted, Felt, Cotton, Linen
Toys|Games and puzzles|25|Puzzle, Memory Game, Domino Set|Wooden, Painted, Cardboard
Stationery|Notebooks|13|Notebook, Sketchbook, Diary|Clothbound, Kraft, Leather, Recycled
Stationery|Writing|17|Fountain Pen, Pencil Set, Ballpoint|Brass, Cedar, Lacquered
Stationery|Desk|29|Desk Organiser, Letter Tray, Pen Pot|Oak, Brass, Cork, Leather
Food|Coffee|12|Espresso Beans, Filter Coffee, Decaf Beans|Dark-Roasted, Mountain, House
Food|Tea|9|Green Tea, Black Tea, Herbal Tea|Mountain, Wild, Smoked, First-Flush
Food|Sweets|7|Chocolate, Honey, Fruit Jam, Biscuits|Orange, Almond, Hazelnut, Blackcurrant
Electronics|Audio|79|Loudspeaker, Headphones, Radio|Wireless, Portable, Compact
Electronics|Charging|28|Power Bank, Charging Stand, Travel Adapter|Compact, Foldable, Solar
Electronics|Climate|54|Desk Fan, Air Purifier, Weather Station|Silent, Compact, Solar
Clothing|Tops|39|T-Shirt, Shirt, Jumper, Cardigan|Cotton, Merino, Linen, Alpaca
Clothing|Trousers|69|Trousers, Chinos, Culottes|Cotton, Corduroy, Linen, Denim
Clothing|Accessories|24|Scarf, Cap, Gloves, Socks|Wool, Alpaca, Cotton, Merino
"""

# Types of products that go together: a mug with coffee.
_GO_TOGETHER = """
Cups and mugs|Coffee
Pots and pans|Knives and boards
Storage|Sweets
Pots and planters|Watering
Lamps|Desk
Cushions and throws|Decoration
Bed linen|Pillows and duvets
Nightwear|Tea
Towels|Soap and care
Tents and sleeping|Camp kitchen
Backpacks|Outdoor clothing
Yoga|Running
Building|Games and puzzles
Notebooks|Writing
Audio|Charging
Tops|Trousers
"""


def _product_type(line: str) -> ProductType:
    department, name, price, nouns, materials = line.split("|")
    return ProductType(
        department, name, float(price), tuple(nouns.split(", ")), tuple(materials.split(", "))
    )


TYPES = tuple(map(_product_type, _TYPES.strip().splitlines()))
_NAMES = [product_type.name for product_type in TYPES]
GO_TOGETHER = tuple(  # pairs of indices of types
    (_NAMES.index(one), _NAMES.index(other))
    for one, other in (line.split("|") for line in _GO_TOGETHER.strip().splitlines())
)
DEPARTMENTS = tuple(dict.fromkeys(product_type.department for product_type in TYPES))

# fmt: off
_LINES = (
    "Alba", "Cove", "Dune", "Ember", "Fjord", "Grove", "Haze", "Isle", "Juniper", "Kestrel",
    "Loam", "Marrow", "Nettle", "Orla", "Pebble", "Quill", "Rowan", "Sorrel", "Tarn", "Umber",
    "Vesper", "Willow", "Yarrow", "Zephyr", "Bramble", "Clover", "Drift", "Fern", "Hollow", "Larch",
    "Meadow", "Skerry", "Osier", "Plume", "Reed", "Saltmarsh", "Thistle", "Tidal", "Wren", "Lumi",
)
_COLOURS = (
    "moss", "chalk", "rust", "indigo", "sand", "charcoal", "sage", "ochre", "sky", "plum",
    "oatmeal", "midnight",
)
_COLOURLESS = ("Food", "Soap and care")  # departments or types whose titles have no colour
_VENDOR_BEGINNINGS = (
    "Osier", "Bracken", "Quill", "Linden", "Marl", "Sedge", "Tansy", "Whin", "Gorse", "Ferrow",
    "Hazel", "Inkle", "Larken", "Mirren", "Tolle", "Yarl",
)
_VENDOR_ENDS = ("holt", "mere", "fell", "wick", "dale", "brook", "garth", "stead")
# fmt: on
_VENDOR_FORMS = ("{0}", "{0} & {1}", "{0} Works", "House of {0}", "{0} Supply")


def titles(rng: np.random.Generator, types: Sequence[ProductType]) -> list[str]:
    """Return a title for a product of each type, no title twice."""
    unique: dict[str, None] = {}
    for product_type in types:
        title = _title(rng, product_type)
        while title in unique:  # another edition of the same product
            title += f" No. {int(rng.integers(2, 100))}"
        unique[title] = None
    return list(unique)


def vendors(rng: np.random.Generator, n: int) -> list[str]:
    """Return at most n different vendors."""
    return list(dict.fromkeys(_vendor(rng) for _ in range(n)))


def _title(rng: np.random.Generator, product_type: ProductType) -> str:
    noun, material = _draw(rng, product_type.nouns), _draw(rng, product_type.materials)
    line, colour = _draw(rng, _LINES), _draw(rng, _COLOURS)
    has_colour = not {product_type.department, product_type.name} & {*_COLOURLESS}
    plain = (f"{line} {material} {noun}", f"{material} {noun} “{line}”")
    coloured = (f"{line} {noun}, {colour}", f"{line} {material} {noun}, {colour}")
    return _draw(rng, plain + coloured if has_colour else plain)


def _vendor(rng: np.random.Generator) -> str:
    names = [_draw(rng, _VENDOR_BEGINNINGS) + _draw(rng, _VENDOR_ENDS) for _ in range(2)]
    return _draw(rng, _VENDOR_FORMS).format(*names)


def _draw(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]
