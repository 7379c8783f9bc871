"""supervisord: its configuration, its start, and its XML-RPC interface over a socket file."""

import contextlib
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from ops.errors import NotHealthyError, OpsError
from ops.machine import processes
from ops.machine.environment import SECRET, base, inherited, of_object_store
from ops.settings import OpsSettings

PROGRAMS = {
    "postgres": "INT",  # a "fast" shutdown of Postgres
    "api": "TERM",
    "app": "TERM",
    "spark-jvm": "TERM",
    "airflow-api": "TERM",
    "airflow-dag-processor": "TERM",
    "airflow-scheduler": "TERM",
    "airflow-triggerer": "TERM",
}
ENDED = {"STOPPED", "EXITED", "FATAL"}
MAX_STARTS = 3  # for which `up` waits; supervisord goes on
MAX_SOCKET_PATH = 100
POLL_SECONDS = 0.1

# Without a folder's name: in supervisord's files `%`, `;`, `#` and quotes have meanings. It runs in
# the folder of the logs, and finds Python on its PATH.
HEAD = """; Written by `lantern up`. Changes here are lost.
[unix_http_server]
file=../run/supervisord.sock
chmod=0600

[supervisord]
logfile=supervisord.log
pidfile=../run/supervisord.pid
childlogdir=../logs
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
# The waits between its starts grow by a second each: 60 starts are half an hour. A program is tried
# so long because another user of the machine can hold its port for a while.
PROGRAM = """
[program:{name}]
command=python -P -m ops.machine.launch {name}
autostart=false
autorestart=true
startsecs=5
startretries=60
stopsignal={signal}
stopwaitsecs=20
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


@dataclass(frozen=True)
class Program:
    """One program as supervisord reports it. `since` is a Unix time, 0 if it never ran."""

    name: str
    state: str
    pid: int
    since: int
    detail: str


def configuration() -> str:
    """Return supervisord's configuration file. It contains no secret and no path."""
    return HEAD + "".join(
        PROGRAM.format(name=name, signal=stop, as_group="false" if name == "postgres" else "true")
        for name, stop in PROGRAMS.items()
    )


def fails(program: Program, starts: set[int]) -> bool:
    """Return whether a program has ended, or ends at once again and again.

    `starts` collects the times of its starts, from one call to the next.
    """
    starts.add(program.since)
    return program.state in ENDED or (program.state == "BACKOFF" and len(starts) > MAX_STARTS)


class Supervisord:
    """The supervisord of one platform."""

    def __init__(self, settings: OpsSettings) -> None:
        self.settings = settings
        self.socket = settings.run / "supervisord.sock"

    def is_running(self) -> bool:
        """Return whether supervisord answers."""
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def start(self) -> None:
        """Start supervisord if it does not run. It starts no program by itself.

        Raises:
            OpsError: supervisord did not start.
        """
        if self.is_running():
            return
        if len(os.fsencode(self.socket)) > MAX_SOCKET_PATH:
            raise OpsError(
                f"the path {self.socket} is too long for a socket: set OPS_VAR elsewhere"
            )
        file = self.settings.run / "supervisord.conf"
        file.write_text(configuration())
        variables = base(self.settings) | {processes.MARK: str(self.settings.folder)}
        # `launch` chooses who gets these
        variables |= of_object_store(variables["LAKE_ROOT"]) | inherited(SECRET)
        command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(file)]
        result = subprocess.run(  # noqa: S603
            command,
            env=variables,
            cwd=self.settings.logs,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise OpsError(f"supervisord: {result.stdout.strip() or result.stderr.strip()}")
        until(self.is_running, "supervisord", 10)

    def start_program(self, name: str) -> None:
        """Start a program if it does not run."""
        if self.program(name).state not in {"RUNNING", "STARTING"}:
            self._call("startProcess", name, False)  # noqa: FBT003 # XML-RPC has positional arguments only

    def restart_program(self, name: str) -> None:
        """Stop a program and start it with the current environment."""
        with contextlib.suppress(xmlrpc.client.Fault):  # it was not running
            self._call("stopProcess", name, True)  # noqa: FBT003
        self.start_program(name)

    def program(self, name: str) -> Program:
        """Return one program's state."""
        return next(program for program in self.programs() if program.name == name)

    def programs(self) -> list[Program]:
        """Return every program's state, in the order in which they are started."""
        by_name = {info["name"]: info for info in self._call("getAllProcessInfo")}
        return [
            Program(name, info["statename"], info["pid"], info["start"], info["spawnerr"])
            for name in PROGRAMS
            if (info := by_name.get(name))
        ]

    def stop(self) -> None:
        """Stop the programs that use Postgres, then Postgres, then supervisord."""
        clients = [name for name in PROGRAMS if name != "postgres"]
        for group in (clients, ["postgres"]):
            for name in group:
                with contextlib.suppress(xmlrpc.client.Fault):  # it was not running
                    self._call("stopProcess", name, False)  # noqa: FBT003
            until(lambda group=group: self._have_ended(group), f"the end of {', '.join(group)}", 60)  # type: ignore[misc]
        self._call("shutdown")
        until(lambda: not self.is_running(), "the end of supervisord", 30)

    def _have_ended(self, names: Sequence[str]) -> bool:
        return all(program.state in ENDED for program in self.programs() if program.name in names)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://supervisord", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def until(
    condition: Callable[[], bool], what: str, seconds: float, *, every: float = POLL_SECONDS
) -> None:
    """Wait until the condition is true.

    Raises:
        NotHealthyError: The time is over.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotHealthyError(f"waited {seconds:.0f} s for {what} without success")
        time.sleep(every)
