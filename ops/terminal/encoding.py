"""Text of the command line is UTF-8, whatever the locale of the shell says."""

import io
import locale
import os
import sys
from collections.abc import Sequence


def use_utf8(module: str, arguments: Sequence[str]) -> None:
    """Run `python -m MODULE ARGUMENTS` in UTF-8 mode instead, unless text is UTF-8 already."""
    if not sys.flags.utf8_mode and locale.getencoding().lower() not in {"utf-8", "utf8"}:
        again = [sys.executable, "-X", "utf8", "-P", "-m", module, *arguments]
        os.execv(sys.executable, again)  # noqa: S606 # our own Python
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # PYTHONIOENCODING may name any encoding
