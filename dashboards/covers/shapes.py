"""Motifs that fill the ground: waves, scraps, bars. Each takes its dice and its colours."""

from math import cos, pi, sin
from random import Random

from dashboards.covers.svg import HEIGHT, PICTURE, WIDTH, Palette, area, circle, line, moved, rect


def confetti(dice: Random, colours: Palette) -> str:
    """Return thrown scraps of paper."""
    shapes = []
    for _ in range(34):
        size = dice.randint(8, 34)
        fill = dice.choice((colours.accent, colours.deep, "#FFFFFF", colours.accent))
        scrap = dice.choice(
            (
                circle(0, 0, size * 0.6, fill, 0.85),
                rect(0, 0, size * 1.6, size * 0.5, fill, 0.9),
                area(f"M0 0 l{size} {size * 0.3:.0f} l{-size * 0.8:.0f} {size * 0.7:.0f}Z", fill),
            )
        )
        place = (dice.randint(0, WIDTH), dice.randint(0, PICTURE), dice.randint(0, 180))
        shapes.append(moved(scrap, *place))
    return "".join(shapes)


def waves(dice: Random, colours: Palette) -> str:
    """Return rows of waves before a disc."""
    disc = circle(
        dice.randint(80, 220), dice.randint(100, 150), dice.randint(46, 70), colours.accent
    )
    step = dice.randint(26, 40)
    rows = "".join(
        area(
            f"M{(k % 2) * 40 - 50} {150 + k * step} q40 {-step} 80 0 t80 0 t80 0 t80 0 t80 0 "
            f"V{HEIGHT + 50} H-50Z",
            colours.deep,
            0.18 + k * 0.06,
        )
        for k in range(9)
    )
    return disc + rows


def checker(dice: Random, colours: Palette) -> str:
    """Return a board of quarter discs, discs and squares."""
    n = dice.choice((4, 5, 6))
    side = WIDTH / n
    shapes = []
    for i in range(n):
        for j in range(int(340 / side) + 1):
            x, y = i * side, j * side
            fill = dice.choice((colours.accent, colours.deep, colours.deep, colours.light))
            quarter = (
                f"M{x:.4g} {y:.4g} h{side:.4g} a{side:.4g} {side:.4g} 0 0 1 {-side:.4g} {side:.4g}Z"
            )
            shapes.append(
                dice.choice(
                    (
                        area(quarter, fill, 0.8),
                        circle(x + side / 2, y + side / 2, side * 0.36, fill, 0.8),
                        rect(x, y, side, side, fill, 0.45),
                    )
                )
            )
    return "".join(shapes)


def halves(dice: Random, colours: Palette) -> str:
    """Return a disc cut in two, its halves slid apart."""
    turn, y, size = (
        dice.choice((0, 90, 180, 35, -35)),
        dice.randint(150, 180),
        dice.randint(80, 104),
    )
    upper = area(f"M{-size} 0 a{size} {size} 0 0 1 {2 * size} 0Z", colours.accent)
    lower = area(f"M{34 - size} 10 a{size} {size} 0 0 0 {2 * size} 0Z", colours.deep)
    lines = "".join(
        rect(0, y + 70 + k * 34, WIDTH, 3, colours.accent, 0.5 - k * 0.13) for k in range(3)
    )
    return moved(upper + lower, WIDTH / 2, y, turn) + lines


def bars(dice: Random, colours: Palette) -> str:
    """Return a sound, as bars."""
    shapes = []
    for i in range(11):
        height = 40 + int(200 * abs(sin(i * 0.6 + dice.random() * 0.8 + dice.randint(0, 2))))
        x = 23.5 + i * 25
        path = f"M{x} {200 - height / 2:g} v{height}"
        shapes.append(line(path, colours.accent, 15, dice.uniform(0.6, 1)))
    return "".join(shapes)


