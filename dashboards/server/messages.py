"""Checks of what browsers send over a WebSocket, before Streamlit acts on it.

Streamlit handles every kind of message from anybody, in the event loop of all sessions: one kind
empties the caches of all visitors, one runs git, and one with half a million file names takes
seconds. Our pages need three kinds, the uploader of operators a fourth, and a download of a file
that is made when it is asked for a fifth.
"""

import re
from collections.abc import Callable

from google.protobuf.message import DecodeError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg

KINDS = {"rerun_script", "stop_script", "app_heartbeat"}
UPLOAD = "file_urls_request"
OPERATION = "backend_operation_request"  # one of several; ours is the download
FILE_ID = re.compile("[0-9a-f]{32}")  # of a file in a session, random
MAX_ID = 64  # characters of the request's id, which the answer repeats
MAX_FILES = 10  # per request for the addresses of uploads
MAX_WIDGETS = 5000  # largest number on a page, and of messages that a browser has kept
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


class Messages:
    """ASGI middleware that closes a WebSocket after a message that none of our pages sends.

    Args:
        app: the next application.
        may_upload: whether a request may upload a file to the session of this id; by default none
            may. It runs in a thread.
    """

    def __init__(
        self, app: ASGIApp, may_upload: Callable[[Scope, str], bool] | None = None
    ) -> None:
        self._app = app
        self._may_upload = may_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its messages up to the first that is refused."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        is_refused = False

        async def receive_checked() -> Message:
            nonlocal is_refused
            message = await receive()
            if message["type"] != "websocket.receive" or await self._is_ours(message, scope):
                return message
            is_refused = True
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

        async def send_until_refused(message: Message) -> None:
            if not is_refused:
                await send(message)

        await self._app(scope, receive_checked, send_until_refused)

    async def _is_ours(self, message: Message, scope: Scope) -> bool:
        try:
            content = BackMsg.FromString(message.get("bytes") or b"")
        except DecodeError:
            return False
        kind = content.WhichOneof("type")
        if kind == OPERATION:
            return _is_download(content.backend_operation_request)
        if kind != UPLOAD:
            state = content.rerun_script
            n_parts = max(len(state.widget_states.widgets), len(state.cached_message_hashes))
            return kind in KINDS and n_parts <= MAX_WIDGETS
        request = content.file_urls_request
        if self._may_upload is None or len(request.file_names) > MAX_FILES:
            return False
        return await run_in_threadpool(self._may_upload, scope, request.session_id)


def _is_download(request: BackendOperationRequest) -> bool:
    """Return whether the request is for a file that a page has offered."""
    is_of_file = request.WhichOneof("payload") == "deferred_file"
    file_id = request.deferred_file.file_id
    return is_of_file and len(request.request_id) <= MAX_ID and bool(FILE_ID.fullmatch(file_id))
