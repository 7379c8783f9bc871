"""The app as it is served, with requests that no browser of ours sends."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.dashboards import streamlit_server
from tests.support.http_server import serving

MEGABYTE = 1_000_000
OTHER = {"evil.example", "127.0.0.1.evil.example", "[::1]"}


class Proxy(BaseHTTPRequestHandler):
    """A way out of this machine, which records what is asked for."""

    requested: list[str] = []  # noqa: RUF012 # a new class per test would be no better

    def do_GET(self) -> None:
        self.requested.append(self.path)
        self.send_error(502)

    do_CONNECT = do_GET  # noqa: N815 # the handler's own name

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files `log` and `queries` of the app."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[str]:
    """The address of an app with one heading, whose only way out is the proxy."""
    script = folder / "heading.py"
    script.write_text("import streamlit as st\n\nst.title('A heading')\n")
    with serving(Proxy) as proxy:
        settings = {
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "APP_QUERY_LOG": str(folder / "queries"),
            "APP_MAX_SESSIONS": "6",
            "APP_MAX_SESSIONS_PER_ADDRESS": "2",
        }
        with streamlit_server.served(settings, folder / "log", script) as url:
            yield url


@contextmanager
def session(app: str, **headers: str) -> Iterator[ClientConnection]:
    """Yield a session of the app, as Streamlit's front end opens it."""
    url = app.replace("http://", "ws://") + "/_stcore/stream"
    origin = headers.pop("Origin", None)
    with connect(url, origin=origin, additional_headers=headers, subprotocols=["streamlit"],  # type: ignore[arg-type, list-item]
                 proxy=None, max_size=None) as connection:  # fmt: skip
        yield connection


def test_a_session_of_our_own_origin_is_accepted(app: str) -> None:
    with session(app, Origin=app) as own:
        assert own.subprotocol == "streamlit"
        assert own.protocol.extensions == []  # no compression: see `edge.websocket`


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example"])
def test_a_foreign_origin_is_refused_and_nobody_is_asked(app: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, session(app, Origin=origin):
        pass

    assert refused.value.response.status_code == 403
    assert httpx2.get(f"{app}/_stcore/health").text == "ok"
    assert Proxy.requested == []


@pytest.mark.parametrize("host", sorted(OTHER))
def test_another_host_is_refused(app: str, host: str) -> None:
    assert httpx2.get(app, headers={"Host": host}).status_code == 400
    address, _, port = app.removeprefix("http://").partition(":")
    with socket.create_connection((address, int(port)), timeout=5) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_what_is_asked_for_is_not_logged(app: str, folder: Path) -> None:
    assert httpx2.get(f"{app}/sought?" + "x" * 30_000).status_code == 200
    with session(app):
        pass

    log = (folder / "log").read_text()
    assert "sought" not in log
    assert "_stcore" not in log
    assert (folder / "queries").exists()


def test_an_upload_is_refused(app: str) -> None:
    answer = httpx2.put(f"{app}/_stcore/upload_file/s/f", content=b"x" * MEGABYTE)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"x" * MEGABYTE, 1009),
        (BackMsg(rerun_script=ClientState(query_string="x" * 100_000)).SerializeToString(), 1008),
    ],
    ids=["of anybody", "of a visitor"],
)
def test_a_large_message_ends_the_session(app: str, content: bytes, code: int) -> None:
    with session(app) as large:
        large.send(content)
        with suppress(ConnectionClosed):
            while large.recv(timeout=10):
                pass
    assert large.close_code == code


def test_a_message_that_no_page_sends_ends_the_session(app: str) -> None:
    with session(app) as other:
        other.send(BackMsg(load_git_info=True).SerializeToString())
        with suppress(ConnectionClosed):
            while other.recv(timeout=10):
                pass
    assert other.close_code == 1008


def test_a_browser_gets_no_path_of_this_machine(app: str) -> None:
    messages: list[bytes] = []
    with session(app) as opened:
        opened.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        while not messages or b"A heading" not in messages[-1]:
            message = opened.recv(timeout=20)
            assert isinstance(message, bytes)
            messages.append(message)

    [started] = [
        forwarded.new_session
        for forwarded in map(ForwardMsg.FromString, messages)
        if forwarded.WhichOneof("type") == "new_session"
    ]
    assert started.main_script_path == "heading.py"
    for folder in (tempfile.gettempdir(), str(streamlit_server.ROOT)):
        assert folder.encode() not in b"".join(messages)


def opened(app: str, *messages: BackMsg, **headers: str) -> int:
    """Return the status of the handshake of a session that sends these messages and ends."""
    try:
        with session(app, **headers) as brief:
            for message in messages:
                brief.send(message.SerializeToString())
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


def test_the_number_of_sessions_that_run_is_limited(app: str) -> None:
    run = BackMsg(rerun_script=ClientState())
    client = {"X-Forwarded-For": "203.0.113.9"}  # from a proxy on this machine, which is trusted

    assert [opened(app, **client) for _ in range(10)] == [101] * 10
    assert [opened(app, run, **client) for _ in range(2)] == [101, 101]
    assert opened(app, run, **client) == 429
    others = [opened(app, run, **{"X-Forwarded-For": text}) for text in ("one", "two", "three")]
    assert others == [101, 101, 429]  # what is no address is one client
    assert [opened(app, run) for _ in range(6)][-1] == 503
    assert httpx2.get(f"{app}/_stcore/health").text == "ok"
