"""Wait in a test for what another process or thread does."""

import time
from collections.abc import Callable


def wait_until(
    is_true: Callable[[], bool], what: str, *, timeout: float = 180, pause: float = 0.5
) -> None:
    """Return when the condition holds, asked every `pause` seconds.

    Raises:
        AssertionError: it does not within `timeout` seconds; the message names `what`.
    """
    deadline = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < deadline, f"no {what} in {timeout} s"
        time.sleep(pause)
