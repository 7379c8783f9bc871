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
    made = OpsSettings.model_validate({"var": settings.var, name: port})
    made.make_folders()
    return made


def test_ports_are_kept_for_the_next_start(settings: OpsSettings) -> None:
    settings.make_folders()
    assert ports.kept(settings) is None
    chosen, _ = ports.choose(settings)
    assert ports.kept(settings) == chosen
    assert len(set(vars(chosen).values())) == 4
    assert ports.choose(settings) == (chosen, [])


def test_a_kept_port_that_somebody_took_is_replaced_and_its_owner_named(
    settings: OpsSettings, taken: int
) -> None:
    settings.make_folders()
    ports._keep(settings, {**ports.USUAL, "api": taken})  # noqa: SLF001 # as an earlier start did
    chosen, moved = ports.choose(settings)
    assert chosen.api != taken
    assert any(f"(process {os.getpid()})" in line and "api" in line for line in moved)


def test_a_port_that_was_asked_for_is_taken_or_nothing(settings: OpsSettings, taken: int) -> None:
    asking = with_port(settings, "airflow_port", taken)
    with pytest.raises(PortTakenError, match=rf"port {taken} .*process {os.getpid()}.*OPS_AIRFLOW"):
        ports.choose(asking)


def test_a_free_port_that_was_asked_for_is_used(settings: OpsSettings) -> None:
    free = ports.free()
    chosen, _ = ports.choose(with_port(settings, "api_port", free))
    assert chosen.api == free
    assert ports.addresses(chosen)["api"] == f"http://127.0.0.1:{free}"


def test_nobody_owns_a_free_port() -> None:
    assert ports.owner(ports.free()) == "nobody"


def test_a_damaged_file_counts_as_none(settings: OpsSettings) -> None:
    settings.make_folders()
    (settings.run / "ports.json").write_text('{"api": ')
    assert ports.kept(settings) is None
