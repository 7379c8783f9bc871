"""A program of another user that listens in place of one of ours gets nothing."""

import os
import pwd
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest

from airflow_api.client import Airflow, AirflowUnavailableError
from edge import own_programs
from serving.api.operators import Operators
from serving.errors import OperatorCheckUnavailableError
from tests.support.http_server import serving
from tests.support.serving.airflow_users import ADA, LOGIN

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ROW = "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {user:>5} 0 1 1"
ANOTHER = os.geteuid() + 1
PORT = 8080
LOCAL, ANY = "0100007F", "00000000"
loopback_listeners = own_programs.listeners


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, local: str, *, state: str = "0A", user: int = ANOTHER) -> Path:
        row = ROW.format(local=local, state=state, user=user)
        (tmp_path / name).write_text(f"{HEAD}\n{row}\n")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("host", "name", "address"),
    [
        ("127.0.0.1", "tcp", LOCAL),
        ("127.0.0.1", "tcp", ANY),
        ("127.0.0.1", "tcp6", "0" * 32),
        ("127.0.0.1", "tcp6", "0000000000000000FFFF00000100007F"),
        ("localhost", "tcp", LOCAL),
        ("localhost", "tcp6", "00000000000000000000000001000000"),
    ],
)
def test_another_user_who_listens_is_found(
    network: Callable[..., Path], host: str, name: str, address: str
) -> None:
    assert own_programs.listeners(host, PORT, network(name, f"{address}:1F90")) == {ANOTHER}


def test_what_does_not_get_the_connection_does_not_count(network: Callable[..., Path]) -> None:
    for folder in (
        network("tcp", f"{LOCAL}:1F91"),
        network("tcp", "0101A8C0:1F90"),  # 192.168.1.1
        network("tcp", "0200007F:1F90"),  # 127.0.0.2
        network("tcp", f"{LOCAL}:1F90", state="01"),  # a connection
    ):
        assert own_programs.listeners("127.0.0.1", PORT, folder) == set()
    ipv6 = network("tcp6", "00000000000000000000000001000000:1F90")
    assert own_programs.listeners("127.0.0.1", PORT, ipv6) == set()


@pytest.mark.parametrize("ours", [LOCAL, ANY])
def test_sockets_after_ours_do_not_count(network: Callable[..., Path], ours: str) -> None:
    network("tcp6", f"{'0' * 32}:1F90")  # for IPv6 only, which the table does not say
    folder = network("tcp", f"{ours}:1F90", user=os.geteuid())

    assert own_programs.listeners("127.0.0.1", PORT, folder) == {os.geteuid()}


def test_a_system_without_the_tables_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        own_programs, "listeners", lambda host, port: loopback_listeners(host, port, tmp_path)
    )
    own_programs.refuse_others(httpx2.Request("GET", "http://127.0.0.1:8080/"))


@pytest.mark.parametrize("users", [set(), {ANOTHER}, {os.geteuid(), ANOTHER}])
def test_a_request_to_nobody_or_to_another_user_is_not_sent(
    users: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_programs, "listeners", lambda *_: users)
    with pytest.raises(httpx2.ConnectError, match="listens"):
        own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))
    monkeypatch.setattr(own_programs, "listeners", lambda *_: {0, os.geteuid()})
    own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))


def test_users_that_the_settings_trust_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_programs, "listeners", lambda *_: {ANOTHER})
    monkeypatch.setenv("EDGE_TRUSTED_USERS", f"[{ANOTHER}]")
    trusted = own_programs.trusted_users.__wrapped__()
    monkeypatch.setattr(own_programs, "trusted_users", lambda: trusted)
    own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))


@contextmanager
def listening_as_nobody(address: str, port: int = 0) -> Iterator[socket.socket]:
    """Yield a socket on which the user `nobody` listens."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family)
    finally:
        os.seteuid(0)
    listener.settimeout(0.1)
    with listener:
        yield listener


@pytest.fixture
def nobodys() -> Iterator[socket.socket]:
    with listening_as_nobody("127.0.0.1") as listener:
        yield listener


class Empty(BaseHTTPRequestHandler):
    """Answers every request with nothing."""

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_another_user_cannot_cut_us_off_from_our_program() -> None:
    with serving(Empty) as url, listening_as_nobody("127.0.0.2", urlsplit(url).port or 0):
        assert own_programs.client(url).get("/").status_code == 204


@pytest.mark.parametrize(("ours", "another"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
def test_another_user_at_the_other_address_of_localhost_cuts_nobody_off(
    ours: str, another: str
) -> None:
    with serving(Empty, ours) as url:
        port = urlsplit(url).port or 0
        with (
            listening_as_nobody(another, port) as listener,
            own_programs.client(f"http://localhost:{port}") as http,
        ):
            answer = http.get("/")

            assert answer.status_code == 204
            assert answer.request.headers["host"] == f"localhost:{port}"
            with pytest.raises(TimeoutError):
                listener.accept()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost_is_refused_where_only_another_user_listens(address: str) -> None:
    with listening_as_nobody(address) as listener:
        port = listener.getsockname()[1]
        for host in ("localhost", address.replace("::1", "[::1]")):
            with (
                own_programs.client(f"http://{host}:{port}") as http,
                pytest.raises(httpx2.ConnectError, match="in place of ours"),
            ):
                http.get("/")
        with pytest.raises(TimeoutError):
            listener.accept()


def test_no_password_and_no_token_are_sent_to_another_user(nobodys: socket.socket) -> None:
    url = f"http://127.0.0.1:{nobodys.getsockname()[1]}"
    with pytest.raises(AirflowUnavailableError, match="in place of ours"):
        Airflow(url, login=(LOGIN["username"], LOGIN["password"]))
    with pytest.raises(AirflowUnavailableError, match="in place of ours"):
        Airflow(url, token=ADA).dags()
    with pytest.raises(TimeoutError):
        nobodys.accept()


def test_another_user_cannot_make_operators(nobodys: socket.socket) -> None:
    operators = Operators(f"http://127.0.0.1:{nobodys.getsockname()[1]}", 60)
    with pytest.raises(OperatorCheckUnavailableError):
        anyio.run(operators.operator, ADA)
    operators.close()
    with pytest.raises(TimeoutError):
        nobodys.accept()


def test_other_machines_are_not_checked() -> None:
    own_programs.refuse_others(httpx2.Request("GET", "http://airflow:8080/"))
