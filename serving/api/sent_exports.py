"""Answers that stream an export: few at a time for each sender, and each limited in time."""

from collections import Counter
from collections.abc import AsyncIterable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serving.errors import ApiUnavailableError, KeyRefusedError

EXPORT_SECONDS = 600.0  # for which an export is sent; a client that reads too slowly is cut off


class ConcurrencyLimit:
    """A limit of the exports of one sender at the same time in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = Counter[Hashable]()  # only of senders that have one
        self._lock = Lock()

    @contextmanager
    def slot(self, sender: Hashable) -> Iterator[None]:
        """Hold one of the sender's slots until the end of the context.

        Raises:
            ApiUnavailableError: all slots of the sender are taken.
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
                self._held += Counter()  # drops senders without an export


class SentExport(StreamingResponse):
    """An export, cut off after `EXPORT_SECONDS`, or when `content` raises `KeyRefusedError`.

    Args:
        content: the export in chunks.
        media_type: the content type.
        held: what is released at the end, also if the client disconnects: the temporary file,
            and the sender's slot.
    """

    def __init__(
        self, content: Iterable[bytes] | AsyncIterable[bytes], media_type: str, held: ExitStack
    ) -> None:
        self._held = held
        super().__init__(content, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the chunks, then release what is held."""
        with self._held, anyio.move_on_after(EXPORT_SECONDS), suppress(KeyRefusedError):
            await super().__call__(scope, receive, send)
