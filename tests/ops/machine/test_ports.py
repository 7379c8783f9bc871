import os
import socket
from collections.abc import Iterator

import pytest

from ops.errors import PortTakenError
from ops.machine import ports
from ops.settings import HOST, OpsSettings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def with_port(settings: OpsSettings, name: str, port: int) -> OpsSettings:
    with_one_port = OpsSettings.model_validate({"var": settings.var, name: port})
    with_one_port.make_folders()
    return with_one_port


def test_ports_are_kept_for_the_next_start(settings: OpsSettings) -> None:
    settings.make_folders()
    assert ports.kept(settings) is None
    chosen, _ = ports.choose(settings)
    assert ports.kept(settings) == chosen
    assert len(set(vars(chosen).values())) == 4
    assert ports.choose(settings) == (chosen, [])


def test_a_kept_port_that_another_process_uses_is_replaced_and_its_owner_named(
    settings: OpsSettings, taken: int
) -> None:
    settings.make_folders()
    ports.save(settings, ports.Ports(**{**ports.USUAL, "api": taken}))
    chosen, changes = ports.choose(settings)
    assert chosen.api != taken
    assert any(f"(process {os.getpid()})" in line and "api" in line for line in changes)


def test_a_port_from_the_settings_that_is_in_use_is_refused(
    settings: OpsSettings, taken: int
) -> None:
    fixed = with_port(settings, "airflow_port", taken)
    with pytest.raises(PortTakenError, match=rf"port {taken} .*process {os.getpid()}.*OPS_AIRFLOW"):
        ports.choose(fixed)


def test_a_free_port_from_the_settings_is_used(settings: OpsSettings) -> None:
    free = ports.free()
    chosen, _ = ports.choose(with_port(settings, "api_port", free))
    assert chosen.api == free
    assert ports.addresses(chosen)["api"] == f"http://127.0.0.1:{free}"


def test_a_free_port_has_no_owner() -> None:
    assert ports.owner(ports.free()) == "no process"


def test_a_damaged_file_counts_as_no_ports(settings: OpsSettings) -> None:
    settings.make_folders()
    (settings.run / "ports.json").write_text('{"api": ')
    assert ports.kept(settings) is None
