"""A limit of the whole time that a call to another server takes.

Limits of a socket are for each wait: a server that sends a byte now and then never reaches one.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def within(seconds: float, call: Callable[[], None]) -> None:
    """Make the call, in a thread. If it is late, it is left behind and ends with this process.

    Raises:
        TimeoutError: the time is over. What the call raises is raised too.
    """
    done: Future[None] = Future()
    threading.Thread(target=_run, args=(call, done), daemon=True).start()
    done.result(seconds)


def _run(call: Callable[[], None], done: "Future[None]") -> None:
    try:
        call()
    except BaseException as error:  # noqa: BLE001 # raised where the result is awaited
        done.set_exception(error)
    else:
        done.set_result(None)
