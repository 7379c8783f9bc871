"""Exports on their way to a client: few of each sender at a time, and each with an end."""

from collections import Counter
from collections.abc import AsyncIterable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serving.errors import ApiUnavailableError, KeyRefusedError

EXPORT_SECONDS = 600.0  # for which an export is sent; a client that reads too slowly is cut off


class AtATime:
    """How many exports each sender may have at a time in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = Counter[Hashable]()  # only of senders that have one
        self._lock = Lock()

    @contextmanager
    def one_more(self, sender: Hashable) -> Iterator[None]:
        """Count one more export of the sender until the end of the context.

        Raises:
            ApiUnavailableError: the sender has as many as it may have.
        """
        with self._lock:
            if self._held[sender] >= self._most:
                raise ApiUnavailableError("Another export is being sent. Retry.")
            self._held[sender] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[sender] -= 1
                self._held += Counter()  # forgets senders without an export


class SentExport(StreamingResponse):
    """An export, which is sent for `EXPORT_SECONDS` at most, and while its key is valid.

    Args:
        content: the export in pieces.
        media_type: its type.
        held: what ends with it, also if the client leaves: its file, its place among the others.
    """

    def __init__(
        self, content: Iterable[bytes] | AsyncIterable[bytes], media_type: str, held: ExitStack
    ) -> None:
        self._held = held
        super().__init__(content, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        with self._held, anyio.move_on_after(EXPORT_SECONDS), suppress(KeyRefusedError):
            await super().__call__(scope, receive, send)
