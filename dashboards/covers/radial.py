"""Motifs around a centre: rays, rings, arches. Each yields SVG drawn at random with a palette."""

from collections.abc import Iterator
from math import cos, pi, radians, sin
from random import Random

from dashboards.covers.svg import Palette, area, circle, line, moved


def burst(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield rays around a disc, which sometimes has a face."""
    x, y, n = rng.randint(90, 210), rng.randint(140, 210), rng.choice((10, 12, 14, 16))
    for i in range(n):
        ray = f"M0 0 L620 {-rng.randint(34, 60)} L620 {rng.randint(34, 60)}Z"
        yield moved(area(ray, palette.deep, 0.55), x, y, 360 / n * i + rng.random() * 4)
    size = rng.randint(56, 84)
    yield circle(x, y, size, palette.accent) + _face(rng, x, y, size, palette)


def rings(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield two overlapping discs among small dots."""
    y, size = rng.randint(150, 190), rng.randint(62, 84)
    yield circle(150 - size / 2, y, size, palette.accent, 0.9)
    yield circle(150 + size / 2, y + rng.randint(-18, 18), size, palette.deep, 0.75)
    for _ in range(14):
        x, dot_y, dot = rng.randint(10, 290), rng.randint(20, 320), rng.randint(2, 6)
        yield circle(x, dot_y, dot, palette.accent, 0.5)


def arches(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield nested arches with a light in the innermost."""
    x = rng.randint(130, 170)
    for k in range(6):
        half = 130 - k * 21
        last = k == 5  # noqa: PLR2004 # the innermost
        fill = palette.accent if last else (palette.deep if k % 2 else palette.light)
        path = f"M{x - half} 350 V{150 + k * 18} a{half} {half} 0 0 1 {2 * half} 0 V350Z"
        yield area(path, fill, 1 if last else 0.8)


def contour(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield contour lines around a summit."""
    x, y = rng.randint(110, 190), rng.randint(140, 200)
    for k in range(11):
        wide, high = 24 + k * 19, 16 + k * 17
        ring = f"M{-wide} 0 a{wide} {high} 0 1 0 {2 * wide} 0 a{wide} {high} 0 1 0 {-2 * wide} 0"
        drawn = line(ring, palette.accent, 2.6 if k else 4, 0.95 - k * 0.06)
        position = (x + k * rng.randint(-3, 3), y + k * 2, rng.randint(6, 34))
        yield moved(drawn, *position)


def target(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield rings around a point under a cross."""
    x, y = rng.randint(110, 190), rng.randint(140, 190)
    for k in range(4):
        yield circle(x, y, 118 - 26 * k, palette.accent if k % 2 else palette.deep, 0.9)
    yield circle(x, y, 14, palette.accent)
    yield line(f"M{x} {y - 150} V{y + 150} M{x - 150} {y} H{x + 150}", palette.accent, 2.4, 0.8)


def spiral(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a spiral."""
    direction, turns = rng.choice((-1, 1)), rng.choice((3.2, 4, 4.6))
    steps = int(turns * 24)
    arms = [(4 + 150 * k / steps, 2 * pi * k / 24) for k in range(steps)]
    points = [f"{direction * arm * cos(turn):.0f} {arm * sin(turn):.0f}" for arm, turn in arms]
    drawn = line("M" + " L".join(points), palette.accent, rng.choice((7, 10, 13)), 0.92)
    yield moved(drawn, rng.randint(120, 180), rng.randint(150, 190), rng.randint(0, 359))


def compass(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a compass rose."""
    needles = "".join(
        moved(
            area(f"M0 {-size} L{size * 0.16:g} 0 L0 0Z", palette.accent)
            + area(f"M0 {-size} L{-size * 0.16:g} 0 L0 0Z", palette.deep),
            0, 0, turn,
        )
        for turn, size in [(45 + 90 * k, 74) for k in range(4)] + [(90 * k, 122) for k in range(4)]
    )  # fmt: skip
    dots = "".join(
        circle(132 * cos(radians(15 * k)), 132 * sin(radians(15 * k)), 2.4, palette.accent, 0.8)
        for k in range(24)
    )
    yield moved(needles + dots, 150, rng.randint(150, 180), rng.randint(-20, 20))


def _face(rng: Random, x: int, y: int, size: int, palette: Palette) -> str:
    if rng.random() > 0.4:  # noqa: PLR2004 # two in five
        return ""
    half = size * 0.36
    mouth = line(f"M{x - half:g} {y + 4} q{half:g} {half * 1.3:g} {2 * half:g} 0", palette.light, 9)
    eyes = (circle(x + side * (half - 6), y - 20, 7, palette.light) for side in (-1, 1))
    return mouth + "".join(eyes)
