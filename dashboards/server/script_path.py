"""Leaves the folder of the app out of what browsers get: Streamlit sends the path of its script."""

from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class ScriptPath:
    """ASGI middleware that replaces the path of the script by its name, in each new session."""

    def __init__(self, app: ASGIApp, script: Path) -> None:
        self._app = app
        self._path = str(script)
        self._name = script.name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; change the messages of a WebSocket that have the path."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def send_without_path(message: Message) -> None:
            if self._path.encode() in (message.get("bytes") or b""):
                message = {**message, "bytes": self._without_path(message["bytes"])}
            await send(message)

        await self._app(scope, receive, send_without_path)

    def _without_path(self, content: bytes) -> bytes:
        forwarded = ForwardMsg.FromString(content)
        if forwarded.new_session.main_script_path != self._path:
            return content
        forwarded.new_session.main_script_path = self._name
        changed: bytes = forwarded.SerializeToString()
        return changed
