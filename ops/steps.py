"""Progress of long work: each step with its duration; plain lines without a terminal."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from edge.log_lines import one_line

LOG_WIDTH = 200  # columns when the output is not a terminal


class SafeConsole(Console):
    """Escapes control characters in what it prints: names and reasons cannot move the cursor."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of the renderable. Those that rich made to control the terminal stay.

        Lines still end where they end.
        """
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def printable(text: str) -> str:
    """Return the text with control characters escaped, except line feeds."""
    return "\n".join(map(one_line, text.split("\n")))


console = SafeConsole(
    highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else LOG_WIDTH
)
errors = SafeConsole(
    highlight=False, soft_wrap=True, stderr=True, width=None if sys.stderr.isatty() else LOG_WIDTH
)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs and, when it has ended, its duration."""
    name, begun = escape(name), time.monotonic()
    if console.is_terminal:
        with console.status(name):
            yield
    else:
        yield
    console.print(f"[green]✓[/green] {name} [dim]{duration(time.monotonic() - begun)}[/dim]")


def duration(seconds: float) -> str:
    """Return a duration as text: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:  # noqa: PLR2004 # tenths matter below 10 s
        return f"{seconds:.1f} s"
    minutes, remainder = divmod(round(seconds), 60)
    return f"{minutes} min {remainder:02d} s" if minutes else f"{remainder} s"
