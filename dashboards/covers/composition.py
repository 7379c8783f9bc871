"""Composes a cover: background, motif, and the title in a size that fits.

A title is untrusted text: it is escaped, shortened, and stripped of characters that XML forbids.
The same title, year and category give the same bytes on every machine.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import escape
from random import Random
from typing import Literal
from unicodedata import east_asian_width

from dashboards.covers import patterns, radial, scenes
from dashboards.covers.styles import Lettering, style_of
from dashboards.covers.svg import HEIGHT, WIDTH, Palette, luminance, rect

INK, NIGHT = "#FFF9EE", "#1B1420"
MARGIN, BASELINE, LEADING = 24, 416, 1.12
MAX_FONT_SIZE, TITLE_HEIGHT = 40.0, 136
MAX_TITLE_LENGTH, MAX_WORD_LENGTH, MAX_LINES = 80, 20, 4
MAX_PANEL_LUMINANCE = 0.12  # light letters are readable on darker colours
Layout = Literal["faded", "framed", "banded"]

MOTIFS: Mapping[str, Callable[[Random, Palette], Iterator[str]]] = {
    motif.__name__: motif
    for motif in (
        scenes.balloons, scenes.blinds, scenes.city, scenes.forest, scenes.hills, scenes.keyhole,
        scenes.kites, scenes.orbit, scenes.peaks, scenes.road, scenes.sea, scenes.stairs,
        scenes.window, radial.arches, patterns.bars, patterns.blobs, radial.burst,
        patterns.checker, patterns.columns, radial.compass, patterns.confetti, radial.contour,
        patterns.halves, patterns.leaves, radial.rings, patterns.shards, patterns.speed,
        radial.spiral, radial.target, patterns.waves,
    )
}  # fmt: skip


@lru_cache(maxsize=2048)
def cover(title: str, year: int | None, category: str | None) -> str:
    """Return the cover of an item as an SVG image of 300 by 450."""
    style = style_of(category or "")
    rng = Random(zlib.crc32(f"{title}|{year}".encode("utf-8", "replace")))  # noqa: S311 # a drawing
    palette, motif = rng.choice(style.palettes), rng.choice(style.motifs)
    layout: Layout = rng.choice(("faded", "faded", "faded", "framed", "banded"))
    lines = title_lines(title, style.lettering)
    size = _size(lines, style.lettering)
    y = BASELINE - size * LEADING * (len(lines) - 1)  # of the first line
    picture = _LAYOUTS[layout]("".join(MOTIFS[motif](rng, palette)), palette, y - size - 24)
    on_accent = layout == "banded"
    is_light = luminance(palette.accent) >= 0.3  # noqa: PLR2004 # dark letters contrast more above
    ink = NIGHT if on_accent and is_light else INK
    mark = rect(MARGIN, y - size - 14, 34, 4, ink if on_accent else palette.accent)
    return _document(picture + mark + _letters(lines, style.lettering, size, y, ink), palette)


def title_lines(title: str, lettering: Lettering) -> list[str]:
    """Return the lines of a title: one to four, none empty."""
    text = "".join(char if char.isprintable() else " " for char in title)
    text = " ".join(text.split()) or "?"
    if len(text) > MAX_TITLE_LENGTH:
        text = text[: MAX_TITLE_LENGTH - 1].rstrip() + "…"
    text = text.upper() if lettering.capitals else text
    words = [
        word[i : i + MAX_WORD_LENGTH]
        for word in text.split()
        for i in range(0, len(word), MAX_WORD_LENGTH)
    ]
    limit = 13 if lettering.capitals else 15
    while len(lines := _wrapped(words, limit)) > MAX_LINES:
        limit += 3
    return lines


def _wrapped(words: list[str], limit: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > limit:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def _size(lines: list[str], lettering: Lettering) -> float:
    longest = max(_width(line, lettering) for line in lines)
    return min(MAX_FONT_SIZE, (WIDTH - 2 * MARGIN) / longest, TITLE_HEIGHT / len(lines))


def _width(line: str, lettering: Lettering) -> float:
    return sum(1.05 if east_asian_width(char) in "WF" else lettering.em for char in line)


def _letters(lines: list[str], lettering: Lettering, size: float, y: float, ink: str) -> str:
    font = (
        f'font-family="{lettering.family}" font-weight="{lettering.weight}" '
        f'font-style="{lettering.style}" font-size="{size:.1f}"'
    )
    rows = "".join(
        f'<text x="{MARGIN}" y="{y + i * size * LEADING:.1f}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return f'<g fill="{ink}" {font}>{rows}</g>'


def _faded(motif: str, _: Palette, top: float) -> str:
    y = top - 40
    return f'{motif}<rect y="{y:.0f}" width="{WIDTH}" height="{HEIGHT - y:.0f}" fill="url(#s)"/>'


def _framed(motif: str, palette: Palette, top: float) -> str:
    frame = f'<rect x="14" y="14" width="272" height="{top - 22:.0f}" rx="9"/>'
    sky = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>'
    panel = rect(0, 0, WIDTH, HEIGHT, _panel(palette))
    return f'<clipPath id="p">{frame}</clipPath>{panel}<g clip-path="url(#p)">{sky}{motif}</g>'


def _banded(motif: str, palette: Palette, top: float) -> str:
    return motif + rect(0, top - 8, WIDTH, HEIGHT - top + 8, palette.accent)


_LAYOUTS: Mapping[Layout, Callable[[str, Palette, float], str]] = {
    "faded": _faded, "framed": _framed, "banded": _banded,
}  # fmt: skip


def _document(drawing: str, palette: Palette) -> str:
    panel = _panel(palette)
    stops = "".join(
        f'<stop offset="{at}" stop-color="{panel}" stop-opacity="{opacity}"/>'
        for at, opacity in (("0", "0"), (".45", "0.86"), ("1", "1"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}"><defs>'
        f'<linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{palette.light}"/>'
        f'<stop offset="1" stop-color="{palette.deep}"/></linearGradient>'
        f'<linearGradient id="s" x1="0" y1="0" x2="0" y2="1">{stops}</linearGradient>'
        f'<clipPath id="c"><rect width="{WIDTH}" height="{HEIGHT}" rx="16"/></clipPath></defs>'
        f'<g clip-path="url(#c)"><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>'
        f'{drawing}</g><rect x=".75" y=".75" width="{WIDTH - 1.5}" height="{HEIGHT - 1.5}" '
        f'rx="15.5" fill="none" stroke="#808080" stroke-opacity=".35" stroke-width="1.5"/></svg>'
    )


def _panel(palette: Palette) -> str:
    return palette.deep if luminance(palette.deep) < MAX_PANEL_LUMINANCE else NIGHT
