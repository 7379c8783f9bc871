"""The SVG shapes and the palette of the covers."""

from dataclasses import dataclass

WIDTH, HEIGHT = 300, 450
PICTURE = 330  # height of the motif; the title is below


@dataclass(frozen=True, slots=True)
class Palette:
    """Three colours as #rrggbb: the background's lower and upper one, and a contrasting one."""

    deep: str
    light: str
    accent: str


def circle(x: float, y: float, radius: float, fill: str, opacity: float = 1) -> str:
    """Return a disc."""
    return f'<circle cx="{x:.4g}" cy="{y:.4g}" r="{radius:.3g}" fill="{fill}"{_opacity(opacity)}/>'


def rect(  # noqa: PLR0917 # position, size, colour
    x: float, y: float, width: float, height: float, fill: str, opacity: float = 1
) -> str:
    """Return a rectangle."""
    box = f'x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}"'
    return f'<rect {box} fill="{fill}"{_opacity(opacity)}/>'


def area(path: str, fill: str, opacity: float = 1) -> str:
    """Return a filled path."""
    return f'<path d="{path}" fill="{fill}"{_opacity(opacity)}/>'


def line(path: str, stroke: str, width: float, opacity: float = 1) -> str:
    """Return a stroked path with round ends."""
    pen = f'stroke="{stroke}" stroke-width="{width:.3g}" stroke-linecap="round"'
    return f'<path d="{path}" fill="none" {pen}{_opacity(opacity)}/>'


def moved(shapes: str, x: float, y: float, degrees: float = 0) -> str:
    """Return shapes drawn around the origin, rotated and then moved to a point."""
    return f'<g transform="translate({x:.4g} {y:.4g}) rotate({degrees:.4g})">{shapes}</g>'


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb by WCAG: 0 black, 1 white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 # WCAG
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _opacity(opacity: float) -> str:
    return "" if opacity >= 1 else f' opacity="{opacity:.2g}"'
