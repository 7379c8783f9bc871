import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.machine import processes

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
OBEDIENT = "import time; print('ready', flush=True); time.sleep(60)"


def start(stack: Path | None, program: str, code: str = OBEDIENT) -> "subprocess.Popen[bytes]":
    environment = dict(os.environ)
    if stack is not None:
        environment |= {processes.MARK: str(stack), processes.PROGRAM: program}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    children = [
        start(tmp_path, "api"),
        start(tmp_path, "app"),
        start(tmp_path / "other", "api"),
        start(None, ""),
    ]
    yield children
    for process in children:
        process.kill()
        process.communicate()


def test_only_the_platforms_own_processes_are_found(
    started: list["subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    api, app, *_ = started
    assert {process.pid for process in processes.of(tmp_path)} == {api.pid, app.pid}
    assert [process.pid for process in processes.of(tmp_path, program="app")] == [app.pid]


def test_ending_leaves_the_processes_of_others_running(
    started: list["subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    processes.end(processes.of(tmp_path), grace=10)
    assert processes.of(tmp_path) == []
    assert [process.poll() is None for process in started] == [False, False, True, True]


def test_a_child_without_the_mark_is_found_through_its_parent(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', "
        "'import time; time.sleep(60)'], env={}); print('ready', flush=True); c.wait()"
    )
    with start(tmp_path, "postgres", code):
        family = processes.of(tmp_path)
        assert [process.program for process in family] == ["postgres", "postgres"]
        processes.end(family)
        assert processes.of(tmp_path) == []


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with start(tmp_path, "api", STUBBORN) as process:
        processes.end(processes.of(tmp_path), grace=0.3)
        assert process.wait(10) == -9


def test_a_process_that_cannot_be_ended_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: None)
    processes.end([processes.Process(os.getpid(), "api")], grace=0.01)
    assert f"still running: {os.getpid()} api" in caplog.text
