"""Pictures of a shop's products: the drawing that fits the title, in the colour that it names.

The drawings are the SVG files in `drawings`. Their main colour is SVG's `currentColor`.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "drawings"
_SIDE, _DRAWN = 300, 210  # of the picture and of the drawing in it
START_COLOUR = 'color="#d1603d"'  # of each file
_UNKNOWN = "parcel"
_GROUNDS = ("#F3EFE8", "#EEF1EE", "#F1EEF2", "#EDF1F4", "#F5EEEA")
_UNNAMED_COLOURS = ("#B5573A", "#4B5B8C", "#6E8B5E", "#C99A4B", "#6D4A63", "#5E93A8", "#A8576A")

# Drawing: words of titles and categories for it, beside the drawing's own name. Two words go
# before one, and the later word before the earlier one: a mug for "Camping Mug".
_WORDS = """
adapter: travel adapter, plug
backpack: daypack, pack, rucksack, bag
basketball: ball
bear: teddy, toy, toys
bench: garden bench
biscuits: biscuit, cookies, cookie, crackers
blanket: throw, rug
board: chopping board
bookcase: bookshelf, cabinet
bowl: dish
box: bread bin, lunch box, bin, tin
button-shirt: blouse
candle: candle holder, candles, candlestick
cap: hat, beanie
chair: stool, armchair
charger: charging stand, charging
chocolate: sweets, bar of chocolate
coat-rack: rack, hook
coffee: beans, espresso
cook-set: camp kitchen
cream: hand cream, lotion, ointment
cushion: cushions
dominoes: domino, domino set
fan: ventilator
flask: bottle, thermos
floor-cushion: meditation cushion, pouffe
football: soccer ball
fork: garden fork, rake
gauge: rain gauge, thermometer
gloves: glove, mittens
gown: dressing gown, robe, bathrobe
headphones: earphones, headset
hip-bag: belt bag
jacket: rain jacket, coat, fleece, anorak, outdoor clothing
jar: storage jar, canister, honey, jam, food
jumper: sweater, cardigan, pullover, hoodie, base layer
knife: knives
letter-tray: paper tray
linen: duvet, duvet cover, sheet, bed set, bed linen, mattress topper, bedding
loudspeaker: speaker, audio, electronics
lounger: sun bed, deckchair
mat: yoga mat, yoga
mister: plant mister, spray
mug: cup, beaker, espresso cup, kitchen
notebook: sketchbook, diary, journal, notebooks, stationery, book
organiser: desk organiser
pan: frying pan, wok, skillet
parcel: gift
pen: fountain pen, ballpoint
pencils: pencil set, pencil, crayons
pendant-lamp: ceiling lamp
pillow: pillowcase, bedroom
planter: flower pot, plant, garden
pot: casserole, saucepan, stockpot
power-bank: battery
puzzle: jigsaw, game, games
purifier: air purifier, humidifier
pyjamas: pajamas
radio: tuner
scarf: shawl
shears: pruning shears, scissors, secateurs
shelf: wall shelf, shelving
shirt: t-shirt, top, tee, night shirt, clothing
shorts: running shorts
side-table: table, desk
soap: soap bar, shampoo, shampoo bar
socks: sock, stockings
table-lamp: lamp, light, living
tea: herbal tea
tent: outdoor
tiles: memory game, memory
towel: towels, bath sheet, bath
train: train set
tray: bath tray
trousers: chinos, culottes, jeans, leggings
trowel: hand trowel, spade, shovel
tumbler: toothbrush mug, toothbrush
volleyball: sport
watering-can: can
weather: weather station
"""

# Colours of products by the words for them: colours first, then materials.
_COLOURS = {
    "black": "#3A3A44", "blue": "#4A6FA5", "brown": "#7A5540", "chalk": "#CFC9BC",
    "charcoal": "#4A4A52", "cream": "#D9CBAF", "green": "#5F8A5B", "grey": "#8B8F98",
    "gray": "#8B8F98", "indigo": "#4B4E8C", "midnight": "#2C3558", "moss": "#7C8A4E",
    "oatmeal": "#C8B79A", "ochre": "#CB9336", "orange": "#DD7F3B", "pink": "#D98A9C",
    "plum": "#75496B", "purple": "#6F5AA0", "red": "#BE4A3E", "rust": "#B2582F",
    "sage": "#9AAA88", "sand": "#D0B68A", "sky": "#7FB0D0", "white": "#D8D6D0",
    "yellow": "#E0B343",
}  # fmt: skip
_MATERIALS = {
    "acacia": "#9B6A43", "ash": "#CDB48E", "bamboo": "#C3A966", "beech": "#CFA77A",
    "brass": "#C39A3F", "canvas": "#BFA980", "cedar": "#A9623F", "copper": "#C0714A",
    "cork": "#BE9465", "denim": "#51698C", "glass": "#9FC3CB", "iron": "#4C4E55",
    "jute": "#B79E6F", "kraft": "#B58F63", "leather": "#8A5637", "marble": "#BFC1C4",
    "oak": "#B98A5A", "olive": "#8C8A4A", "porcelain": "#C9D3DA", "slate": "#66707C",
    "steel": "#9BA3AE", "stoneware": "#A58F7C", "teak": "#A56F3E", "terracotta": "#C4643F",
    "walnut": "#7B5238", "wicker": "#C29B62", "wooden": "#C08D57", "zinc": "#9DA7AA",
}  # fmt: skip


@lru_cache(maxsize=2048)
def product(title: str, category: str | None) -> str:
    """Return the picture of a product as an SVG image of 300 by 300.

    It has the drawing for the title, else for the category, else a parcel.
    """
    number = zlib.crc32(title.encode("utf-8", "replace"))
    words = _words(title)
    colour = _colour(words) or _UNNAMED_COLOURS[number % len(_UNNAMED_COLOURS)]
    name = _drawing(words) or _drawing(_words(category or "")) or _UNKNOWN
    ground, start = _GROUNDS[number % len(_GROUNDS)], (_SIDE - _DRAWN) / 2
    place = f'x="{start:g}" y="{start:g}" width="{_DRAWN}" height="{_DRAWN}"'
    drawing = _file(name).replace(START_COLOUR, f'{place} color="{colour}"', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" '
        f'width="{_SIDE}" height="{_SIDE}">'
        f'<rect width="{_SIDE}" height="{_SIDE}" rx="16" fill="{ground}"/>'
        f"{drawing}</svg>"
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.lower())


def _drawing(words: Sequence[str]) -> str | None:
    """Return the drawing for the last of the words, or pairs of them, that has one."""
    return next((name for phrase in _phrases(words) if (name := _names().get(phrase))), None)


def _phrases(words: Sequence[str]) -> Iterator[str]:
    for end in range(len(words), 0, -1):
        yield " ".join(words[max(end - 2, 0) : end])
        yield words[end - 1]


def _colour(words: Sequence[str]) -> str | None:
    """Return the colour that the last word for one names: a colour, else a material."""
    for colours in (_COLOURS, _MATERIALS):
        if named := [colours[word] for word in words if word in colours]:
            return named[-1]
    return None


@cache
def _names() -> Mapping[str, str]:
    """Return the name of the drawing by word or pair of words."""
    names = {path.stem.replace("-", " "): path.stem for path in _FOLDER.glob("*.svg")}
    for line in _WORDS.strip().splitlines():
        name, words = line.split(": ")
        names.update(dict.fromkeys(words.split(", "), name))
    return names


@cache
def _file(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("\n", "")
