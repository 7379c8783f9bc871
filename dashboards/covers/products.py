"""Pictures of products: one thing on a plain ground, in the middle of the picture."""

from collections.abc import Iterator
from random import Random

from dashboards.covers.svg import Palette, area, circle, line, moved, rect

CENTRE, FLOOR = 150, 262  # the middle of the picture, and the line on which things stand


def mug(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a mug with steam."""
    wide, tall = rng.randint(52, 66), rng.randint(104, 130)
    top = FLOOR - tall
    yield _ground(palette)
    handle = f"M{CENTRE + wide} {top + 26} c52 -6 52 70 0 62"
    yield line(handle, palette.accent, 15)
    body = f"M{CENTRE - wide} {top} h{2 * wide} v{tall - 26} q0 26 -26 26 h{52 - 2 * wide}"
    yield area(f"{body} q-26 0 -26 -26Z", palette.accent)
    yield rect(CENTRE - wide, top + tall * 0.38, 2 * wide, 14, palette.deep, 0.55)
    for x in (-22, 4, 30):
        yield line(f"M{CENTRE + x} {top - 16} q-12 -16 0 -30 t0 -30", "#fff", 5, 0.6)


def jar(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a jar with a lid and a label."""
    wide, tall = rng.randint(54, 68), rng.randint(120, 150)
    top = FLOOR - tall
    yield _ground(palette)
    yield _rounded(CENTRE - wide, top, 2 * wide, tall, 22, palette.accent)
    yield _rounded(CENTRE - wide + 8, top - 26, 2 * wide - 16, 30, 8, palette.deep)
    yield _rounded(CENTRE - wide + 12, top + 42, 2 * wide - 24, 58, 6, "#FFF9EE", 0.92)
    yield line(f"M{CENTRE - 26} {top + 62} h52 M{CENTRE - 16} {top + 80} h32", palette.deep, 5)


def plant(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a plant in a pot."""
    yield _ground(palette)
    for degrees in (-58, -30, -6, 22, 50):
        length = rng.randint(96, 128)
        leaf = f"M0 0 C-30 {-length * 0.5:g} -16 {-length * 0.9:g} 0 {-length}"
        leaf += f" C16 {-length * 0.9:g} 30 {-length * 0.5:g} 0 0Z"
        tilt = degrees + rng.randint(-6, 6)
        yield moved(area(leaf, palette.deep, 0.92), CENTRE, FLOOR - 76, tilt)
    yield area(f"M{CENTRE - 52} {FLOOR - 84} h104 l-16 84 h-72Z", palette.accent)
    yield rect(CENTRE - 58, FLOOR - 92, 116, 18, palette.accent)


def lamp(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a lamp that is lit."""
    top, half = rng.randint(64, 84), rng.randint(58, 74)
    yield circle(CENTRE, top + 60, 118, palette.accent, 0.22)
    yield _ground(palette)
    yield rect(CENTRE - 4, top + 80, 8, FLOOR - top - 84, palette.deep)
    yield _rounded(CENTRE - 46, FLOOR - 12, 92, 12, 6, palette.deep)
    yield area(f"M{CENTRE - 34} {top} h68 l{half - 34} 92 h{-2 * half}Z", palette.accent)


def cushions(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield two cushions, one of them striped."""
    tilt = rng.randint(4, 10)
    yield _ground(palette)
    back = _rounded(-60, -60, 120, 120, 26, palette.deep, 0.9)
    yield moved(back, CENTRE + 34, FLOOR - 66, tilt)
    stripes = "".join(rect(-46, y, 92, 8, "#FFF9EE", 0.75) for y in (-30, -6, 18))
    front = _rounded(-64, -58, 128, 116, 28, palette.accent) + stripes
    yield moved(front, CENTRE - 26, FLOOR - 58, -tilt)


def bottle(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a bottle and a bar of soap."""
    tall = rng.randint(118, 144)
    yield _ground(palette)
    yield rect(CENTRE - 34, FLOOR - tall - 34, 20, 42, palette.deep)
    yield line(f"M{CENTRE - 24} {FLOOR - tall - 34} h34", palette.deep, 10)
    yield _rounded(CENTRE - 68, FLOOR - tall, 88, tall, 18, palette.accent)
    yield _rounded(CENTRE - 56, FLOOR - tall + 42, 64, 48, 6, "#FFF9EE", 0.9)
    yield _rounded(CENTRE + 28, FLOOR - 34, 76, 34, 14, palette.deep, 0.85)


def tent(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a tent below a sun."""
    yield circle(rng.choice((70, 230)), rng.randint(78, 104), 30, palette.accent)
    yield _ground(palette)
    yield area(f"M{CENTRE} 118 L{CENTRE + 112} {FLOOR} H{CENTRE - 112}Z", palette.accent)
    yield area(f"M{CENTRE} 118 L{CENTRE + 112} {FLOOR} H{CENTRE + 34}Z", palette.deep, 0.35)
    yield area(f"M{CENTRE} 150 L{CENTRE + 34} {FLOOR} H{CENTRE - 34}Z", palette.deep)


def ball(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a ball with seams."""
    size = rng.randint(72, 84)
    y = FLOOR - size
    seams = line(f"M{-size} 0 q{size} {-size * 0.5:g} {2 * size} 0", palette.deep, 6)
    seams += line(f"M0 {-size} q{size * 0.6:g} {size} 0 {2 * size}", palette.deep, 6)
    seams += line(f"M{-size * 0.7:g} {-size * 0.7:g} q{size} {size * 0.7:g} 0 {size * 1.4:g}",
                  palette.deep, 6)  # fmt: skip
    yield _ground(palette)
    yield moved(circle(0, 0, size, palette.accent) + seams, CENTRE, y, rng.randint(-40, 40))


def blocks(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield building blocks."""
    yield _ground(palette)
    places = ((-88, 0), (-22, 0), (44, 0), (-54, 1), (12, 1), (-20, 2))
    for x, row in places:
        fill = rng.choice((palette.accent, palette.deep, "#FFF9EE"))
        block = _rounded(-30, -60, 60, 60, 7, fill, 0.95) + circle(0, -30, 11, palette.light, 0.9)
        yield moved(block, CENTRE + x + 22, FLOOR - 61 * row, rng.randint(-2, 2))


def notebook(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a notebook and a pencil."""
    tilt = rng.randint(-9, -3)
    book = _rounded(-62, -84, 124, 168, 10, palette.accent) + rect(-44, -84, 9, 168, palette.deep)
    book += _rounded(-20, -52, 64, 34, 4, "#FFF9EE", 0.92)
    pencil = rect(-7, -78, 14, 130, palette.deep) + area("M-7 52 h14 l-7 26Z", "#FFF9EE")
    yield moved(book, CENTRE - 22, 172, tilt)
    yield moved(pencil, CENTRE + 78, 176, rng.randint(12, 24))


def loudspeaker(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a loudspeaker."""
    wide = rng.randint(56, 68)
    yield _ground(palette)
    yield _rounded(CENTRE - wide, 82, 2 * wide, FLOOR - 82, 20, palette.deep)
    for y, size in ((124, 20), (198, 42)):
        yield circle(CENTRE, y, size, palette.accent)
        yield circle(CENTRE, y, size * 0.42, palette.deep)


def shirt(rng: Random, palette: Palette) -> Iterator[str]:
    """Yield a shirt, maybe a striped one."""
    path = "M-36 -88 q36 26 72 0 l52 30 l-22 46 l-24 -12 v104 h-84 v-104 l-24 12 l-22 -46Z"
    stripes = "".join(rect(-42, y, 84, 9, palette.deep, 0.5) for y in (-10, 16, 42))
    picture = area(path, palette.accent) + (stripes if rng.random() < 0.5 else "")  # noqa: PLR2004 # a coin
    yield moved(picture, CENTRE, 176, rng.randint(-4, 4))


def _ground(palette: Palette) -> str:
    return rect(0, FLOOR, 2 * CENTRE, 200, palette.deep, 0.45)


def _rounded(  # noqa: PLR0917 # position, size, colour
    x: float, y: float, width: float, height: float, radius: float, fill: str, opacity: float = 1
) -> str:
    """Return a rectangle with round corners."""
    inner_w, inner_h = width - 2 * radius, height - 2 * radius
    arc = f"a{radius:g} {radius:g} 0 0 1"
    path = f"M{x + radius:g} {y:g} h{inner_w:g} {arc} {radius:g} {radius:g} v{inner_h:g}"
    path += f" {arc} {-radius:g} {radius:g} h{-inner_w:g} {arc} {-radius:g} {-radius:g}"
    path += f" v{-inner_h:g} {arc} {radius:g} {-radius:g}Z"
    return area(path, fill, opacity)
