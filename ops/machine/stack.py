"""The whole platform on one machine: up, down, and how it is.

Starts are ordered by health, not by time: Postgres, then the API, the app and Airflow's API server,
then the scheduler, whose first task would fail without that server.
"""

import json
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ops.errors import NotHealthyError, NotRunningError
from ops.machine import (
    airflow_config,
    credentials,
    database,
    environment,
    ports,
    postgres,
    processes,
)
from ops.machine.credentials import Credentials
from ops.machine.ports import Ports
from ops.machine.postgres import Server
from ops.machine.supervisord import ENDED, Program, Supervisord, until
from ops.settings import OpsSettings, read
from ops.steps import console, step
from warehouse import datasets

AIRFLOW_PROGRAMS = ("airflow-dag-processor", "airflow-scheduler", "airflow-triggerer")
ANSWER_SECONDS = 3
ASK_SECONDS = 0.5
GONE_SECONDS = 10


@dataclass(frozen=True)
class State:
    """One program, and whether it does its work."""

    program: Program
    healthy: bool


class Stack:
    """One platform: the one in the settings' folder."""

    def __init__(self, settings: OpsSettings) -> None:
        self.settings = settings
        self.supervisord = Supervisord(settings)

    @property
    def secrets(self) -> Credentials:
        """Passwords and keys."""
        return credentials.of(self.settings)

    @property
    def ports(self) -> Ports:
        """The ports in use.

        Raises:
            NotRunningError: the platform was never up.
        """
        found = ports.kept(self.settings)
        if found is None:
            raise NotRunningError("the platform was never up here: `lantern up` starts it")
        return found

    @property
    def server(self) -> Server:
        """Our Postgres."""
        return server(self.settings, self.ports)

    def is_up(self) -> bool:
        """Return whether everything runs and is healthy."""
        return self.supervisord.is_running() and all(each.healthy for each in self.states())

    def states(self) -> list[State]:
        """Return how each program is. Empty when supervisord is down."""
        if not self.supervisord.is_running():
            return []
        healthy = self.health()
        return [
            State(program, program.state == "RUNNING" and healthy(program.name))
            for program in self.supervisord.programs()
        ]

    def up(self) -> None:
        """Start what does not run, and wait until all of it is healthy. Safe to repeat.

        Raises:
            OpsError: something did not start. The message names the log.
        """
        self.settings.make_folders()
        if not self.supervisord.is_running():
            self._clear_remains()
            _, moved = ports.choose(self.settings)
            for line in moved:
                console.print(line)
        with step("supervisord"):
            self.supervisord.start()
        with step(f"Postgres on port {self.ports.postgres}"):
            postgres.initialise(self.server)
            self._point_to_postgres()
            self._start("postgres")
        with ThreadPoolExecutor() as pool:
            prepared = pool.submit(database.prepare, self.server, self.secrets)
            prepared.result()
            self._start_the_rest(pool)

    def install(self, dataset: str) -> None:
        """Give a data set its schema and the demo's key: one that came while all was up, too."""
        database.install(self.server, self.secrets, dataset, self.settings)

    def show(self, dataset: str) -> None:
        """Let the app open with this data set."""
        file = self.settings.demo_dataset
        if file.exists() and file.read_text() == dataset:
            return
        self.settings.make_folders()
        credentials.keep(file, dataset)
        if self.supervisord.is_running():
            self.supervisord.restart_program("app")
            self._wait_for("app")

    def down(self) -> list[processes.Process]:
        """End everything, orphans too. Return what had to be ended one by one."""
        if self.supervisord.is_running():
            with step("programs"):
                self.supervisord.stop()
                until(self._supervisord_is_gone, "the end of supervisord", GONE_SECONDS)
        return self._clear_remains()

    def health(self) -> Callable[[str], bool]:
        """Return a function that says whether a program does its work. Airflow is asked once."""
        base = ports.addresses(self.ports)
        airflow = ask(f"{base['airflow']}/api/v2/monitor/health") or {}
        checks: dict[str, Callable[[], bool]] = {
            "postgres": lambda: postgres.is_ready(self.server),
            "api": lambda: answers(f"{base['api']}/health"),
            "app": lambda: answers(f"{base['app']}/_stcore/health"),
            "airflow-api": lambda: answers(f"{base['airflow']}/api/v2/version"),
        }
        parts = {
            f"airflow-{name.replace('_', '-')}": part.get("status") == "healthy"
            for name, part in airflow.items()
            if isinstance(part, dict)
        }
        return lambda name: checks[name]() if name in checks else parts.get(name, False)

    def _point_to_postgres(self) -> None:
        usual = self.settings.folder / "postgres"
        if self.server.home != usual and not usual.is_symlink():
            usual.symlink_to(self.server.home)
            console.print(f"Postgres' user cannot reach {usual}: its data is in {self.server.home}")

    def _start_the_rest(self, pool: ThreadPoolExecutor) -> None:
        airflow: Future[None] = pool.submit(self._set_up_airflow)
        with step("schemas of the data sets"):
            for dataset in datasets.installed():
                self.install(dataset.name)
        for program in ("api", "app"):
            self.supervisord.start_program(program)
        with step("Airflow's database"):
            airflow.result()
        for program in ("airflow-api", "airflow-dag-processor"):
            self.supervisord.start_program(program)
        for program, port in {"api": self.ports.api, "app": self.ports.app}.items():
            with step(f"{program} on port {port}"):
                self._wait_for(program)
        with step(f"Airflow on port {self.ports.airflow}"):
            self._start("airflow-api")
            for program in AIRFLOW_PROGRAMS:
                self.supervisord.start_program(program)
            for program in AIRFLOW_PROGRAMS:
                self._wait_for(program)

    def _start(self, program: str) -> None:
        self.supervisord.start_program(program)
        self._wait_for(program)

    def _wait_for(self, program: str) -> None:
        def healthy_or_ended() -> bool:
            state = self.supervisord.program(program).state
            if state in ENDED:
                raise NotHealthyError(self._failure(program, "ended"))
            return self.health()(program)

        try:
            until(healthy_or_ended, program, self.settings.health_timeout, every=ASK_SECONDS)
        except NotHealthyError as error:
            raise NotHealthyError(self._failure(program, str(error))) from error

    def _failure(self, program: str, what: str) -> str:
        last = "\n".join(f"    {line}" for line in log_lines(self.settings, program, 12))
        log = self.settings.logs / f"{program}.log"
        return (
            f"{program}: {what}. Its last lines:\n{last}\nRead {log}, then run `lantern up` again."
        )

    def _set_up_airflow(self) -> None:
        if airflow_config.is_set_up(self.server):
            return
        secrets = self.secrets
        secrets.of(airflow_config.ADMIN_PASSWORD)
        password = str(secrets.path(airflow_config.ADMIN_PASSWORD))
        variables = environment.of("airflow-setup", self.settings, self.ports)
        command = [sys.executable, "-m", "ops.machine.airflow_setup", password]
        airflow_config.set_up(self.server, command, variables)
        name, secret = airflow_config.admin(secrets)
        console.print(f"Airflow's administrator: [bold]{name}[/bold], password {secret}")
        console.print(f"  (shown this once; kept in {password})")

    def _supervisord_is_gone(self) -> bool:
        return not processes.of(self.settings.folder, program="supervisord")

    def _clear_remains(self) -> list[processes.Process]:
        found = processes.of(self.settings.folder)
        processes.end(found)
        return found


def running() -> Stack:
    """Return the platform of this machine, which is up.

    Raises:
        NotRunningError: it is down.
    """
    stack = Stack(read())
    if not stack.supervisord.is_running() or not postgres.is_ready(stack.server):
        raise NotRunningError("the platform is down: `lantern up` starts it")
    return stack


def server(settings: OpsSettings, chosen: Ports) -> Server:
    """Return the platform's Postgres."""
    secrets = credentials.of(settings)
    return Server(postgres.home(settings.folder), chosen.postgres, secrets.of("postgres"))


def answers(url: str) -> bool:
    """Return whether a GET of the address is answered well."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 # loopback
            return bool(answer.status < 400)  # noqa: PLR2004 # HTTP
    except OSError:
        return False


def ask(url: str) -> dict[str, dict[str, str]] | None:
    """Return the JSON behind the address, or None where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 # loopback
            found: dict[str, dict[str, str]] = json.load(answer)
    except (OSError, ValueError):
        return None
    return found


def log_lines(settings: OpsSettings, program: str, count: int) -> list[str]:
    """Return the last lines of a program's log."""
    path = Path(settings.logs, f"{program}.log")
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 400 * count))
        return log.read().decode(errors="replace").splitlines()[-count:]
