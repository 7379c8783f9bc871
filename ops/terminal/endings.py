"""Commands that are ended by a signal clean up, as they do after Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)  # of `timeout`, systemd, and a closed terminal


@contextmanager
def by_signals() -> Iterator[None]:
    """Let these signals raise SystemExit: by default Python ends without `finally`.

    A signal that is ignored, as under `nohup`, stays ignored. The exit code is that of a shell.
    """
    defaults = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in defaults:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in defaults:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
