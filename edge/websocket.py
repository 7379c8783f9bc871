"""WebSockets with limits: a client cannot make the server hold many messages.

A message that waits keeps its memory until the app takes it. Compression is never accepted (see
`edge.serve`): with it, a kilobyte on the wire can be a megabyte here.
"""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_WAITING = 100  # messages that the app has not taken; also fragments of one message
TRY_AGAIN_LATER = 1013  # a code that closes a WebSocket: IANA's registry
log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)  # uvicorn would log the path of each handshake, of any length
_PIECE = 4096  # bytes that are parsed before the messages are counted


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol with limits on what waits, in either direction.

    uvicorn stops reading once a message waits. But it first parses all that the last read brought,
    which can be tens of thousands of messages.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = log

    def data_received(self, data: bytes) -> None:
        """Parse the bytes; close the connection with 1013 if too much waits for the app."""
        for start in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE])
            if max(self.queue.qsize(), len(self.frames)) > MAX_WAITING:
                self._refuse()

    def handle_ping(self) -> None:
        """Do not answer a client that does not read the answers: they would pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def _refuse(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.frames = []
        if self.handshake_complete:
            self.conn.fail(TRY_AGAIN_LATER, "too many messages at once")
            self.handle_parser_exception()
        else:
            self.transport.abort()
