"""The few SVG shapes that covers are made of, and the colours that they are given."""

from dataclasses import dataclass

WIDTH, HEIGHT = 300, 450
PICTURE = 330  # what lies below belongs to the title


@dataclass(frozen=True, slots=True)
class Palette:
    """Three colours as #rrggbb: the ground's lower and upper one, and one that stands out."""

    deep: str
    light: str
    accent: str


def circle(x: float, y: float, radius: float, fill: str, opacity: float = 1) -> str:
    """Return a disc."""
    return f'<circle cx="{x:.4g}" cy="{y:.4g}" r="{radius:.3g}" fill="{fill}"{_see(opacity)}/>'


def rect(  # noqa: PLR0917 # where, how large, how coloured
    x: float, y: float, width: float, height: float, fill: str, opacity: float = 1
) -> str:
    """Return a rectangle."""
    box = f'x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}"'
    return f'<rect {box} fill="{fill}"{_see(opacity)}/>'


def area(path: str, fill: str, opacity: float = 1) -> str:
    """Return a filled path."""
    return f'<path d="{path}" fill="{fill}"{_see(opacity)}/>'


def line(path: str, stroke: str, width: float, opacity: float = 1) -> str:
    """Return a drawn path with round ends."""
    pen = f'stroke="{stroke}" stroke-width="{width:.3g}" stroke-linecap="round"'
    return f'<path d="{path}" fill="none" {pen}{_see(opacity)}/>'


def moved(shapes: str, x: float, y: float, degrees: float = 0) -> str:
    """Return shapes drawn around the origin, turned and then put at a place."""
    return f'<g transform="translate({x:.4g} {y:.4g}) rotate({degrees:.4g})">{shapes}</g>'


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb as WCAG has it: 0 black, 1 white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 # WCAG
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _see(opacity: float) -> str:
    return "" if opacity >= 1 else f' opacity="{opacity:.2g}"'
