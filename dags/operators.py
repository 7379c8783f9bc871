"""Operators that run a job in a child process, without a shell and without Airflow's secrets.

A job exits with 0 (done), 99 (nothing to do), 2 (wrong arguments) or another code (failed); its
last line gives the reason. `jobs/runtime/entrypoint.py` sets these codes.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseHook, BaseOperator, Connection, Context, SkipMixin
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)
from airflow.sdk.log import mask_secret

from warehouse.tables.vocabulary import NOTHING_TO_DO, SPARK_JVM_SOCKET

WRONG_ARGUMENTS = 2
GRACE_SECONDS = 3.0  # Airflow kills a task 5 s after SIGTERM

SETTINGS_FOR_CLEANING = (
    "AIRFLOW_HOME",
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__CORE__LOAD_EXAMPLES",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
)
ALERTS, KAFKA = "ALERT_", "KAFKA_"  # first letters of settings with secrets
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

OnNothing = Literal["skip_rest", "skip_self"]


class Child:
    """A job as a child process, in a session of its own, with a copy of its output in the log."""

    def __init__(self, job: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._job = job
        self.process = subprocess.Popen(  # noqa: S603 # a list, no shell
            [sys.executable, "-P", "-m", f"jobs.{job}", *arguments],
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def wait(self, log: Any) -> tuple[int, str]:
        """Copy its output to `log` until it ends; return its exit code and its last line."""
        if self.process.stdout is None:
            raise AssertionError
        last_line = "none"
        with self.process.stdout as lines:
            for line in map(str.rstrip, lines):
                log_line(log, line)
                last_line = line or last_line
        return self.process.wait(), last_line

    def stop(self, log: Any) -> None:
        """Stop it and its children: SIGTERM first, SIGKILL after the grace period."""
        process = self.process
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("jobs.%s did not stop on SIGTERM: killed", self._job)
            os.killpg(process.pid, signal.SIGKILL)


class JobOperator(BaseOperator, SkipMixin):
    """Runs `python -m jobs.<job>` and copies its output to the task's log.

    Args:
        serving: Whether the job gets the connection `serving`, as SERVING_DATABASE_URL.
        airflow: Whether the job gets Airflow's database and log folder, from the connection
            `airflow_metadata` if there is one.
        alerts: Whether the job gets the settings of alerts, which have passwords.
        kafka: Whether the job gets the settings of Kafka, which have a password.
        on_nothing: Effect of exit code 99. `skip_rest`: this task succeeds and the later ones are
            skipped. `skip_self`: this task is skipped, so its outlets are not updated.
    """

    template_fields: Sequence[str] = ("arguments",)
    inherits_from_skipmixin = True  # a cleared task is skipped again if this task skipped it
    ui_color = "#e8f1ec"

    def __init__(
        self,
        *,
        job: str,
        arguments: Sequence[str],
        serving: bool = False,
        airflow: bool = False,
        alerts: bool = False,
        kafka: bool = False,
        on_nothing: OnNothing = "skip_rest",
        **operator_args: Any,
    ) -> None:
        super().__init__(**operator_args)
        self.job = job
        self.arguments = arguments
        self.serving = serving
        self.airflow = airflow
        self.alerts = alerts
        self.kafka = kafka
        self.on_nothing = on_nothing
        self._child: Child | None = None

    def execute(self, context: Context) -> None:
        """Run the job; its exit code decides the state of the task."""
        code, last_line = self._run()
        if code == NOTHING_TO_DO:
            self._skip(context)
        elif code == WRONG_ARGUMENTS:
            raise AirflowFailException(f"jobs.{self.job} got wrong arguments: {last_line}")
        elif code != 0:
            raise AirflowException(f"jobs.{self.job} {exit_text(code)}; its last line: {last_line}")

    def on_kill(self) -> None:
        """Stop the job and its children."""
        if self._child is not None:
            self._child.stop(self.log)

    def _run(self) -> tuple[int, str]:
        self._child = Child(self.job, self.arguments, self._environment())
        return self._child.wait(self.log)

    def _environment(self) -> dict[str, str]:
        environment = without_secrets(os.environ)
        if self.serving:
            environment["SERVING_DATABASE_URL"] = database_url(BaseHook.get_connection("serving"))
        if self.airflow:
            environment |= airflow_settings()
        for prefix, is_given in ((ALERTS, self.alerts), (KAFKA, self.kafka)):
            if is_given:
                environment |= {n: v for n, v in os.environ.items() if n.startswith(prefix)}
        return environment

    def _skip(self, context: Context) -> None:
        if self.on_nothing == "skip_self":
            raise AirflowSkipException("Nothing to do; the job's last line gives the reason.")
        self.log.info("Nothing to do, as the line above explains. The later tasks are skipped.")
        self.skip(ti=context["ti"], tasks=context["task"].get_flat_relatives(upstream=False))


class SparkJobOperator(SparkSubmitOperator):
    """SparkSubmitOperator whose driver does not inherit Airflow's connections and keys.

    With a local master, where SPARK_JVM_SOCKET names the server of a warm JVM
    (`jobs/runtime/warm_jvm.py`), the job is a child process that borrows it.
    """

    _child: Child | None = None

    def execute(self, context: Context) -> None:
        """Submit the job and wait until it ends."""
        self._hook = self._get_hook()  # reads the connection before the secrets are hidden
        master = str(self._hook._connection["master"])  # noqa: SLF001 # it has no other name
        if SPARK_JVM_SOCKET in os.environ and master.startswith("local"):
            self._run_warm(master)
            return
        with hidden_secrets():
            super().execute(context)

    def on_kill(self) -> None:
        """Stop the job."""
        if self._child is None:
            super().on_kill()
        else:
            self._child.stop(self.log)

    def _run_warm(self, master: str) -> None:
        job = Path(self.application).stem
        submit = {"PYSPARK_SUBMIT_ARGS": f"--master {shlex.quote(master)} pyspark-shell"}
        environment = without_secrets(os.environ) | submit
        self._child = Child(job, self.application_args or [], environment)
        code, last_line = self._child.wait(self.log)
        if code != 0:
            raise AirflowException(f"jobs.{job} {exit_text(code)}; its last line: {last_line}")


def database_url(connection: Connection) -> str:
    """Return the URL for SQLAlchemy, and mask its password in all logs from now on."""
    password = quote(connection.password or "", safe="")
    url = (
        f"postgresql+psycopg2://{quote(connection.login or '', safe='')}:{password}"
        f"@{connection.host}:{connection.port or 5432}/{connection.schema}"
    )
    for secret in filter(None, (connection.password, password)):
        mask_secret(secret)
    options = connection.extra_dejson
    return f"{url}?{urlencode(options)}" if options else url


def airflow_settings() -> dict[str, str]:
    """Return the variables with which a job cleans Airflow; none without the connection.

    A task's own process may not reach Airflow's database, so its address is a connection.
    """
    try:
        connection = BaseHook.get_connection("airflow_metadata")
    except AirflowNotFoundException:
        return {}
    home = os.environ.get("AIRFLOW_HOME", str(Path.home() / "airflow"))
    kept = {name: os.environ[name] for name in SETTINGS_FOR_CLEANING if name in os.environ}
    defaults = {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__BASE_LOG_FOLDER": f"{home}/logs"}
    return defaults | kept | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url(connection)}


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a job.

    They are all but Airflow's settings, those of alerts and Kafka, and the URL of Postgres.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AIRFLOW_", "_AIRFLOW_", ALERTS, KAFKA))
        and name != "SERVING_DATABASE_URL"
    }


@contextmanager
def hidden_secrets() -> Iterator[None]:
    """Remove what `without_secrets` leaves out from the environment during the block."""
    hidden = {name: os.environ[name] for name in os.environ.keys() - without_secrets(os.environ)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def log_line(log: Any, line: str) -> None:
    """Log a line of a job with the level that it has, else as INFO."""
    level, _, message = line.partition(" ")
    if line.startswith("{"):  # LOG_FORMAT=json
        with suppress(json.JSONDecodeError):
            level, message = json.loads(line).get("level"), line
    level, message = (level, message) if level in LEVELS else ("INFO", line)
    getattr(log, level.lower())("%s", message)


def exit_text(code: int) -> str:
    """Return a phrase for the exit code of a process."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"failed with exit code {code}"
