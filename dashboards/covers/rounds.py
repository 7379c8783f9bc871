"""Motifs around a middle: rays, rings, arches. Each takes its dice and its colours."""

from math import cos, pi, radians, sin
from random import Random

from dashboards.covers.svg import Palette, area, circle, line, moved


def burst(dice: Random, colours: Palette) -> str:
    """Return rays around a disc; now and then the disc smiles."""
    x, y, n = dice.randint(90, 210), dice.randint(140, 210), dice.choice((10, 12, 14, 16))
    rays = "".join(
        moved(
            area(
                f"M0 0 L620 {-dice.randint(34, 60)} L620 {dice.randint(34, 60)}Z",
                colours.deep,
                0.55,
            ),
            x,
            y,
            360 / n * i + dice.random() * 4,
        )
        for i in range(n)
    )
    size = dice.randint(56, 84)
    return rays + circle(x, y, size, colours.accent) + _face(dice, x, y, size, colours)


def rings(dice: Random, colours: Palette) -> str:
    """Return two discs that overlap, and dust."""
    y, size = dice.randint(150, 190), dice.randint(62, 84)
    pair = circle(150 - size / 2, y, size, colours.accent, 0.9)
    pair += circle(150 + size / 2, y + dice.randint(-18, 18), size, colours.deep, 0.75)
    dust = "".join(
        circle(
            dice.randint(10, 290), dice.randint(20, 320), dice.randint(2, 6), colours.accent, 0.5
        )
        for _ in range(14)
    )
    return pair + dust


def arches(dice: Random, colours: Palette) -> str:
    """Return arches, one within the other, and light at their end."""
    x = dice.randint(130, 170)
    shapes = []
    for k in range(6):
        half = 130 - k * 21
        last = k == 5  # noqa: PLR2004 # the innermost
        fill = colours.accent if last else (colours.deep if k % 2 else colours.light)
        path = f"M{x - half} 350 V{150 + k * 18} a{half} {half} 0 0 1 {2 * half} 0 V350Z"
        shapes.append(area(path, fill, 1 if last else 0.8))
    return "".join(shapes)


def contour(dice: Random, colours: Palette) -> str:
    """Return the lines of a map around a summit."""
    x, y = dice.randint(110, 190), dice.randint(140, 200)
    shapes = []
    for k in range(11):
        wide, high = 24 + k * 19, 16 + k * 17
        ring = f"M{-wide} 0 a{wide} {high} 0 1 0 {2 * wide} 0 a{wide} {high} 0 1 0 {-2 * wide} 0"
        drawn = line(ring, colours.accent, 2.6 if k else 4, 0.95 - k * 0.06)
        place = (x + k * dice.randint(-3, 3), y + k * 2, dice.randint(6, 34))
        shapes.append(moved(drawn, *place))
    return "".join(shapes)


def target(dice: Random, colours: Palette) -> str:
    """Return rings around a point, and the lines that cross there."""
    x, y = dice.randint(110, 190), dice.randint(140, 190)
    rings_ = "".join(
        circle(x, y, 118 - 26 * k, colours.accent if k % 2 else colours.deep, 0.9) for k in range(4)
    )
    cross = line(f"M{x} {y - 150} V{y + 150} M{x - 150} {y} H{x + 150}", colours.accent, 2.4, 0.8)
    return rings_ + circle(x, y, 14, colours.accent) + cross


def spiral(dice: Random, colours: Palette) -> str:
    """Return a spiral that winds in."""
    way, turns = dice.choice((-1, 1)), dice.choice((3.2, 4, 4.6))
    steps = int(turns * 24)
    arms = [(4 + 150 * k / steps, 2 * pi * k / 24) for k in range(steps)]
    points = [f"{way * arm * cos(turn):.0f} {arm * sin(turn):.0f}" for arm, turn in arms]
    drawn = line("M" + " L".join(points), colours.accent, dice.choice((7, 10, 13)), 0.92)
    return moved(drawn, dice.randint(120, 180), dice.randint(150, 190), dice.randint(0, 359))


def compass(dice: Random, colours: Palette) -> str:
    """Return a compass rose."""
    needles = "".join(
        moved(
            area(f"M0 {-size} L{size * 0.16:g} 0 L0 0Z", colours.accent)
            + area(f"M0 {-size} L{-size * 0.16:g} 0 L0 0Z", colours.deep),
            0,
            0,
            turn,
        )
        for turn, size in [(45 + 90 * k, 74) for k in range(4)] + [(90 * k, 122) for k in range(4)]
    )
    dots = "".join(
        circle(132 * cos(radians(15 * k)), 132 * sin(radians(15 * k)), 2.4, colours.accent, 0.8)
        for k in range(24)
    )
    return moved(needles + dots, 150, dice.randint(150, 180), dice.randint(-20, 20))


def _face(dice: Random, x: int, y: int, size: int, colours: Palette) -> str:
    if dice.random() > 0.4:  # noqa: PLR2004 # two in five
        return ""
    half = size * 0.36
    mouth = line(f"M{x - half:g} {y + 4} q{half:g} {half * 1.3:g} {2 * half:g} 0", colours.light, 9)
    eyes = (circle(x + way * (half - 6), y - 20, 7, colours.light) for way in (-1, 1))
    return mouth + "".join(eyes)
