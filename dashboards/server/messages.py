"""Checks of what browsers send over a WebSocket, before Streamlit acts on it.

Streamlit handles every kind of message from anybody, in the event loop of all sessions: one kind
empties the caches of all visitors, one runs git, and one with half a million file names takes
seconds. Our pages need three kinds, the uploader of operators a fourth, and a download of a file
that is made when it is asked for a fifth.

A parsed message can be thirty times as large as its bytes, and Streamlit keeps it. So the bytes are
limited before a message is parsed, and all its elements are counted before Streamlit gets it.
"""

import re
from collections.abc import Callable

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Content
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState

KINDS = {"rerun_script", "stop_script", "app_heartbeat"}
UPLOAD = "file_urls_request"
OPERATION = "backend_operation_request"  # one of several; ours is the download
FILE_ID = re.compile("[0-9a-f]{32}")  # of a file in a session, random
MAX_ID = 64  # characters of the request's id, which the answer repeats
FILES = "file_uploader_state_value"
# What the widgets of our pages send. Others are arrays of bytes, tables and chats.
VALUES = {
    *("trigger_value", "bool_value", "double_value", "int_value", "string_value", FILES),
    *("double_array_value", "int_array_value", "string_array_value"),
    *("json_value", "json_trigger_value"),
}
MAX_BYTES = 65_536  # of a message from a browser that is not signed in
MAX_ELEMENTS = 2000  # widgets, kept messages, and values of widgets, in all
MAX_FILES = 10  # of an uploader, or per request for the addresses of uploads
MAX_BRACKETS = 200  # in a value in JSON: no component of ours nests deeply
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


class Messages:
    """ASGI middleware that closes a WebSocket after a message that none of our pages sends.

    Args:
        is_signed_in: whether a handshake comes from a signed-in browser. Its messages may have any
            size that the server takes; by default none is signed in.
        may_upload: whether a request may upload a file to the session of this id; by default none
            may. It runs in a thread.
    """

    def __init__(
        self,
        app: ASGIApp,
        is_signed_in: Callable[[Scope], bool] = lambda _scope: False,
        may_upload: Callable[[Scope, str], bool] | None = None,
    ) -> None:
        self._app = app
        self._is_signed_in = is_signed_in
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
        content = self._parsed(message.get("bytes") or b"", scope)
        if content is None:
            return False
        kind = content.WhichOneof("type")
        if kind == OPERATION:
            return _is_download(content.backend_operation_request)
        if kind != UPLOAD:
            return kind in KINDS and self._is_of_our_widgets(content.rerun_script)
        request = content.file_urls_request
        if self._may_upload is None or len(request.file_names) > MAX_FILES:
            return False
        return await run_in_threadpool(self._may_upload, scope, request.session_id)

    def _parsed(self, received: bytes, scope: Scope) -> BackMsg | None:
        """Return the message; None if it is none, or larger than ours are."""
        if len(received) > MAX_BYTES and not self._is_signed_in(scope):
            return None
        try:
            content = BackMsg.FromString(received)
        except DecodeError:
            return None
        return None if has_too_many_elements(content) else content

    def _is_of_our_widgets(self, state: ClientState) -> bool:
        return all(self._is_of_our_widget(widget) for widget in state.widget_states.widgets)

    def _is_of_our_widget(self, widget: WidgetState) -> bool:
        value = widget.WhichOneof("value")
        if value == FILES:
            n_files = len(widget.file_uploader_state_value.uploaded_file_info)
            return self._may_upload is not None and n_files <= MAX_FILES
        json = widget.json_value or widget.json_trigger_value
        n_brackets = json.count("[") + json.count("{")
        return (value is None or value in VALUES) and n_brackets <= MAX_BRACKETS


def has_too_many_elements(content: Content) -> bool:
    """Return whether the lists of a message, at any depth, have more elements than a page has."""
    n_elements, waiting = 0, [content]
    while waiting:
        for field, value in waiting.pop().ListFields():
            parts = value if field.is_repeated else [value]
            if field.is_repeated:
                n_elements += len(parts)
                if n_elements > MAX_ELEMENTS:
                    return True
            if field.message_type is not None:
                waiting.extend(parts)
    return False


def _is_download(request: BackendOperationRequest) -> bool:
    """Return whether the request is for a file that a page has offered."""
    is_of_file = request.WhichOneof("payload") == "deferred_file"
    file_id = request.deferred_file.file_id
    return is_of_file and len(request.request_id) <= MAX_ID and bool(FILE_ID.fullmatch(file_id))
