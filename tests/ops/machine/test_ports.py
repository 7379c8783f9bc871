import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ops.errors import PortTakenError
from ops.machine import ports
from ops.settings import HOST, OpsSettings


@pytest.fixture(autouse=True)
def no_port_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer may have set the ports of their own platform."""
    for name in ports.USUAL:
        monkeypatch.delenv(f"OPS_{name.upper()}_PORT", raising=False)


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


def test_two_platforms_that_start_at_the_same_time_get_different_ports(
    settings: OpsSettings, tmp_path: Path
) -> None:
    second = OpsSettings(var=tmp_path / "second")
    for one in (settings, second):
        one.make_folders()
    with ExitStack() as claims, ExitStack() as other_claims:
        first, _ = ports.choose(settings, claims)
        chosen, changes = ports.choose(second, other_claims)
    assert not set(vars(first).values()) & set(vars(chosen).values())
    assert len(changes) == 4
    with ExitStack() as claims:  # a start that ended reserves nothing
        assert ports.choose(settings, claims)[0] == first


def test_a_port_for_root_only_is_refused_with_the_reason(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(PortTakenError, match=r"port 1 for api is reserved for root, .*1024"):
        ports.choose(with_port(settings, "api_port", 1))


def test_a_free_port_has_no_owner() -> None:
    assert ports.owner(ports.free()) == "no process"


def test_a_damaged_file_counts_as_no_ports(settings: OpsSettings) -> None:
    settings.make_folders()
    (settings.run / "ports.json").write_text('{"api": ')
    assert ports.kept(settings) is None
