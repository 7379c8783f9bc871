"""Puts a cover together: ground, motif, and the title set so that it fits.

A title is what somebody typed: it is escaped, cut to what fits, and stripped of characters that XML
does not know. The same title, year and category give the same bytes on every machine.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape
from random import Random
from typing import Literal
from unicodedata import east_asian_width

from dashboards.covers import rounds, scenes, shapes
from dashboards.covers.looks import Lettering, look
from dashboards.covers.svg import HEIGHT, WIDTH, Palette, luminance, rect

INK, NIGHT = "#FFF9EE", "#1B1420"
MARGIN, BASELINE, LEADING = 24, 416, 1.12
LARGEST, ROOM_FOR_LINES = 40.0, 136
LONGEST_TITLE, LONGEST_WORD, MOST_LINES = 80, 20, 4
EASY_TO_READ_ON = 0.12  # luminance below which light letters stand out
Layout = Literal["faded", "framed", "banded"]

MOTIFS: Mapping[str, Callable[[Random, Palette], str]] = {
    motif.__name__: motif
    for motif in (
        scenes.balloons, scenes.blinds, scenes.city, scenes.forest, scenes.hills, scenes.keyhole,
        scenes.kites, scenes.orbit, scenes.peaks, scenes.road, scenes.sea, scenes.stairs,
        scenes.window, rounds.arches, shapes.bars, shapes.blobs, rounds.burst, shapes.checker,
        shapes.columns, rounds.compass, shapes.confetti, rounds.contour, shapes.halves,
        shapes.leaves, rounds.rings, shapes.shards, shapes.speed, rounds.spiral, rounds.target,
        shapes.waves,
    )
}  # fmt: skip


@lru_cache(maxsize=2048)
def cover(title: str, year: int | None, category: str | None) -> str:
    """Return the cover of an item as an SVG image of 300 by 450."""
    known = look(category or "")
    dice = Random(zlib.crc32(f"{title}|{year}".encode("utf-8", "replace")))  # noqa: S311 # a drawing
    colours, motif = dice.choice(known.palettes), dice.choice(known.motifs)
    layout: Layout = dice.choice(("faded", "faded", "faded", "framed", "banded"))
    lines = lines_of(title, known.lettering)
    letters = _letters(lines, known.lettering, colours, layout)
    picture = _LAYOUTS[layout](MOTIFS[motif](dice, colours), colours, _top(lines, known.lettering))
    return _sheet(picture + letters, colours)


def lines_of(title: str, lettering: Lettering) -> list[str]:
    """Return the title as it is set: at most four lines, and none of them empty."""
    text = "".join(sign if sign.isprintable() else " " for sign in title)
    text = " ".join(text.split()) or "?"
    if len(text) > LONGEST_TITLE:
        text = text[: LONGEST_TITLE - 1].rstrip() + "…"
    text = text.upper() if lettering.capitals else text
    words = [part for word in text.split() for part in _parts(word)]
    limit = 13 if lettering.capitals else 15
    while len(lines := _wrapped(words, limit)) > MOST_LINES:
        limit += 3
    return lines


def _parts(word: str) -> list[str]:
    return [word[i : i + LONGEST_WORD] for i in range(0, len(word), LONGEST_WORD)]


def _wrapped(words: list[str], limit: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > limit:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def _size(lines: list[str], lettering: Lettering) -> float:
    room = WIDTH - 2 * MARGIN
    longest = max(_width(line, lettering) for line in lines)
    return min(LARGEST, room / longest, ROOM_FOR_LINES / len(lines))


def _width(line: str, lettering: Lettering) -> float:
    return sum(1.05 if east_asian_width(sign) in "WF" else lettering.em for sign in line)


def _first_baseline(lines: list[str], lettering: Lettering) -> float:
    return BASELINE - _size(lines, lettering) * LEADING * (len(lines) - 1)


def _top(lines: list[str], lettering: Lettering) -> float:
    return _first_baseline(lines, lettering) - _size(lines, lettering) - 24


def _letters(lines: list[str], lettering: Lettering, colours: Palette, layout: Layout) -> str:
    size, y = _size(lines, lettering), _first_baseline(lines, lettering)
    set_as = (
        f'font-family="{lettering.family}" font-weight="{lettering.weight}" '
        f'font-style="{lettering.style}" font-size="{size:.1f}"'
    )
    rows = "".join(
        f'<text x="{MARGIN}" y="{y + i * size * LEADING:.1f}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    ink = _ink_on(colours.accent) if layout == "banded" else INK
    mark = rect(MARGIN, y - size - 14, 34, 4, ink if layout == "banded" else colours.accent)
    return f'{mark}<g fill="{ink}" {set_as}>{rows}</g>'


def _faded(motif: str, _: Palette, top: float) -> str:
    y = top - 40
    return f'{motif}<rect y="{y:.0f}" width="{WIDTH}" height="{HEIGHT - y:.0f}" fill="url(#s)"/>'


def _framed(motif: str, colours: Palette, top: float) -> str:
    frame = f'<rect x="14" y="14" width="272" height="{top - 22:.0f}" rx="9"/>'
    sky = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>'
    ground = rect(0, 0, WIDTH, HEIGHT, _panel(colours))
    return f'<clipPath id="p">{frame}</clipPath>{ground}<g clip-path="url(#p)">{sky}{motif}</g>'


def _banded(motif: str, colours: Palette, top: float) -> str:
    return motif + rect(0, top - 8, WIDTH, HEIGHT - top + 8, colours.accent)


_LAYOUTS: Mapping[Layout, Callable[[str, Palette, float], str]] = {
    "faded": _faded,
    "framed": _framed,
    "banded": _banded,
}


def _sheet(drawing: str, colours: Palette) -> str:
    panel = _panel(colours)
    fade = (("0", 0.0), (".45", 0.86), ("1", 1.0))
    stops = "".join(
        f'<stop offset="{at}" stop-color="{panel}" stop-opacity="{seen:g}"/>' for at, seen in fade
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}"><defs>'
        f'<linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{colours.light}"/>'
        f'<stop offset="1" stop-color="{colours.deep}"/></linearGradient>'
        f'<linearGradient id="s" x1="0" y1="0" x2="0" y2="1">{stops}</linearGradient>'
        f'<clipPath id="c"><rect width="{WIDTH}" height="{HEIGHT}" rx="16"/></clipPath></defs>'
        f'<g clip-path="url(#c)"><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>'
        f'{drawing}</g><rect x=".75" y=".75" width="{WIDTH - 1.5}" height="{HEIGHT - 1.5}" '
        f'rx="15.5" fill="none" stroke="#808080" stroke-opacity=".35" stroke-width="1.5"/></svg>'
    )


def _panel(colours: Palette) -> str:
    return colours.deep if luminance(colours.deep) < EASY_TO_READ_ON else NIGHT


def _ink_on(ground: str) -> str:
    dark = luminance(ground) < 0.3  # noqa: PLR2004 # light letters read better below
    return INK if dark else NIGHT
