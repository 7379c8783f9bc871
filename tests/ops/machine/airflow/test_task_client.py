"""Tests of the client by which Airflow's tasks send their tokens."""

import os
import pwd
import socket
import subprocess
import sys

import httpx
import pytest
from airflow.sdk.api.client import Client

from ops.machine import environment
from ops.machine.airflow import config as airflow_config
from ops.machine.airflow import task_client
from ops.machine.ports import USUAL, Ports
from ops.settings import OpsSettings

LOADED = """
import airflow.settings
airflow.settings.initialize()
from airflow.sdk.api.client import Client
print(Client.__init__.__module__)
"""


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client as our Airflow makes it."""
    monkeypatch.setattr(Client, "__init__", Client.__init__)
    task_client.send_tokens_to_own_airflow_only()


@pytest.mark.usefixtures("checked")
def test_no_token_is_sent_to_another_user() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        listener = socket.create_server(("127.0.0.1", 0))
    finally:
        os.seteuid(0)
    listener.settimeout(0.1)
    with listener, Client(base_url=_url(listener), token="secret") as client:  # noqa: S106
        with pytest.raises(httpx.ConnectError, match="listens in place of ours"):
            httpx.Client.request(client, "GET", "/health")
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_our_own_airflow_is_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        url = _url(listener).replace("127.0.0.1", host)
        client = Client(base_url=url, token="secret", timeout=0.2)  # noqa: S106
        with client, pytest.raises(httpx.ReadTimeout):
            httpx.Client.request(client, "GET", "/health")
        connection, _ = listener.accept()
        with connection:
            assert b"Bearer secret" in connection.recv(2000)


@pytest.mark.usefixtures("checked")
def test_another_user_at_the_other_address_of_localhost_gets_nothing() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            another = socket.create_server(("::1", port), family=socket.AF_INET6)
        finally:
            os.seteuid(0)
        another.settimeout(0.1)
        client = Client(base_url=f"http://localhost:{port}", token="secret", timeout=0.2)  # noqa: S106
        with another, client:
            with pytest.raises(httpx.ReadTimeout):
                httpx.Client.request(client, "GET", "/health")
            with pytest.raises(TimeoutError):
                another.accept()


def test_airflow_loads_the_check_as_it_starts(settings: OpsSettings) -> None:
    settings.make_folders()
    airflow_config.write_local_settings(settings)
    variables = environment.of("airflow-scheduler", settings, Ports(**USUAL))
    variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{settings.folder}/none.db"
    result = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-P", "-c", LOADED],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.stdout.split()[-1:] == ["ops.machine.airflow.task_client"], result.stderr[-2000:]


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
