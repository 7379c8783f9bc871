"""How a job runs as a task: a child process without a shell, and without Airflow's secrets.

A job ends with 0 (done), 99 (nothing further to do, its last line says why), 2 (called wrongly) or
anything else (failed; its last lines say why). `jobs/runtime/entrypoint.py` is the other side.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal
from urllib.parse import quote, urlencode

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseHook, BaseOperator, Connection, Context, SkipMixin
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.log import mask_secret

from warehouse.tables.vocabulary import NOTHING_TO_DO

CALLED_WRONGLY = 2
GRACE_SECONDS = 3.0  # Airflow kills a task 5 s after it asked it to stop

OnNothing = Literal["skip_rest", "skip_self"]


class JobOperator(BaseOperator, SkipMixin):
    """Runs `python -m jobs.<job>` and writes its lines into the task's log.

    Args:
        job: Name of the module in `jobs/`.
        arguments: What follows it on the command line.
        serving: The job may write to Postgres: it finds the connection `serving` in
            SERVING_DATABASE_URL.
        on_nothing: What exit code 99 means. `skip_rest`: this task did its work, what follows is
            skipped. `skip_self`: this task is skipped, so that its outlets tell nobody.
        operator_args: As of every operator.
    """

    template_fields: Sequence[str] = ("arguments",)
    inherits_from_skipmixin = True  # clearing a skipped task looks at what this one decided
    ui_color = "#e8f1ec"

    def __init__(
        self,
        *,
        job: str,
        arguments: Sequence[str],
        serving: bool = False,
        on_nothing: OnNothing = "skip_rest",
        **operator_args: Any,
    ) -> None:
        super().__init__(**operator_args)
        self.job = job
        self.arguments = arguments
        self.serving = serving
        self.on_nothing = on_nothing
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Context) -> None:
        """Run the job, and turn its exit code into the task's end."""
        code, said = self._run()
        if code == NOTHING_TO_DO:
            self._skip(context)
        elif code == CALLED_WRONGLY:
            raise AirflowFailException(f"jobs.{self.job} was called wrongly; it said: {said}")
        elif code != 0:
            raise AirflowException(f"jobs.{self.job} {ending(code)}; it said: {said}")

    def on_kill(self) -> None:
        """End the job and all that it started: first asked, then killed."""
        if self._process is None or self._process.poll() is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.log.warning("jobs.%s did not stop when asked: killed", self.job)
        self._signal(signal.SIGKILL)

    def _run(self) -> tuple[int, str]:
        self._process = subprocess.Popen(  # noqa: S603 # a list, no shell
            [sys.executable, "-P", "-m", f"jobs.{self.job}", *self.arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        if self._process.stdout is None:
            raise AssertionError
        said = "nothing"
        with self._process.stdout as lines:
            for line in map(str.rstrip, lines):
                self._log_line(line)
                said = line or said
        return self._process.wait(), said

    def _log_line(self, line: str) -> None:
        level, _, message = line.partition(" ")
        if level in {"WARNING", "ERROR", "CRITICAL"}:
            getattr(self.log, level.lower())("%s", message)
        else:
            self.log.info("%s", message if level == "INFO" else line)

    def _environment(self) -> dict[str, str]:
        environment = without_secrets(os.environ) | {"PYTHONUNBUFFERED": "1"}
        if self.serving:
            environment["SERVING_DATABASE_URL"] = database_url(BaseHook.get_connection("serving"))
        return environment

    def _skip(self, context: Context) -> None:
        if self.on_nothing == "skip_self":
            raise AirflowSkipException("Nothing to do further; the job's last line says why.")
        self.log.info("Nothing to do further; the line above says why. What follows is skipped.")
        self.skip(ti=context["ti"], tasks=context["task"].get_flat_relatives(upstream=False))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


class SparkJobOperator(SparkSubmitOperator):
    """SparkSubmitOperator whose driver does not inherit Airflow's connections and keys."""

    def execute(self, context: Context) -> None:
        """Submit the job and wait for its end."""
        self._hook = self._get_hook()  # reads the connection, while it is still to be seen
        with hidden_secrets():
            super().execute(context)


def database_url(connection: Connection) -> str:
    """Return the address that SQLAlchemy takes; its password is masked in every log from now on."""
    password = quote(connection.password or "", safe="")
    url = (
        f"postgresql+psycopg2://{quote(connection.login or '', safe='')}:{password}"
        f"@{connection.host}:{connection.port or 5432}/{connection.schema}"
    )
    for secret in filter(None, (connection.password, password)):
        mask_secret(secret)
    options = connection.extra_dejson
    return f"{url}?{urlencode(options)}" if options else url


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a job may see: no setting of Airflow, no address of Postgres."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AIRFLOW_", "_AIRFLOW_")) and name != "SERVING_DATABASE_URL"
    }


@contextmanager
def hidden_secrets() -> Iterator[None]:
    """Take them out of this process's environment for as long as a job runs."""
    hidden = {name: os.environ[name] for name in os.environ.keys() - without_secrets(os.environ)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def ending(code: int) -> str:
    """Return how a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"failed with exit code {code}"
