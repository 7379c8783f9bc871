"""A job as a task: the exit codes of a real child process, and how it is stopped."""

import os
import select
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from structlog.testing import capture_logs

from dags.operators import (
    JobOperator,
    SparkJobOperator,
    database_url,
    exit_text,
    hidden_secrets,
    without_secrets,
)

if TYPE_CHECKING:
    from airflow.sdk import Connection


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a task of a job with this text."""
    from airflow.sdk.bases.operator import ExecutorSafeguard

    package = tmp_path / "jobs"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)

    def make(text: str, **arguments: Any) -> JobOperator:
        (package / "small.py").write_text(text)
        return JobOperator(task_id="small", job="small", arguments=[], **arguments)

    return make


def test_exit_code_0_is_a_success(job: Any) -> None:
    job("print('done')").execute({})


def test_exit_code_1_fails_with_the_last_line_of_the_job(job: Any) -> None:
    with pytest.raises(
        AirflowException, match=r"exit code 1; its last line: ERROR no such file: a\.csv"
    ):
        job("import sys; print('ERROR no such file: a.csv\\n'); sys.exit(1)").execute({})


def test_a_failure_without_output_is_reported(job: Any) -> None:
    with pytest.raises(AirflowException, match="exit code 3; its last line: none"):
        job("import sys; sys.exit(3)").execute({})


def test_wrong_arguments_are_not_retried(job: Any) -> None:
    with pytest.raises(AirflowFailException, match="got wrong arguments"):
        job("import argparse; argparse.ArgumentParser().error('no')").execute({})


def test_exit_code_99_can_skip_the_task_itself(job: Any) -> None:
    with pytest.raises(AirflowSkipException):
        job("import sys; sys.exit(99)", on_nothing="skip_self").execute({})


def test_lines_keep_their_level(job: Any) -> None:
    task = job("print('INFO read rows=3'); print('WARNING two are bad'); print('plain \\u00e9')")
    with capture_logs() as lines:
        task.execute({})
    logged = [(line["log_level"], line["event"]) for line in lines]
    assert ("info", "read rows=3") in logged
    assert ("warning", "two are bad") in logged
    assert ("info", "plain é") in logged


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"time": "", "level": "WARNING", "message": "two are bad"}', "warning"),
        ('{"level": "ERROR", "message": "no such file"}', "error"),
        ('{"level": ["ERROR"]}', "info"),
        ('{"rows": 3}', "info"),
        ("{ERROR", "info"),
    ],
)
def test_a_json_line_has_its_own_level_and_stays_as_it_is(job: Any, line: str, level: str) -> None:
    with capture_logs() as lines:
        job(f"print({line!r})").execute({})

    assert (level, line) in [(entry["log_level"], entry["event"]) for entry in lines]


def test_invalid_utf_8_does_not_end_the_task(job: Any) -> None:
    job("import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n')").execute({})


PAUSE = "import signal; signal.pause()"
MORE_THAN_A_PIPE_BUFFERS = 200_000  # once they are written, the operator reads: the task has begun
STUBBORN = """
import os, signal, subprocess, sys
print("x" * {more}, flush=True)
{ignore}
child = subprocess.Popen([sys.executable, "-c", "{pause}"])
fifo = open({fifo!r}, "w")
fifo.write(f"{{os.getpid()}} {{child.pid}}")
fifo.close()
signal.pause()
while True:
    signal.pause()
"""


@pytest.mark.parametrize("ignore", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_a_stopped_task_leaves_no_process(
    job: Any, tmp_path: Path, ignore: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dags.operators.GRACE_SECONDS", 0.3)
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    text = STUBBORN.format(
        pause=PAUSE, ignore=ignore, fifo=str(fifo), more=MORE_THAN_A_PIPE_BUFFERS
    )
    task = job(text)
    error, have_ended = stopped(task, fifo)
    assert "was ended by SIG" in str(error)
    assert all(have_ended)


def test_a_stopped_spark_job_ends_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: Any
) -> None:
    assert job
    fifo, program = tmp_path / "pids", tmp_path / "spark-submit"
    os.mkfifo(fifo)
    program.write_text(
        f"#!/bin/sh\nhead -c {MORE_THAN_A_PIPE_BUFFERS} /dev/zero | tr '\\0' x; echo\n"
        f'echo $$ > {fifo}\nexec "{sys.executable}" -c "{PAUSE}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    task = SparkJobOperator(task_id="small", application="small.py", conn_id="spark")
    error, have_ended = stopped(task, fifo)
    assert have_ended == [True]
    assert "Cannot execute" in str(error)


@pytest.fixture
def warm(job: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a task of a Spark job with this text, on a machine with a warm JVM."""
    monkeypatch.setenv("SPARK_JVM_SOCKET", "/run/jvm.sock")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")

    def make(text: str) -> SparkJobOperator:
        job(text)
        return SparkJobOperator(
            task_id="small",
            application="/jobs/small.py",
            application_args=["--dataset=d"],
            conn_id="spark",
        )

    return make


