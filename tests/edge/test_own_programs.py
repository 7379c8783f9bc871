"""A program of another user that listens in place of one of ours gets nothing."""

import os
import pwd
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from airflow_api.client import Airflow, AirflowUnavailableError
from edge import own_programs
from serving.api.operators import Operators
from serving.errors import OperatorCheckUnavailableError
from tests.support.serving.airflow_users import ADA, LOGIN

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ROW = "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {user:>5} 0 1 1"
ANOTHER = os.geteuid() + 1
PORT = 8080
loopback_listeners = own_programs.listeners


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, local: str, *, state: str = "0A", user: int = ANOTHER) -> Path:
        row = ROW.format(local=local, state=state, user=user)
        (tmp_path / name).write_text(f"{HEAD}\n{row}\n")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("tcp", "0100007F"),
        ("tcp", "00000000"),
        ("tcp6", "0" * 32),
        ("tcp6", "00000000000000000000000001000000"),
        ("tcp6", "0000000000000000FFFF00000100007F"),
    ],
)
def test_another_user_who_listens_is_found(
    network: Callable[..., Path], name: str, address: str
) -> None:
    assert own_programs.listeners(PORT, network(name, f"{address}:1F90")) == {ANOTHER}


def test_other_ports_addresses_and_connections_do_not_count(network: Callable[..., Path]) -> None:
    for folder in (
        network("tcp", "0100007F:1F91"),
        network("tcp", "0101A8C0:1F90"),  # 192.168.1.1
        network("tcp", "0100007F:1F90", state="01"),  # a connection
    ):
        assert own_programs.listeners(PORT, folder) == set()


def test_a_system_without_the_tables_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_programs, "listeners", lambda _: loopback_listeners(PORT, tmp_path))
    own_programs.refuse_others(httpx2.Request("GET", "http://127.0.0.1:8080/"))


@pytest.mark.parametrize("users", [set(), {ANOTHER}, {os.geteuid(), ANOTHER}])
def test_a_request_to_nobody_or_to_another_user_is_not_sent(
    users: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_programs, "listeners", lambda _: users)
    with pytest.raises(httpx2.ConnectError, match="listens"):
        own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))
    monkeypatch.setattr(own_programs, "listeners", lambda _: {0, os.geteuid()})
    own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))


def test_users_that_the_settings_trust_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_programs, "listeners", lambda _: {ANOTHER})
    monkeypatch.setenv("EDGE_TRUSTED_USERS", f"[{ANOTHER}]")
    trusted = own_programs.trusted_users.__wrapped__()
    monkeypatch.setattr(own_programs, "trusted_users", lambda: trusted)
    own_programs.refuse_others(httpx2.Request("GET", "http://localhost:8080/"))


@pytest.fixture
def nobodys() -> Iterator[socket.socket]:
    """A socket on which the user `nobody` listens."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        listener = socket.create_server(("127.0.0.1", 0))
    finally:
        os.seteuid(0)
    listener.settimeout(0.1)
    with listener:
        yield listener


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
