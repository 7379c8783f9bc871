"""Whether the programs of one platform are healthy."""

import json
import socket
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from ops.errors import PortTakenError
from ops.machine import ports as port_numbers
from ops.machine import postgres, processes
from ops.machine.ports import Ports
from ops.machine.postgres import Server
from ops.settings import OpsSettings

TIMEOUT_SECONDS = 10  # a busy machine answers late
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback has no proxy


def check(server: Server, ports: Ports, jvm: Path) -> Callable[[str], bool]:
    """Return a function from a program's name to its health. Airflow is asked once at most.

    `jvm` is the socket of the server of the warm JVM.
    """
    base = port_numbers.addresses(ports)
    checks: dict[str, Callable[[], bool]] = {
        "postgres": lambda: postgres.is_ready(server),
        "spark-jvm": lambda: listens(jvm),
        "api": lambda: answers(f"{base['api']}/health"),
        "app": lambda: answers(f"{base['app']}/_stcore/health"),
        "airflow-api": lambda: answers(f"{base['airflow']}/api/v2/version"),
    }
    airflow = cache(partial(_airflow, f"{base['airflow']}/api/v2/monitor/health"))
    return lambda name: checks[name]() if name in checks else airflow().get(name, False)


def require_own_port(program: str, settings: OpsSettings, ports: Ports) -> None:
    """Raise PortTakenError if it is another platform's program that answers on our port."""
    by_program = {"api": ports.api, "app": ports.app, "airflow-api": ports.airflow}
    port = by_program.get(program)
    if port is None:
        return
    own = {process.pid for process in processes.of(settings.folder, program=program)}
    if not own & port_numbers.listeners(port):
        raise PortTakenError(
            f"{program}: port {port} was taken meanwhile by {port_numbers.owner(port)}. Run "
            "`lantern down` and `lantern up`, which chooses another port."
        )


def answers(url: str) -> bool:
    """Return whether a GET of the URL succeeds."""
    try:
        with DIRECT.open(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status < 400)  # noqa: PLR2004 # HTTP
    except OSError:
        return False


def listens(path: Path) -> bool:
    """Return whether a program listens on the socket file."""
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(TIMEOUT_SECONDS)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _airflow(url: str) -> dict[str, bool]:
    """Return the health of Airflow's components by program; empty if Airflow does not answer."""
    try:
        with DIRECT.open(url, timeout=TIMEOUT_SECONDS) as answer:
            components: dict[str, dict[str, str] | None] = json.load(answer)
    except (OSError, ValueError):
        return {}
    return {
        f"airflow-{name.replace('_', '-')}": component.get("status") == "healthy"
        for name, component in components.items()
        if isinstance(component, dict)
    }
