"""Free ports on loopback: chosen once, kept for the next start."""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from ops.errors import PortTakenError
from ops.machine import credentials
from ops.settings import HOST, OpsSettings

USUAL = {"postgres": 5432, "airflow": 8080, "api": 8000, "app": 8501}
PRIVILEGED = 1024  # only root listens on ports below it


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


def choose(settings: OpsSettings, claims: ExitStack | None = None) -> tuple[Ports, list[str]]:
    """Return the ports of this start, and one line for each port that changed.

    A port from the settings is used or refused. Otherwise the last start's port, then the usual
    one, then a free port from the system. `claims` keeps them from other starts on this machine
    until it is closed.

    Raises:
        PortTakenError: another process listens on a port from the settings.
    """
    if claims is None:
        with ExitStack() as brief:
            return choose(settings, brief)
    last = kept(settings)
    before = asdict(last) if last else USUAL
    chosen: dict[str, int] = {}
    changes = []
    for name in [field.name for field in fields(Ports)]:
        fixed: int | None = getattr(settings, f"{name}_port")
        preferred = fixed or before[name]
        is_ours = is_free(preferred) and _claim(preferred, claims)
        chosen[name] = preferred if is_ours else _another(name, preferred, fixed, claims)
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
    pids = listeners(port)
    for pid in filter(None, pids):
        with suppress(psutil.NoSuchProcess):
            return f"{psutil.Process(pid).name()} (process {pid})"
    if pids:
        return "another process"
    with ExitStack() as brief:
        return "no process" if _claim(port, brief) else "another platform that is starting"


def listeners(port: int) -> set[int | None]:
    """Return the ids of the processes that listen on the port, None for those of other users."""
    return {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }


def addresses(ports: Ports) -> Mapping[str, str]:
    """Return the addresses that users can open."""
    return {name: f"http://{HOST}:{getattr(ports, name)}" for name in ("app", "airflow", "api")}


def save(settings: OpsSettings, ports: Ports) -> Ports:
    """Keep the ports for the next start, and return them."""
    credentials.keep(_file(settings), json.dumps(asdict(ports)))
    return ports


def _another(name: str, taken: int, fixed: int | None, claims: ExitStack) -> int:
    if fixed is None:
        while not _claim(chosen := free(), claims):
            pass
        return chosen
    reason = f"is used by {owner(taken)}. End that process"
    if taken < PRIVILEGED and os.geteuid() != 0 and owner(taken) == "no process":
        reason = "is reserved for root, as all below 1024"
    raise PortTakenError(
        f"port {taken} for {name} {reason}, or set OPS_{name.upper()}_PORT to another port: "
        f"{free()} is free."
    )


def _claim(port: int, claims: ExitStack) -> bool:
    """Reserve a port until `claims` is closed; return whether no other start has reserved it.

    The name of an abstract socket is unique on this machine, and ends with its process.
    """
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0lantern-port-{port}")
    except OSError:
        claim.close()
        return False
    claims.enter_context(claim)
    return True


def _file(settings: OpsSettings) -> Path:
    return settings.run / "ports.json"
