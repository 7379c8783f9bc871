"""supervisord: its file, its start, and its XML-RPC interface over a socket file."""

import contextlib
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from ops.errors import NotHealthyError, OpsError
from ops.machine import processes
from ops.machine.environment import base
from ops.settings import ROOT, OpsSettings

PROGRAMS = {
    "postgres": "INT",  # what Postgres calls a fast stop
    "api": "TERM",
    "app": "TERM",
    "airflow-api": "TERM",
    "airflow-dag-processor": "TERM",
    "airflow-scheduler": "TERM",
    "airflow-triggerer": "TERM",
}
ENDED = {"STOPPED", "EXITED", "FATAL"}
LONGEST_SOCKET = 100
POLL_SECONDS = 0.1

HEAD = """; Written by `lantern up`. Changes here are lost.
[unix_http_server]
file={run}/supervisord.sock
chmod=0600

[supervisord]
logfile={logs}/supervisord.log
pidfile={run}/supervisord.pid
childlogdir={logs}
directory={root}
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command="{python}" -m ops.machine.launch {name}
autostart=false
autorestart=true
startsecs=5
startretries=3
stopsignal={signal}
stopwaitsecs=20
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


@dataclass(frozen=True)
class Program:
    """One program as supervisord sees it. `since` is seconds since 1970, 0 if it never ran."""

    name: str
    state: str
    pid: int
    since: int
    detail: str


def configuration(settings: OpsSettings) -> str:
    """Return supervisord's file. It holds no secret."""
    places = {name: _escaped(getattr(settings, name)) for name in ("run", "logs")}
    head = HEAD.format(root=_escaped(ROOT), **places)
    return head + "".join(
        PROGRAM.format(
            name=name,
            signal=stop,
            python=_escaped(Path(sys.executable)),
            logs=places["logs"],
            as_group="false" if name == "postgres" else "true",
        )
        for name, stop in PROGRAMS.items()
    )


class Supervisord:
    """The supervisord of one platform."""

    def __init__(self, settings: OpsSettings) -> None:
        self.settings = settings
        self.socket = settings.run / "supervisord.sock"

    def is_running(self) -> bool:
        """Return whether it answers."""
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def start(self) -> None:
        """Start it, unless it runs. It starts no program by itself.

        Raises:
            OpsError: it did not come up.
        """
        if self.is_running():
            return
        if len(str(self.socket)) > LONGEST_SOCKET:
            raise OpsError(f"{self.socket} is too long a path for a socket: set OPS_VAR elsewhere")
        file = self.settings.run / "supervisord.conf"
        file.write_text(configuration(self.settings))
        variables = base(self.settings) | {processes.MARK: str(self.settings.folder)}
        command = [str(Path(sys.executable).parent / "supervisord"), "-c", str(file)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise OpsError(f"supervisord: {done.stdout.strip() or done.stderr.strip()}")
        until(self.is_running, "supervisord", 10)

    def start_program(self, name: str) -> None:
        """Start a program, unless it runs."""
        if self.program(name).state not in {"RUNNING", "STARTING"}:
            self._call("startProcess", name, False)  # noqa: FBT003 # XML-RPC knows positions only

    def restart_program(self, name: str) -> None:
        """Stop a program and start it again, with the environment of now."""
        with contextlib.suppress(xmlrpc.client.Fault):  # it did not run
            self._call("stopProcess", name, True)  # noqa: FBT003
        self.start_program(name)

    def program(self, name: str) -> Program:
        """Return one program's state."""
        return next(each for each in self.programs() if each.name == name)

    def programs(self) -> list[Program]:
        """Return every program's state, in the order of their starts."""
        said = {each["name"]: each for each in self._call("getAllProcessInfo")}
        return [
            Program(name, each["statename"], each["pid"], each["start"], each["spawnerr"])
            for name in PROGRAMS
            if (each := said.get(name))
        ]

    def stop(self) -> None:
        """Stop every program, the users of Postgres before Postgres, then supervisord itself."""
        users = [name for name in PROGRAMS if name != "postgres"]
        for group in (users, ["postgres"]):
            for name in group:
                with contextlib.suppress(xmlrpc.client.Fault):  # it did not run
                    self._call("stopProcess", name, False)  # noqa: FBT003
            until(lambda group=group: self._rest(group), f"the end of {', '.join(group)}", 60)  # type: ignore[misc]
        self._call("shutdown")
        until(lambda: not self.is_running(), "the end of supervisord", 30)

    def _rest(self, names: Sequence[str]) -> bool:
        return all(each.state in ENDED for each in self.programs() if each.name in names)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://supervisord", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def until(
    condition: Callable[[], bool], what: str, seconds: float, *, every: float = POLL_SECONDS
) -> None:
    """Wait until the condition holds.

    Raises:
        NotHealthyError: it did not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotHealthyError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(every)


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
