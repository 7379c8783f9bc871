"""Motifs that depict things: a city, a road. Each yields SVG drawn at random with a palette."""

from collections.abc import Iterator
from random import Random

from dashboards.covers.svg import HEIGHT, PICTURE, WIDTH, Palette, area, circle, line, moved, rect


def window(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a lit window with a person in it and light on the floor."""
    x, width = rng.randint(56, 96), rng.randint(120, 150)
    pane = f"M{x} 60 h{width} v210 h{-width}Z M{x + width / 2:g} 60 v210 M{x} 165 h{width}"
    person_x = x + rng.randint(20, width - 50)
    yield rect(x, 60, width, 210, palette.accent) + line(pane, palette.deep, 9)
    yield area(f"M{x} 274 l-60 176 h{width + 150} l-90 -176Z", palette.accent, 0.22)
    yield _person(person_x, 270, 66, palette.deep)


def blinds(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield light through slanted blinds behind a person."""
    x = rng.randint(60, 120)
    for i, y in enumerate(range(40, 310, 30)):
        yield area(f"M{x} {y} l170 -26 v18 l-170 26Z", palette.accent, 0.95 - i * 0.09)
    yield _person(x + rng.randint(50, 110), PICTURE, 140, palette.deep, 1.45)


def city(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a skyline with lit windows under a disc."""
    yield _disc(rng, palette, (80, 220), (90, 140), (34, 52))
    x = -10
    while x < WIDTH + 10:
        width, height = rng.randint(34, 58), rng.randint(110, 250)
        yield rect(x, 400 - height, width, height + 60, palette.deep)
        for wy in range(412 - height, PICTURE, 24):
            for wx in range(x + 8, x + width - 10, 14):
                if rng.random() < 0.34:  # noqa: PLR2004 # a third of them
                    yield rect(wx, wy, 6, 10, palette.accent, 0.85)
        x += width + 3


def orbit(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a planet with its ring, and stars."""
    for _ in range(46):
        x, y, star = rng.randint(0, WIDTH), rng.randint(0, PICTURE), rng.choice((1, 1, 1.6, 2.4))
        yield circle(x, y, star, "#fff", rng.uniform(0.35, 0.95))
    size, tilt = rng.randint(54, 82), rng.randint(-32, 32)
    shade = f"M{-size} 0 a{size} {size} 0 0 0 {2 * size} 0 a{size} {size // 2} 0 0 1 {-2 * size} 0"
    ring = f"M{-1.8 * size:g} 0 a{1.8 * size:g} {0.42 * size:g} 0 1 0 {3.6 * size:g} 0"
    ring += f"a{1.8 * size:g} {0.42 * size:g} 0 1 0 {-3.6 * size:g} 0"
    planet = circle(0, 0, size, palette.accent) + area(shade, palette.deep, 0.35)
    front = line(ring, "#fff", 5, 0.85)
    yield moved(planet + front, rng.randint(110, 190), rng.randint(140, 200), tilt)


def stairs(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield stairs and a disc."""
    n, to_right = rng.choice((6, 7, 8)), rng.random() < 0.5  # noqa: PLR2004 # a coin
    step = WIDTH / n
    yield circle(60 if to_right else 240, 96, 40, palette.accent)
    for i in range(n):
        x = i * step if to_right else WIDTH - (i + 1) * step
        y = PICTURE - (i + 1) * step * 0.9
        yield rect(x, y, step + 1, HEIGHT - y, palette.deep)
        yield rect(x, y, step + 1, 5, palette.accent, 0.3 + i * 0.7 / n)


def hills(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield rolling hills under a disc."""
    yield _disc(rng, palette, (70, 230), (110, 170), (40, 66))
    for k in range(4):
        y = 200 + k * 52 + rng.randint(-12, 12)
        curve = "".join(
            f" Q{x - 38} {y + rng.randint(-46, 30)} {x} {y + rng.randint(-10, 10)}"
            for x in range(75, 376, 75)
        )
        yield area(f"M0 {y}{curve} V{HEIGHT} H0Z", palette.deep, 0.3 + k * 0.2)


def peaks(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield three rows of mountains and a disc."""
    yield _disc(rng, palette, (60, 240), (100, 150), (38, 58))
    for k in range(3):
        y, x = 190 + k * 55, rng.randint(-60, 0)
        path = f"M{x} {HEIGHT} L{x} {y + 60}"
        while x < WIDTH + 20:
            x += rng.randint(50, 85)
            up, down = y + rng.randint(-50, 10), y + rng.randint(30, 70)
            path += f" L{x} {up} L{x + 26} {down}"
            x += 26
        yield area(f"{path} V{HEIGHT}Z", palette.deep, 0.4 + k * 0.28)


def forest(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield bare trees in front of a moon."""
    yield _disc(rng, palette, (100, 200), (110, 150), (56, 78))
    for _ in range(9):
        x, height = rng.randint(-10, 310), rng.randint(150, 270)
        yield area(f"M{x} 450 L{x + 6} {430 - height} L{x + 12} 450Z", palette.deep)
        for _ in range(4):
            reach = rng.choice((-1, 1)) * rng.randint(18, 40)
            start = rng.randint(440 - height, 360)
            yield line(f"M{x + 6} {start} l{reach} {-rng.randint(14, 34)}", palette.deep, 3)


def sea(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a low sun over glittering water and a sailing boat."""
    x, horizon = rng.randint(90, 210), rng.randint(190, 220)
    yield area(f"M{x - 62} {horizon} a62 62 0 0 1 124 0Z", palette.accent)
    yield rect(0, horizon, WIDTH, HEIGHT - horizon, palette.deep, 0.8)
    for i, w in enumerate((52, 40, 46, 28, 34, 18)):
        left = x - w + rng.randint(-14, 14)
        yield rect(left, horizon + 14 + i * 15, 2 * w, 4, palette.accent, 0.75)
    side = 60 if x > WIDTH / 2 else 240
    boat = area("M0 0 v-66 l34 60Z M-5 0 v-46 l-22 42Z M-30 6 h66 l-12 14 h-42Z", palette.light)
    yield moved(boat, side, horizon + 4)


def road(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a road to the horizon."""
    x, horizon = rng.randint(110, 190), rng.randint(170, 210)
    lean = rng.choice((-1, 1)) * rng.randint(20, 70)
    yield _disc(rng, palette, (50, 250), (80, 120), (30, 52))
    yield rect(0, horizon, WIDTH, HEIGHT - horizon, palette.deep, 0.55)
    lane = f"M{x} {horizon} Q{x + lean} 300 -20 450 H320 Q{x + lean} 300 {x + 6} {horizon}Z"
    yield area(lane, palette.deep)
    for k in (0.2, 0.55, 0.9, 1.25):
        left, top = x + lean * 0.55 * k - 2 - k * 3, horizon + 18 + k * k * 70
        yield rect(left, top, 4 + k * 7, 14 + k * 22, palette.accent, 0.9)


def keyhole(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a keyhole with a person in its light."""
    x, y, size = rng.randint(120, 180), rng.randint(130, 160), rng.randint(44, 58)
    for k in (3, 2, 1):
        yield circle(x, y + 20, size + 24 * k, palette.accent, 0.1)
    slot = f"M{-size * 0.38:g} 0 L{-size * 0.8:g} 142 H{size * 0.8:g} L{size * 0.38:g} 0Z"
    yield moved(circle(0, 0, size, palette.accent) + area(slot, palette.accent), x, y)
    yield _person(x - 14, y + 138, 46, palette.deep, 0.66)


def kites(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield kites among clouds."""
    for _ in range(3):
        size = rng.randint(30, 62)
        fill = rng.choice((palette.accent, palette.deep, "#FDF0D5", "#264653"))
        kite = f"M0 {-size} L{size * 0.7:g} 0 L0 {size * 1.3:g} L{-size * 0.7:g} 0Z"
        tail = line(f"M0 {size * 1.3:g} q20 34 -8 60 t4 60", fill, 3)
        position = (rng.randint(50, 250), rng.randint(60, 240), rng.randint(-30, 30))
        yield moved(area(kite, fill) + tail, *position)
    cloud = area(
        "M0 0 h70 a16 16 0 0 0 -14 -22 a22 22 0 0 0 -40 -2 a14 14 0 0 0 -16 24Z", "#fff", 0.55
    )
    for _ in range(4):
        yield moved(cloud, rng.randint(0, 260), rng.randint(40, 310))


def balloons(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield balloons on strings."""
    for k in range(rng.choice((4, 5, 6))):
        x = 40 + k * 44 + rng.randint(-10, 10)
        y, size = rng.randint(70, 190), rng.randint(22, 36)
        fill = rng.choice((palette.accent, palette.deep, "#FFF9EE", palette.accent))
        string = line(f"M{x} {y + size} q{rng.randint(-24, 24)} 70 {150 - x} {340 - y - size}",
                      palette.deep, 1.6, 0.7)  # fmt: skip
        body = f"M{x} {y - size} c{size * 1.3:g} 0 {size:g} {size * 1.5:g} 0 {size * 2.1:g}"
        body += f" c{-size:g} {-size * 0.6:g} {-size * 1.3:g} {-size * 2.1:g} 0 {-size * 2.1:g}Z"
        yield string + area(body, fill, 0.95)


def _disc(
    rng: Random, palette: Palette, x: tuple[int, int], y: tuple[int, int], size: tuple[int, int]
) -> str:
    return circle(rng.randint(*x), rng.randint(*y), rng.randint(*size), palette.accent)


def _person(x: float, floor: float, height: float, fill: str, scale: float = 1) -> str:
    half, head = 22 * scale, 17 * scale
    top = floor - height
    body = f"M{x:g} {floor:g} V{top:g} q0 {-26 * scale:g} {half:g} {-26 * scale:g}"
    body += f" t{half:g} {26 * scale:g} V{floor:g}Z"
    return area(body, fill) + circle(x + half, top - 26 * scale - head * 0.85, head, fill)
