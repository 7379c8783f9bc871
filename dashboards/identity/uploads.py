"""Which sessions may upload a file now: those that show the uploader to an operator.

The page permits its own session. The server asks before it takes a byte of a file.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboards.identity import visitors

PERMIT_SECONDS = 3600  # after the last run of the page
MAX_PERMITS = 1000


class Permits:
    """Sessions that may upload, each with its browser. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._permits: OrderedDict[str, tuple[str, float]] = OrderedDict()  # browser, until

    def give(self, session_id: str, browser: str) -> None:
        """Let the session upload files for some time, from this browser only."""
        with self._lock:
            self._permits[session_id] = browser, self._clock() + PERMIT_SECONDS
            self._permits.move_to_end(session_id)
            while len(self._permits) > MAX_PERMITS:
                self._permits.popitem(last=False)

    def holds(self, session_id: str, browser: str) -> bool:
        """Return whether the session may upload from this browser now."""
        with self._lock:
            permitted, until = self._permits.get(session_id, ("", 0.0))
            return permitted == browser and self._clock() < until


PERMITS = Permits()  # of this process


def permit() -> None:
    """Let the session of this page upload, if an operator is signed in."""
    context = get_script_run_ctx()
    if context is not None and visitors.is_operator():
        PERMITS.give(context.session_id, visitors.browser())


def held_bytes(session_id: str) -> int:
    """Return the size of the files that Streamlit keeps in memory for the session."""
    files = runtime.get_instance().uploaded_file_mgr
    if not isinstance(files, MemoryUploadedFileManager):
        return 0
    return sum(len(file.data) for file in list(files.file_storage.get(session_id, {}).values()))


def may_upload(session_id: str, browser: str) -> bool:
    """Return whether a request of this browser may upload a file to this session.

    It may take seconds: Airflow is asked from time to time whether the user is still an operator.
    """
    return PERMITS.holds(session_id, browser) and visitors.BROWSERS.has_operator(browser)
