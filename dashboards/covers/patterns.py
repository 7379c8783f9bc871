"""Motifs that fill the picture: waves, bars. Each yields SVG drawn at random with a palette."""

from collections.abc import Iterator
from math import cos, pi, sin
from random import Random

from dashboards.covers.svg import HEIGHT, PICTURE, WIDTH, Palette, area, circle, line, moved, rect


def confetti(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield scattered paper scraps."""
    for _ in range(34):
        size = rng.randint(8, 34)
        fill = rng.choice((palette.accent, palette.deep, "#FFFFFF", palette.accent))
        scraps = (
            circle(0, 0, size * 0.6, fill, 0.85),
            rect(0, 0, size * 1.6, size * 0.5, fill, 0.9),
            area(f"M0 0 l{size} {size * 0.3:.0f} l{-size * 0.8:.0f} {size * 0.7:.0f}Z", fill),
        )
        scrap = rng.choice(scraps)
        position = (rng.randint(0, WIDTH), rng.randint(0, PICTURE), rng.randint(0, 180))
        yield moved(scrap, *position)


def waves(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield rows of waves in front of a disc."""
    yield circle(rng.randint(80, 220), rng.randint(100, 150), rng.randint(46, 70), palette.accent)
    step = rng.randint(26, 40)
    for k in range(9):
        row = f"M{(k % 2) * 40 - 50} {150 + k * step} q40 {-step} 80 0 t80 0 t80 0 t80 0 t80 0 "
        yield area(f"{row}V{HEIGHT + 50} H-50Z", palette.deep, 0.18 + k * 0.06)


def checker(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a board of quarter discs, discs and squares."""
    n = rng.choice((4, 5, 6))
    side = WIDTH / n
    for i in range(n):
        for j in range(int(340 / side) + 1):
            x, y = i * side, j * side
            fill = rng.choice((palette.accent, palette.deep, palette.deep, palette.light))
            arc = f"a{side:.4g} {side:.4g} 0 0 1 {-side:.4g} {side:.4g}"
            tiles = (
                area(f"M{x:.4g} {y:.4g} h{side:.4g} {arc}Z", fill, 0.8),
                circle(x + side / 2, y + side / 2, side * 0.36, fill, 0.8),
                rect(x, y, side, side, fill, 0.45),
            )
            yield rng.choice(tiles)


def halves(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield the two halves of a disc, shifted apart."""
    turn = rng.choice((0, 90, 180, 35, -35))
    y, size = rng.randint(150, 180), rng.randint(80, 104)
    upper = area(f"M{-size} 0 a{size} {size} 0 0 1 {2 * size} 0Z", palette.accent)
    lower = area(f"M{34 - size} 10 a{size} {size} 0 0 0 {2 * size} 0Z", palette.deep)
    yield moved(upper + lower, WIDTH / 2, y, turn)
    for k in range(3):
        yield rect(0, y + 70 + k * 34, WIDTH, 3, palette.accent, 0.5 - k * 0.13)


def bars(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield the bars of a sound wave."""
    for i in range(11):
        height = 40 + int(200 * abs(sin(i * 0.6 + rng.random() * 0.8 + rng.randint(0, 2))))
        x = 23.5 + i * 25
        path = f"M{x} {200 - height / 2:g} v{height}"
        yield line(path, palette.accent, 15, rng.uniform(0.6, 1))


def columns(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield tall columns with round tops."""
    x = -10
    while x < WIDTH:
        width, top = rng.randint(16, 52), rng.randint(20, 220)
        fill = rng.choice((palette.accent, palette.deep, palette.deep, palette.light))
        half = width / 2
        arch = f"M{x} {HEIGHT} V{top + half:g} a{half:g} {half:g} 0 0 1 {width} 0 V{HEIGHT}Z"
        yield area(arch, fill, 0.8)
        x += width + rng.choice((0, 0, 8))


def leaves(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a branch with its leaves."""
    lean = rng.randint(-16, 16)
    yield line(f"M150 400 Q{150 + lean * 3} 220 {150 + lean * 5} 40", palette.deep, 5)
    for k in range(9):
        y, side, size = 330 - k * 34, (-1) ** k, rng.randint(52, 88) - k * 3
        leaf = f"M0 0 C{size * 0.2:g} {-size * 0.5:g} {size * 0.8:g} {-size * 0.5:g} {size} 0"
        leaf += f" C{size * 0.8:g} {size * 0.3:g} {size * 0.2:g} {size * 0.3:g} 0 0Z"
        fill = palette.accent if rng.random() < 0.45 else palette.deep  # noqa: PLR2004 # nearly half
        turn = (-34 if side > 0 else 214) + rng.randint(-10, 10)
        yield moved(area(leaf, fill, 0.9), 150 + lean * 3.6 * (1 - y / 400), y, turn)


def blobs(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield soft overlapping shapes."""
    for fill in (palette.deep, palette.accent, "#FFF9EE", palette.accent):
        spokes, size = 7, rng.randint(40, 92)
        points = [
            (size * rng.uniform(0.8, 1.15) * cos(2 * pi * i / spokes),
             size * rng.uniform(0.8, 1.15) * sin(2 * pi * i / spokes))
            for i in range(spokes)
        ]  # fmt: skip
        blob = area(_soft(points), fill, 0.8)
        yield moved(blob, rng.randint(30, 270), rng.randint(50, 280))


def shards(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield splinters that fly out from one point."""
    x, y = rng.randint(100, 200), rng.randint(130, 200)
    for k in range(15):
        turn, near, far = k * 24 + rng.randint(-8, 8), rng.randint(16, 50), rng.randint(110, 300)
        width = rng.randint(5, 15)
        fill = palette.accent if k % 3 else palette.deep
        shard = area(f"M{near} 0 L{far} {-width} L{far + 26} {width}Z", fill, rng.uniform(0.6, 1))
        yield moved(shard, x, y, turn)


def speed(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield slanted speed lines."""
    tilt, shapes, y = rng.choice((-24, -16, 18)), "", -40
    while y < HEIGHT:
        height = rng.randint(6, 30)
        fill = rng.choice((palette.accent, palette.deep, palette.deep))
        start = rng.randint(-120, 120)
        path = f"M{start} {y} h{rng.randint(160, 360)}"
        shapes += line(path, fill, height, rng.uniform(0.45, 0.95))
        y += height + rng.randint(8, 26)
    yield moved(shapes, 0, 60, tilt)


def _soft(points: list[tuple[float, float]]) -> str:
    middles = [
        ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        for a, b in zip(points, points[1:] + points[:1], strict=True)
    ]
    curves = "".join(
        f" Q{p[0]:.0f} {p[1]:.0f} {m[0]:.0f} {m[1]:.0f}"
        for p, m in zip(points, middles, strict=True)
    )
    return f"M{middles[-1][0]:.0f} {middles[-1][1]:.0f}{curves}Z"
