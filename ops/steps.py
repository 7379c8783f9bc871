"""What long work shows: each step with its time; plain lines when nobody sits at a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

WIDE = 200  # of a log file, where nothing needs to fit a window

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show that a step is under way and, when it has ended, how long it took."""
    begun = time.monotonic()
    if console.is_terminal:
        with console.status(name):
            yield
    else:
        yield
    console.print(f"[green]✓[/green] {name} [dim]{duration(time.monotonic() - begun)}[/dim]")


def duration(seconds: float) -> str:
    """Return a duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:  # noqa: PLR2004 # below, tenths matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
