"""Free ports on loopback: chosen once, kept for the next start."""

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from ops.errors import PortTakenError
from ops.machine import credentials
from ops.settings import HOST, OpsSettings

USUAL = {"postgres": 5432, "airflow": 8080, "api": 8000, "app": 8501}


@dataclass(frozen=True)
class Ports:
    """The ports of one platform."""

    postgres: int
    airflow: int
    api: int
    app: int


def kept(settings: OpsSettings) -> Ports | None:
    """Return the ports of the last start, or None before the first."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        return Ports(**json.loads(_file(settings).read_text()))
    return None


def choose(settings: OpsSettings) -> tuple[Ports, list[str]]:
    """Return the ports of this start, and one line for each port that changed.

    A port from the settings is used or refused. Otherwise the last start's port, then the usual
    one, then a free port from the system.

    Raises:
        PortTakenError: another process listens on a port from the settings.
    """
    last = kept(settings)
    before = asdict(last) if last else USUAL
    chosen: dict[str, int] = {}
    changes = []
    for name in [field.name for field in fields(Ports)]:
        fixed: int | None = getattr(settings, f"{name}_port")
        preferred = fixed or before[name]
        chosen[name] = preferred if is_free(preferred) else _another(name, preferred, fixed)
        if chosen[name] != preferred:
            changes.append(
                f"{name}: port {preferred} is used by {owner(preferred)}; using {chosen[name]}"
            )
    return save(settings, Ports(**chosen)), changes


def is_free(port: int) -> bool:
    """Return whether a process could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free() -> int:
    """Return a free port that the system chooses."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def owner(port: int) -> str:
    """Return the name and id of the process that listens on the port, if this user may see it."""
    listeners = [
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    for pid in filter(None, listeners):
        with suppress(psutil.NoSuchProcess):
            return f"{psutil.Process(pid).name()} (process {pid})"
    return "another process" if listeners else "no process"


def addresses(ports: Ports) -> Mapping[str, str]:
    """Return the addresses that users can open."""
    return {name: f"http://{HOST}:{getattr(ports, name)}" for name in ("app", "airflow", "api")}


def save(settings: OpsSettings, ports: Ports) -> Ports:
    """Keep the ports for the next start, and return them."""
    credentials.keep(_file(settings), json.dumps(asdict(ports)))
    return ports


def _another(name: str, taken: int, fixed: int | None) -> int:
    if fixed is None:
        return free()
    raise PortTakenError(
        f"port {taken} for {name} is used by {owner(taken)}. End that process, or set "
        f"OPS_{name.upper()}_PORT to another port: {free()} is free."
    )


def _file(settings: OpsSettings) -> Path:
    return settings.run / "ports.json"