def columns(dice: Random, colours: Palette) -> str:
    """Return tall columns in the colours of the ground."""
    shapes, x = [], -10
    while x < WIDTH:
        width, top = dice.randint(16, 52), dice.randint(20, 220)
        fill = dice.choice((colours.accent, colours.deep, colours.deep, colours.light))
        half = width / 2
        arch = f"M{x} {HEIGHT} V{top + half:g} a{half:g} {half:g} 0 0 1 {width} 0 V{HEIGHT}Z"
        shapes.append(area(arch, fill, 0.8))
        x += width + dice.choice((0, 0, 8))
    return "".join(shapes)


def leaves(dice: Random, colours: Palette) -> str:
    """Return a branch with its leaves."""
    lean = dice.randint(-16, 16)
    shapes = [line(f"M150 400 Q{150 + lean * 3} 220 {150 + lean * 5} 40", colours.deep, 5)]
    for k in range(9):
        y, side, size = 330 - k * 34, (-1) ** k, dice.randint(52, 88) - k * 3
        leaf = f"M0 0 C{size * 0.2:g} {-size * 0.5:g} {size * 0.8:g} {-size * 0.5:g} {size} 0"
        leaf += f" C{size * 0.8:g} {size * 0.3:g} {size * 0.2:g} {size * 0.3:g} 0 0Z"
        fill = colours.accent if dice.random() < 0.45 else colours.deep  # noqa: PLR2004 # nearly half
        turn = (-34 if side > 0 else 214) + dice.randint(-10, 10)
        shapes.append(moved(area(leaf, fill, 0.9), 150 + lean * 3.6 * (1 - y / 400), y, turn))
    return "".join(shapes)


def blobs(dice: Random, colours: Palette) -> str:
    """Return soft shapes that lie over each other."""
    shapes = []
    for fill in (colours.deep, colours.accent, "#FFF9EE", colours.accent):
        spokes, size = 7, dice.randint(40, 92)
        points = [
            (size * dice.uniform(0.8, 1.15) * cos(2 * pi * i / spokes),
             size * dice.uniform(0.8, 1.15) * sin(2 * pi * i / spokes))
            for i in range(spokes)
        ]  # fmt: skip
        shapes.append(
            moved(area(_soft(points), fill, 0.8), dice.randint(30, 270), dice.randint(50, 280))
        )
    return "".join(shapes)


def shards(dice: Random, colours: Palette) -> str:
    """Return splinters that fly from one point."""
    x, y = dice.randint(100, 200), dice.randint(130, 200)
    shapes = []
    for k in range(15):
        turn, near, far = k * 24 + dice.randint(-8, 8), dice.randint(16, 50), dice.randint(110, 300)
        width = dice.randint(5, 15)
        fill = colours.accent if k % 3 else colours.deep
        shard = area(f"M{near} 0 L{far} {-width} L{far + 26} {width}Z", fill, dice.uniform(0.6, 1))
        shapes.append(moved(shard, x, y, turn))
    return "".join(shapes)


def speed(dice: Random, colours: Palette) -> str:
    """Return slanted stripes, as of something fast."""
    tilt, shapes, y = dice.choice((-24, -16, 18)), [], -40
    while y < HEIGHT:
        height, fill = (
            dice.randint(6, 30),
            dice.choice((colours.accent, colours.deep, colours.deep)),
        )
        start = dice.randint(-120, 120)
        path = f"M{start} {y} h{dice.randint(160, 360)}"
        shapes.append(line(path, fill, height, dice.uniform(0.45, 0.95)))
        y += height + dice.randint(8, 26)
    return moved("".join(shapes), 0, 60, tilt)


def _soft(points: list[tuple[float, float]]) -> str:
    middles = [
        ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        for a, b in zip(points, points[1:] + points[:1], strict=True)
    ]
    start = f"M{middles[-1][0]:.0f} {middles[-1][1]:.0f}"
    return (
        start
        + "".join(
            f" Q{p[0]:.0f} {p[1]:.0f} {m[0]:.0f} {m[1]:.0f}"
            for p, m in zip(points, middles, strict=True)
        )
        + "Z"
    )