def test_with_a_warm_jvm_a_spark_job_is_a_child_process(warm: Any) -> None:
    task = warm(
        "import os, sys; print(*sys.argv[1:], os.environ['SPARK_JVM_SOCKET'],"
        " os.environ['PYSPARK_SUBMIT_ARGS'], os.environ.get('AIRFLOW__CORE__FERNET_KEY'))"
    )
    with capture_logs() as lines:
        task.execute({})

    passed = "--dataset=d /run/jvm.sock --master 'local[1]' pyspark-shell None"
    assert ("info", passed) in [(line["log_level"], line["event"]) for line in lines]


def test_a_spark_job_that_fails_with_a_warm_jvm_fails_its_task(warm: Any) -> None:
    with pytest.raises(AirflowException, match=r"jobs.small failed with exit code 1; .*ERROR no"):
        warm("import sys; print('ERROR no row'); sys.exit(1)").execute({})


def test_a_stopped_spark_job_with_a_warm_jvm_leaves_no_process(warm: Any, tmp_path: Path) -> None:
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    text = STUBBORN.format(pause=PAUSE, ignore="", fifo=str(fifo), more=MORE_THAN_A_PIPE_BUFFERS)
    task = warm(text)
    error, have_ended = stopped(task, fifo)
    assert "was ended by SIGTERM" in str(error)
    assert all(have_ended)


def test_a_cluster_gets_the_job_by_spark_submit(
    warm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "spark-submit"
    program.write_text('#!/bin/sh\necho submitted "$@"\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AIRFLOW_CONN_SPARK", '{"conn_type": "spark", "host": "yarn"}')
    with pytest.raises(AirflowException, match="Cannot execute"):
        warm("print('not me')").execute({})


def stopped(task: Any, fifo: Path) -> tuple[BaseException, list[bool]]:
    """Stop a task once its job has written its processes to the fifo.

    Returns:
        The error of the task, and whether each of the processes has ended.
    """
    errors: list[BaseException] = []
    runner = threading.Thread(target=collect, args=(task, errors), daemon=True)
    runner.start()
    processes = [os.pidfd_open(int(pid)) for pid in fifo.read_text().split()]
    task.on_kill()
    runner.join(10)
    assert not runner.is_alive()
    have_ended = [ends(process) for process in processes]
    for process in processes:
        os.close(process)
    return errors[0], have_ended


def collect(task: Any, ended: list[BaseException]) -> None:
    try:
        task.execute({})
    except AirflowException as error:
        ended.append(error)


def ends(pidfd: int) -> bool:
    """Has the process ended, or does it within the next seconds?"""
    waiting = select.poll()
    waiting.register(pidfd, select.POLLIN)
    return bool(waiting.poll(5000))


def test_stopping_a_task_that_has_not_begun_does_nothing(job: Any) -> None:
    job("").on_kill()


@pytest.fixture
def connection() -> "Connection":
    from airflow.sdk import Connection

    return Connection.from_uri("postgres://p:a%20b@db/lantern", conn_id="serving")


def test_the_address_has_a_default_port_and_a_quoted_password(connection: "Connection") -> None:
    assert database_url(connection) == "postgresql+psycopg2://p:a%20b@db:5432/lantern"


def test_extras_of_the_connection_become_options(connection: "Connection") -> None:
    connection.extra = '{"sslmode": "verify-full"}'
    assert database_url(connection).endswith("/lantern?sslmode=verify-full")


def test_the_password_is_masked_in_logs(connection: "Connection") -> None:
    from airflow.sdk._shared.secrets_masker import redact

    assert redact(database_url(connection)) == "postgresql+psycopg2://p:***@db:5432/lantern"


def test_a_job_gets_neither_airflows_settings_nor_the_url_of_postgres() -> None:
    seen = without_secrets(
        {"AIRFLOW_CONN_X": "1", "AIRFLOW__A__B": "2", "SERVING_DATABASE_URL": "3", "LAKE_ROOT": "4"}
    )
    assert seen == {"LAKE_ROOT": "4"}


def test_hidden_secrets_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_X", "1")
    with hidden_secrets():
        assert "AIRFLOW_CONN_X" not in os.environ
    assert os.environ["AIRFLOW_CONN_X"] == "1"


def test_exit_codes_have_a_phrase() -> None:
    assert exit_text(-signal.SIGKILL) == "was ended by SIGKILL"
    assert exit_text(1) == "failed with exit code 1"
