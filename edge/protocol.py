"""HTTP/1.1 with limits: slow, endless and oversized requests end their connection."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from edge import forwarded
from edge.settings import EdgeSettings

BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n"
MAX_WAITING = 32  # requests of one connection whose answers have not begun
FRAMING = 8  # bytes about a chunk for each byte of the body: chunks may have a single byte
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # asks for the body; not yet an answer
CLOSE = b"connection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on connections, header fields and the time of a request.

    A timer runs from the start of a connection until its first request's header is complete, and
    while a part of a later request is missing. On an open connection, a request that arrives in one
    piece starts no timer.
    """

    limits: ClassVar[EdgeSettings]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # Streamlit gives the logger of uvicorn a handler again
        self._deadline: asyncio.TimerHandle | None = None
        self._in_header = True  # of the current or the next request
        self._in_body = False
        self._header_bytes = 0
        self._body_bytes = 0
        self._received_bytes = 0  # of the request, with its header and what is about its chunks
        self._unread: asyncio.TimerHandle | None = None
        self._unfinished: deque[RequestResponseCycle] = deque()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Answer 503 and close the connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            self._end(BUSY)
        else:
            self._start(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers; tell every request that its client is gone.

        uvicorn tells only the newest of several that wait for each other.
        """
        self._stop()
        self._forget_unread()
        super().connection_lost(exc)
        for cycle in self._unfinished:
            cycle.disconnected = True
            cycle.message_event.set()

    def pause_writing(self) -> None:
        """Close the connection if the client does not read what waits for it."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.limits.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client has read."""
        self._forget_unread()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; end the connection, or start or stop the timer, as the limits say."""
        if self.transport.is_closing():
            return
        was_in_body = self._in_body
        if self._in_header:
            self._header_bytes += len(data)
        self._received_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._stop()  # refused, or a WebSocket from now on
        elif self._is_too_large():
            self._end(TOO_LARGE)
        elif self._in_body:
            if not was_in_body:
                self._start(self.limits.body_seconds)
        elif not self._in_header or self._header_bytes == 0:
            self._stop()
        elif self._deadline is None:
            self._start(self.limits.header_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header field.

        Raises:
            ValueError: there are too many; the parser reports it as an invalid request.
        """
        if name.lower() == forwarded.HEADER:
            value = forwarded.addresses(value)
        super().on_header(name, value)
        if len(self.headers) > self.limits.max_header_fields:
            raise ValueError("too many header fields")

    def on_headers_complete(self) -> None:
        """Expect the body.

        Raises:
            ValueError: the header arrived in one piece, and is too large; or too many requests wait
                for the one before them. uvicorn stops reading at the first that waits, but parses
                all that the last read brought.
        """
        if len(self.pipeline) >= MAX_WAITING:
            raise ValueError("too many requests wait")
        self._in_header, self._in_body = False, True
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.limits.max_header_bytes:
            raise ValueError("the header is too large")
        cycle_before = self.cycle
        super().on_headers_complete()
        if self.cycle is not cycle_before:  # a request for a WebSocket begins no cycle
            self._unfinished.append(self.cycle)
            one_write = OneWrite(self.transport, self._finish_first)
            self.cycle.transport = one_write  # type: ignore[assignment]
            self.cycle.on_response = one_write.complete

    def _is_too_large(self) -> bool:
        """Return whether an incomplete request has too many bytes besides its body's content.

        They are its header and what is about its chunks. The parser keeps a field after the last
        chunk until it is complete, whatever its length, and copies it with each read.
        """
        limit = self.limits.max_header_bytes
        if self._in_header:
            return self._header_bytes > limit
        framing = self._received_bytes - self._body_bytes
        return self._in_body and framing > 2 * limit + FRAMING * self._body_bytes

    def _finish_first(self) -> None:
        self._unfinished.popleft()  # answers are in the order of the requests
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Count the bytes, and pass them on."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the next request."""
        self._in_header, self._in_body, self._header_bytes = True, False, 0
        self._body_bytes = self._received_bytes = 0
        super().on_message_complete()

    def _start(self, seconds: float) -> None:
        """End the connection after so many seconds, unless the timer is stopped before."""
        self._stop()
        self._deadline = self.loop.call_later(seconds, self._end, TOO_SLOW)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end(self, answer: bytes) -> None:
        """Close the connection, with an answer unless one has begun."""
        self._stop()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(answer + CLOSE)
        self.transport.close()


class OneWrite:
    """The transport of one answer: sends its header together with the first part of its body.

    uvicorn writes them one after the other. Each is a call of the system, which may take as long as
    everything else that the answer to a short request takes.
    """

    __slots__ = ("_header", "_is_begun", "_on_complete", "_transport")

    def __init__(self, transport: asyncio.Transport, on_complete: Callable[[], None]) -> None:
        self._transport = transport
        self._on_complete = on_complete
        self._header = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Keep the header until the body follows; send all else."""
        if self._is_begun:
            self._transport.write(self._header + data)
            self._header = b""
        elif data == CONTINUE:
            self._transport.write(data)
        else:
            self._header, self._is_begun = data, True

    def complete(self) -> None:
        """Send a header that no body follows."""
        self._send_header()
        self._on_complete()

    def close(self) -> None:
        """Close the connection after what was written."""
        self._send_header()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is closed or about to be."""
        return self._transport.is_closing()

    def _send_header(self) -> None:
        if self._header:
            self._transport.write(self._header)
            self._header = b""


def bounded(limits: EdgeSettings) -> type[BoundedProtocol]:
    """Return the protocol with these limits."""
    return type("Protocol", (BoundedProtocol,), {"limits": limits})
