"""Jobs that share one JVM: real processes, a real JVM."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from jobs.runtime import warm_jvm
from ops.machine import environment
from ops.settings import ROOT, OpsSettings

# A job that prints the process of its JVM, and ends in one of three ways.
JOB = """
from jobs.runtime import entrypoint, session
from jobs.runtime.errors import EmptyFileError
def main():
    spark = session.start("small")
    print("pid", spark.sparkContext._jvm.ProcessHandle.current().pid(), spark.range(5).count())
    {end}
entrypoint.run(main)
"""
WELL = "pass"
EXPECTED = "raise EmptyFileError('no row')"
UNEXPECTED = "raise KeyError('a bug')"
ARGUMENTS = "PYSPARK_SUBMIT_ARGS"
IDLE_SECONDS = 3.0


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The environment of a job on this machine."""
    chosen = OpsSettings(var=tmp_path, spark_master="local[1]")
    return {
        **os.environ,
        **environment.spark(chosen),
        warm_jvm.SOCKET: str(tmp_path / "jvm.sock"),
        ARGUMENTS: "--master local[1] pyspark-shell",
    }


@contextmanager
def server(variables: dict[str, str], *, idle_seconds: float = 60) -> Iterator[psutil.Process]:
    """Run the server until the end of the block."""
    path = Path(variables[warm_jvm.SOCKET])
    command = [
        *(sys.executable, "-m", "jobs.runtime.warm_jvm_server", str(path)),
        *("--idle-seconds", str(idle_seconds)),
    ]
    process = psutil.Popen(command, cwd=ROOT, env=variables)
    try:
        until(path.exists)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def run(variables: dict[str, str], end: str = WELL) -> int:
    """Run a job to its end; return the process of its JVM."""
    job = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-c", JOB.format(end=end)],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^pid (\d+) 5$", job.stdout, re.MULTILINE)
    assert found, job.stdout + job.stderr
    return int(found[1])


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def only_child(process: psutil.Process) -> int:
    (child,) = process.children()
    return int(child.pid)


def test_jobs_share_a_jvm_until_one_of_them_breaks(variables: dict[str, str]) -> None:
    with server(variables) as keeper:
        first = run(variables)
        assert only_child(keeper) == first
        assert run(variables, EXPECTED) == first
        assert run(variables, UNEXPECTED) == first
        until(lambda: not psutil.pid_exists(first))


def test_a_jvm_is_lent_to_one_job_at_a_time_and_ends_with_the_server(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(variables, monkeypatch)
    with server(variables) as keeper:
        assert warm_jvm.borrow()
        first = only_child(keeper)
        assert asked(variables) == b"{}\n"
        warm_jvm.give_back(usable=True)
        assert asked(variables) != b"{}\n"  # and not returned: the JVM ends
        until(lambda: not psutil.pid_exists(first))
        until(warm_jvm.borrow)
        second = only_child(keeper)
        assert second != first
    until(lambda: not psutil.pid_exists(second))
    warm_jvm.give_back(usable=True)


def test_an_idle_jvm_ends_and_other_settings_start_another(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(variables, monkeypatch)
    with server(variables, idle_seconds=IDLE_SECONDS) as keeper:
        assert warm_jvm.borrow()
        first = only_child(keeper)
        time.sleep(IDLE_SECONDS + 1)
        assert psutil.pid_exists(first)  # a job that runs for longer keeps it
        warm_jvm.give_back(usable=True)
        monkeypatch.setenv(ARGUMENTS, "--master local[1] --name other pyspark-shell")
        assert warm_jvm.borrow()
        second = only_child(keeper)
        assert second != first
        warm_jvm.give_back(usable=True)
        until(lambda: not psutil.pid_exists(second), seconds=IDLE_SECONDS + 20)


def test_rows_beside_the_memory_of_a_jvm_are_deleted_with_it(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(variables, monkeypatch)
    folder = Path(variables[warm_jvm.SOCKET]).parent
    (folder / "spark-jvm-left").mkdir()  # by a server that was killed
    (folder / "spark-jvm-left" / "shuffle_0.data").write_text("a user's row")
    with server(variables) as keeper:
        until(lambda: not (folder / "spark-jvm-left").exists())
        assert warm_jvm.borrow()
        (scratch,) = folder.glob("spark-jvm-*")
        assert scratch.stat().st_mode & 0o777 == 0o700
        jvm = psutil.Process(only_child(keeper))
        assert jvm.environ()["SPARK_LOCAL_DIRS"] == str(scratch)
        assert f"-Djava.io.tmpdir={scratch}" in jvm.cmdline()
        (scratch / "shuffle_1.data").write_text("a user's row")
        warm_jvm.give_back(usable=False)
        until(lambda: not scratch.exists())


def use(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process ask the server, as a job does."""
    for name in (warm_jvm.SOCKET, *warm_jvm.ASKED):
        monkeypatch.setenv(name, variables[name])
    for name in warm_jvm.OF_PYSPARK:
        monkeypatch.delenv(name, raising=False)


def asked(variables: dict[str, str]) -> bytes:
    """Ask for the JVM as a second job does; return the answer, and keep nothing."""
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.connect(variables[warm_jvm.SOCKET])
        wanted = {name: variables[name] for name in warm_jvm.ASKED}
        client.sendall(json.dumps(wanted).encode() + b"\n")
        return client.recv(4096)


def test_only_this_user_can_borrow_the_jvm(variables: dict[str, str]) -> None:
    with server(variables):
        mode = Path(variables[warm_jvm.SOCKET]).stat().st_mode
    assert mode & 0o777 == 0o600


def test_a_look_at_the_server_starts_no_jvm(variables: dict[str, str]) -> None:
    with server(variables) as keeper:
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(variables[warm_jvm.SOCKET])
            client.shutdown(socket.SHUT_WR)
            client.settimeout(20)
            assert client.recv(1) == b""
        assert keeper.children() == []


def test_without_a_server_a_job_starts_its_own_jvm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(warm_jvm.SOCKET, raising=False)
    assert not warm_jvm.borrow()
    monkeypatch.setenv(warm_jvm.SOCKET, str(tmp_path / "absent.sock"))
    assert not warm_jvm.borrow()
    assert not warm_jvm.is_borrowed()
    warm_jvm.give_back(usable=True)
