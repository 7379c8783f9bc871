"""Named places in the code where a test makes a program die, fail or hang.

With `LANTERN_FAULT=publish.after_copy:kill` in its environment, a program ends at this place as by
`kill -9`: no handler runs, and nothing is cleaned up. With `raise` instead of `kill` it raises an
error, with `hang` it waits for an hour and then raises it. Without the variable nothing happens,
and `lantern` does not pass the variable on.
"""

import os
import signal
import time
from typing import Final

VARIABLE: Final = "LANTERN_FAULT"
POINTS: Final = (
    "append.before_commit",  # delta-rs has the rows of a commit to a table of the lake
    "append.after_commit",
    "delta.before_commit",  # Spark has the rows of a commit to a table of the lake
    "delta.after_commit",
    "collect.before_cursor",  # a batch of events and its counts are in the lake
    "collect.before_cursor_of_changes",  # so is a batch of changes of items or users
    "feedback.before_answer",  # an event is written, and not acknowledged
    "events.before_commit",  # a batch of events is written in a transaction, and not acknowledged
    "publish.after_copy",  # all rows of a release are loaded in a transaction
    "publish.before_commit",  # the release is live in this transaction
    "publish.after_commit",
)
_HANG_SECONDS = 3600


class FaultInjectedError(Exception):
    """A test asked for this failure."""


def faultpoint(name: str) -> None:
    """Die, fail or hang if `LANTERN_FAULT` names this place. Otherwise do nothing.

    Raises:
        FaultInjectedError: the variable has another word than `kill` after the place.
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
