"""The style of each category's covers: palettes, lettering, motifs."""

import zlib
from dataclasses import dataclass

from dashboards.covers.svg import Palette

SANS = "Helvetica Neue, Arial, Liberation Sans, sans-serif"
SERIF = "Georgia, Liberation Serif, serif"


@dataclass(frozen=True, slots=True)
class Lettering:
    """The type of a title. `em`: mean width of a letter in units of its size.

    System fonts only: an SVG image can't use the page's web fonts.
    """

    family: str
    weight: int
    style: str
    em: float
    capitals: bool


@dataclass(frozen=True, slots=True)
class Style:
    """The options of a category; the checksum of an item's title picks among them."""

    palettes: tuple[Palette, ...]
    lettering: Lettering
    motifs: tuple[str, ...]


HEAVY = Lettering(SANS, 800, "normal", 0.69, capitals=True)
CAPITALS = Lettering(SANS, 700, "normal", 0.72, capitals=True)
CLASSIC = Lettering(SERIF, 700, "normal", 0.55, capitals=False)
ITALIC = Lettering(SERIF, 600, "italic", 0.52, capitals=False)
PLAIN = Lettering(SANS, 700, "normal", 0.58, capitals=False)


def _palettes(*colours: str) -> tuple[Palette, ...]:
    return tuple(Palette(*three.split()) for three in colours)


WARM = _palettes(
    "#C8452E #F0A04B #FFE8C2", "#D98E04 #F6CF5F #9C2F1F", "#B4405A #F2A0A1 #FFF1DC",
    "#1F7A8C #8FD3C8 #FFD166", "#6A3FA0 #C79BE8 #FFD166", "#B5477E #F7B2C4 #FFF3B0",
)  # fmt: skip
COOL = _palettes(
    "#22314A #56779A #F0C987", "#3B2F4A #8B7296 #F4C7A1", "#2F4A43 #7FA191 #F3D9A4",
    "#4A3428 #A5805F #F6E3C0", "#1F3B4D #6FA3B5 #F2B880", "#3A3A44 #9A8F97 #F1D7B5",
)  # fmt: skip
DARK = _palettes(
    "#12151D #2B3344 #E4572E", "#0F1C1B #24524E #F4D35E", "#1A1022 #4B2A57 #E63462",
    "#17181C #4A4E57 #F2C14E", "#10182B #27406B #F26B4E",
)  # fmt: skip
NIGHT = _palettes("#0B0B0D #3D3F45 #E9E6DC", "#111216 #54565E #F5F1E3", "#14110F #4E443C #EFD9A7")
SPACE = _palettes(
    "#0C1738 #2B4696 #7BDFF2", "#1B0F38 #55318F #FF9B71",
    "#062A30 #11707A #F6F1D1", "#120B2E #7A2E6E #FFC857",
)  # fmt: skip
ROSE = _palettes(
    "#8A2846 #DB7A92 #FFE3D8", "#5A2A4E #B8729F #FFD9B8",
    "#A23B2A #EFA07A #FFF0E0", "#6B2D5C #E08E9B #FCE4C0",
)  # fmt: skip
EARTH = _palettes(
    "#7A3A1A #D08C4A #FBE8C6", "#5D2E2A #B9655A #F9D9A8",
    "#3F4A2C #94A468 #F6EBC3", "#5A4320 #C2A059 #FFF1C9",
)  # fmt: skip
FRESH = _palettes(
    "#1E8A80 #8FDCCB #F4A261", "#3A6EA5 #A9D0F0 #FFD166",
    "#7A9E3A #D6E8A0 #E76F51", "#D1495B #F7A9A0 #FFF0C9",
)  # fmt: skip
FIRE = _palettes(
    "#2A0E12 #A62639 #FFB703", "#1B1B2F #B23A48 #FCD29F",
    "#30160A #C75000 #FFE0A3", "#0E2233 #1F6F8B #FF7F50",
)  # fmt: skip

_BY_CATEGORY = {
    "action": Style(FIRE, HEAVY, ("shards", "speed", "target", "city", "burst")),
    "adventure": Style(EARTH, HEAVY, ("peaks", "hills", "sea", "road", "compass")),
    "animation": Style(FRESH, HEAVY, ("kites", "confetti", "leaves", "blobs")),
    "children": Style(FRESH, HEAVY, ("kites", "balloons", "blobs", "confetti")),
    "comedy": Style(WARM, HEAVY, ("burst", "confetti", "waves", "checker", "balloons", "blobs")),
    "crime": Style(DARK, CAPITALS, ("city", "blinds", "target", "keyhole")),
    "documentary": Style(COOL, CLASSIC, ("contour", "checker", "columns", "compass")),
    "drama": Style(
        COOL, CLASSIC, ("hills", "halves", "window", "waves", "sea", "road", "columns", "leaves")
    ),
    "fantasy": Style(SPACE, CLASSIC, ("forest", "arches", "peaks", "spiral")),
    "history": Style(EARTH, CLASSIC, ("columns", "arches", "compass", "contour")),
    "horror": Style(DARK, CAPITALS, ("forest", "keyhole", "spiral", "blinds")),
    "musical": Style(WARM, HEAVY, ("bars", "confetti", "rings", "waves")),
    "mystery": Style(DARK, CLASSIC, ("arches", "stairs", "window", "keyhole", "spiral")),
    "noir": Style(NIGHT, CAPITALS, ("blinds", "stairs", "city", "window")),
    "romance": Style(ROSE, ITALIC, ("rings", "waves", "halves", "leaves", "balloons")),
    "science": Style(SPACE, CAPITALS, ("orbit", "contour", "shards", "spiral")),
    "sport": Style(FRESH, HEAVY, ("speed", "target", "checker")),
    "thriller": Style(DARK, CAPITALS, ("blinds", "stairs", "window", "target", "shards")),
    "war": Style(EARTH, CAPITALS, ("hills", "halves", "shards", "speed")),
    "western": Style(EARTH, CAPITALS, ("peaks", "burst", "road", "sea")),
}
_ALIASES = {
    "biography": "documentary", "childrens": "children", "family": "children",
    "film-noir": "noir", "music": "musical", "news": "documentary",
    "sci-fi": "science", "science fiction": "science", "short": "animation",
}  # fmt: skip
_ABSTRACT = (
    "halves", "waves", "checker", "contour", "rings", "bars", "columns", "leaves", "blobs",
    "shards", "spiral", "speed", "arches", "burst",
)  # fmt: skip
_FAMILIES = (WARM, COOL, SPACE, ROSE, EARTH, FRESH, FIRE)
_LETTERINGS = (PLAIN, CLASSIC, HEAVY)


def style_of(category: str) -> Style:
    """Return the style of a category; a category not listed above gets one by its checksum."""
    name = category.strip().lower().replace("'", "")
    if style := _BY_CATEGORY.get(_ALIASES.get(name, name)):
        return style
    seed = zlib.crc32(name.encode())
    start = seed % len(_ABSTRACT)
    motifs = (_ABSTRACT + _ABSTRACT)[start : start + 5]
    return Style(_FAMILIES[seed % len(_FAMILIES)], _LETTERINGS[seed % len(_LETTERINGS)], motifs)
