"""Named places in the code where a test makes a program die, fail or hang.

`LANTERN_FAULT=publish.after_copy:kill` in a program's environment lets it end there as by
`kill -9`: no handler runs, and nothing is cleaned up. `raise` raises an error, `hang` waits.
Nothing happens without the variable, and `lantern` does not pass it on.
"""

import os
import signal
import time
from typing import Final

VARIABLE: Final = "LANTERN_FAULT"
POINTS: Final = (
    "append.before_commit",  # rows for a table of the lake are ready, by delta-rs
    "append.after_commit",
    "delta.before_commit",  # the same, by Spark
    "delta.after_commit",
    "collect.before_cursor",  # the events of a batch are in the lake, the balance too
    "feedback.before_commit",  # an event and its effect are written, not acknowledged
    "publish.after_copy",  # all rows of a release are loaded
    "publish.before_commit",  # it is live within its transaction
    "publish.after_commit",
)
_HANG_SECONDS = 3600


class FaultInjectedError(Exception):
    """A test asked for this failure."""


def faultpoint(name: str) -> None:
    """Do what `LANTERN_FAULT` says of this place; nothing by default.

    Raises:
        FaultInjectedError: the variable says `raise`.
    """
    setting = os.environ.get(VARIABLE)
    if setting is None:
        return
    place, _, how = setting.partition(":")
    if place != name:
        return
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(_HANG_SECONDS)
    raise FaultInjectedError(setting)
