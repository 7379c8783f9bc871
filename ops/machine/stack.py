"""The platform on one machine: start, stop and state.

A program is started when those it needs are healthy: first Postgres, then the API, the app and
Airflow's API server, then the scheduler, whose first task would fail without Airflow's API.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ops import settings as settings_module
from ops.errors import NotHealthyError, NotRunningError
from ops.machine import credentials, database, environment, health, ports, postgres, processes
from ops.machine.airflow import config as airflow_config
from ops.machine.airflow import setup as airflow_setup
from ops.machine.credentials import Credentials
from ops.machine.ports import Ports
from ops.machine.postgres import Server
from ops.machine.supervisord import Program, Supervisord, fails, until
from ops.settings import OpsSettings
from ops.setup import jars, object_store
from ops.steps import console, step
from warehouse import datasets

AIRFLOW_BACKGROUND = ("airflow-dag-processor", "airflow-scheduler", "airflow-triggerer")
HEALTH_POLL_SECONDS = 0.5
STOP_SECONDS = 10
LINE_BYTES = 400  # assumed average length of a log line, at most


@dataclass(frozen=True)
class State:
    """One program and its health."""

    program: Program
    healthy: bool


class Stack:
    """The platform in the folder of the settings."""

    def __init__(self, settings: OpsSettings) -> None:
        self.settings = settings
        self.supervisord = Supervisord(settings)

    @property
    def secrets(self) -> Credentials:
        """Passwords and keys."""
        return credentials.of(self.settings)

    @property
    def ports(self) -> Ports:
        """The ports of the last start.

        Raises:
            NotRunningError: The platform was never started.
        """
        kept = ports.kept(self.settings)
        if kept is None:
            raise NotRunningError("the platform was never started here: run `lantern up`")
        return kept

    @property
    def server(self) -> Server:
        """The platform's Postgres."""
        return server(self.settings, self.ports)

    def is_up(self) -> bool:
        """Return whether all programs run and are healthy."""
        states = self.states()  # empty if supervisord is down
        return bool(states) and all(state.healthy for state in states)

    def states(self) -> list[State]:
        """Return the state of each program; empty if supervisord is down."""
        if not self.supervisord.is_running():
            return []
        is_healthy = self.health()
        return [
            State(program, program.state == "RUNNING" and is_healthy(program.name))
            for program in self.supervisord.programs()
        ]

    def up(self) -> None:
        """Start the programs that do not run and wait until all are healthy. Repeatable.

        Raises:
            OpsError: A program did not start. The message names its log.
        """
        self.settings.make_folders()
        self._install_connector()
        with ExitStack() as claims:  # of ports, until our programs listen on them
            if not self.supervisord.is_running():
                self._end_orphans()
                _, changes = ports.choose(self.settings, claims)
                for line in changes:
                    console.print(line, markup=False)
            self._start()

    def _install_connector(self) -> None:
        """Put the connector of the lake's object store into PySpark, unless it is there."""
        folder = jars.pyspark_jars()
        root = environment.base(self.settings)["LAKE_ROOT"]
        if object_store.is_used(root) and object_store.missing(folder):
            with step("connector for a lake in S3 (13 MB)"):
                object_store.install(folder)

    def _start(self) -> None:
        with step("supervisord"):
            self.supervisord.start()
        with step(f"Postgres on port {self.ports.postgres}"):
            postgres.initialise(self.server)
            self._link_postgres()
            self.supervisord.start_program("postgres")
            self._wait_for("postgres")
        with closing(postgres.connect(self.server)) as connection:
            database.prepare(connection, self.secrets)
        with ThreadPoolExecutor(1) as executor:
            set_up = executor.submit(self._set_up_airflow)
            self._start_api_and_app()
            with step("Airflow's database"):
                set_up.result()
        self._start_airflow()

    def install(self, dataset: str) -> None:
        """Create or update a data set's schema and the demo's key."""
        url = self.server.url("lantern", database.OWNER, self.secrets.of(database.OWNER))
        database.install(url, dataset, self.settings)

    def show(self, dataset: str) -> None:
        """Make the app open with this data set."""
        file = self.settings.demo_dataset
        if file.exists() and file.read_text() == dataset:
            return
        self.settings.make_folders()
        credentials.keep(file, dataset)
        if self.supervisord.is_running():
            self.supervisord.restart_program("app")
            self._wait_for("app")

    def down(self) -> list[processes.Process]:
        """Stop all programs. Return the orphans that supervisord did not stop."""
        if self.supervisord.is_running():
            with step("stopping the programs"):
                self.supervisord.stop()
                until(self._supervisord_has_ended, "the end of supervisord", STOP_SECONDS)
        return self._end_orphans()

    def health(self) -> Callable[[str], bool]:
        """Return a function from a program's name to its health now."""
        return health.check(self.server, self.ports, self.settings.spark_jvm)

    def _link_postgres(self) -> None:
        link = self.settings.folder / "postgres"
        if self.server.home != link and not link.is_symlink():
            link.symlink_to(self.server.home)
            moved = f"Postgres' user cannot reach {link}; the data is in {self.server.home}"
            console.print(moved, markup=False)

    def _start_api_and_app(self) -> None:
        with step("schemas of the data sets"):
            for dataset in datasets.installed():
                self.install(dataset.name)
        for program in ("api", "app"):
            self.supervisord.start_program(program)

    def _start_airflow(self) -> None:
        for program in ("spark-jvm", "airflow-api", "airflow-dag-processor"):
            self.supervisord.start_program(program)
        for program, port in {"api": self.ports.api, "app": self.ports.app}.items():
            with step(f"{program} on port {port}"):
                self._wait_for(program)
        with step(f"Airflow on port {self.ports.airflow}"):
            self._wait_for("airflow-api")
            self._wait_for("spark-jvm")
            for program in AIRFLOW_BACKGROUND:
                self.supervisord.start_program(program)
            for program in AIRFLOW_BACKGROUND:
                self._wait_for(program)

    def _wait_for(self, program: str) -> None:
        starts: set[int] = set()

        def healthy_or_ended() -> bool:
            if fails(self.supervisord.program(program), starts):
                raise NotHealthyError(self._failure(program, "ended"))
            return self.health()(program)

        try:
            until(
                healthy_or_ended, program, self.settings.health_timeout, every=HEALTH_POLL_SECONDS
            )
        except NotHealthyError as error:
            raise NotHealthyError(self._failure(program, str(error))) from error
        health.require_own_port(program, self.settings, self.ports)

    def _failure(self, program: str, cause: str) -> str:
        last = "\n".join(f"    {line}" for line in log_lines(self.settings, program, 12))
        log = self.settings.logs / f"{program}.log"
        return (
            f"{program}: {cause}. Its last lines:\n{last}\nRead {log}, then run `lantern up` again."
        )

    def _set_up_airflow(self) -> None:
        pools = airflow_setup.pools(self.settings)
        if airflow_config.is_set_up(self.server, pools):
            return
        secrets = self.secrets
        secrets.of(airflow_config.ADMIN_PASSWORD)
        password_file = str(secrets.path(airflow_config.ADMIN_PASSWORD))
        variables = environment.of("airflow-setup", self.settings, self.ports)
        command = [sys.executable, "-m", "ops.machine.airflow.setup", password_file, *pools]
        if airflow_config.is_restored(self.server):
            command.append(airflow_setup.RESET)
        airflow_config.set_up(self.server, command, variables, pools)
        for line in airflow_config.introduction(secrets, with_password=console.is_terminal):
            console.print(line, markup=False)

    def _supervisord_has_ended(self) -> bool:
        return not processes.of(self.settings.folder, program="supervisord")

    def _end_orphans(self) -> list[processes.Process]:
        orphans = processes.of(self.settings.folder)
        processes.end(orphans)
        return orphans


def running() -> Stack:
    """Return the running platform of this machine.

    Raises:
        NotRunningError: The platform is down.
    """
    stack = Stack(settings_module.read())
    if not stack.supervisord.is_running() or not postgres.is_ready(stack.server):
        raise NotRunningError("the platform is down: run `lantern up`")
    return stack


def server(settings: OpsSettings, chosen: Ports) -> Server:
    """Return the platform's Postgres."""
    secrets = credentials.of(settings)
    return Server(postgres.home(settings.folder), chosen.postgres, secrets.of("postgres"))


def log_lines(settings: OpsSettings, program: str, count: int) -> list[str]:
    """Return the last lines of a program's log."""
    path = Path(settings.logs, f"{program}.log")
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - LINE_BYTES * count))
        return log.read().decode(errors="replace").splitlines()[-count:]
