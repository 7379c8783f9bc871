"""Free ports on loopback: chosen once, kept for the next start."""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ops.errors import PortTakenError
from ops.machine import credentials
from ops.settings import HOST, OpsSettings

LISTENING = "0A"
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
    """Return the ports of this start, and a line for each that had to move.

    The settings' port is taken or nothing; else the last start's, else the usual one, else a free
    one that the system offers.

    Raises:
        PortTakenError: a port of the settings belongs to another process.
    """
    last = kept(settings)
    before = asdict(last) if last else USUAL
    asked = {field.name: getattr(settings, f"{field.name}_port") for field in fields(Ports)}
    chosen: dict[str, int] = {}
    moved = []
    for name, port in asked.items():
        wanted = port or before[name]
        chosen[name] = wanted if is_free(wanted) else _another(name, wanted, port)
        if chosen[name] != wanted:
            moved.append(f"{name}: port {wanted} belongs to {owner(wanted)}; taking {chosen[name]}")
    return _keep(settings, chosen), moved


def is_free(port: int) -> bool:
    """Return whether somebody could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free() -> int:
    """Return a port that the system offers."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def owner(port: int) -> str:
    """Return who listens on the port, as well as this user may know it."""
    sockets = set(_listening(port))
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if sockets.intersection(_open_files(process)):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another process" if sockets else "nobody"


def addresses(ports: Ports) -> Mapping[str, str]:
    """Return the addresses that a person can open."""
    return {
        "app": f"http://{HOST}:{ports.app}",
        "airflow": f"http://{HOST}:{ports.airflow}",
        "api": f"http://{HOST}:{ports.api}",
    }


def _another(name: str, wanted: int, asked: int | None) -> int:
    if asked is None:
        return free()
    raise PortTakenError(
        f"port {wanted} for {name} belongs to {owner(wanted)}. End it, or set "
        f"OPS_{name.upper()}_PORT to another one: {free()} is free."
    )


def _keep(settings: OpsSettings, chosen: Mapping[str, int]) -> Ports:
    ports = Ports(**chosen)
    credentials.keep(_file(settings), json.dumps(asdict(ports)))
    return ports


def _file(settings: OpsSettings) -> Path:
    return settings.run / "ports.json"


def _listening(port: int) -> Iterator[str]:
    for line in _lines():
        local, state, inode = line[1], line[3], line[9]
        if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
            yield f"socket:[{inode}]"


def _open_files(process: Path) -> Iterator[str]:
    for entry in (process / "fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            yield str(entry.readlink())


def _lines() -> Iterable[list[str]]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            yield from (
                line.split() for line in Path("/proc/net", table).read_text().splitlines()[1:]
            )
