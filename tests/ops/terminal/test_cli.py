import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import settings as settings_module
from ops.machine import environment
from ops.machine.supervisord import Supervisord
from ops.settings import OpsSettings
from ops.terminal import acts, cli, demo
from serving.schemas import DagRun


@pytest.fixture(autouse=True)
def here(settings: OpsSettings, monkeypatch: pytest.MonkeyPatch) -> OpsSettings:
    """Every command works in this test's folder."""
    monkeypatch.setattr(settings_module, "read", lambda: settings)
    return settings


def lantern(*arguments: str) -> int:
    """Run the command line as the shell does, and return its exit code."""
    before, sys.argv = sys.argv, ["lantern", *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.argv = before
    return 0


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("retrain", "--dataset", "playground"),
        ("rollback", "--dataset", "playground", "--reason", "a test"),
        ("rollback", "--dataset", "playground", "--reason", "a test", "--direct"),
        ("resume", "--dataset", "playground"),
        ("backup", "backup.tar"),
        ("erase", "--dataset", "playground", "--user", "42", "--now"),
    ],
)
def test_what_needs_the_platform_says_how_to_start_it(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern(*command) == 1
    said = capsys.readouterr().err
    assert "error:" in said
    assert "lantern up" in said
    assert "Traceback" not in said


def test_an_unknown_data_set_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert lantern("retrain", "--dataset", "none") == 1
    assert "movielens_1m" in capsys.readouterr().err


def test_the_options_of_a_retrain_fill_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    forms: list[dict[str, object]] = []

    class Airflow:
        def unpause(self, _: str) -> None:
            """Nothing waits here."""

    def start(_: object, dataset: str, form: dict[str, object], *, reason: str) -> DagRun:
        forms.append(form | {"reason": reason})
        return DagRun(
            dag_id=f"{dataset}__retrain",
            run_id="r1",
            state="queued",
            started_by="admin",
            queued_at=None,
        )

    monkeypatch.setattr(cli, "running", lambda: None)
    monkeypatch.setattr(demo, "airflow_client", lambda _: Airflow())
    monkeypatch.setattr(acts, "start_retrain", start)
    assert lantern("retrain", "--dataset", "playground") == 0
    search = ("--search-minutes", "15", "--max-trials", "40", "--family", "als")
    options = (*search, "--ask", "--reason", "new titles")
    assert lantern("retrain", "--dataset", "playground", *options) == 0
    assert lantern("retrain", "--dataset", "playground", "--do-not-ask") == 0
    assert forms == [
        {"reason": ""},
        {
            "search_budget_minutes": 15,
            "search_max_trials": 40,
            "search_family": "als",
            "ask_for_approval": True,
            "reason": "new titles",
        },
        {"ask_for_approval": False, "reason": ""},
    ]


@pytest.mark.parametrize(
    "wrong", [("--search-minutes", "121"), ("--max-trials", "-1"), ("--family", "deep")]
)
def test_what_the_form_would_refuse_is_refused_at_once(wrong: tuple[str, str]) -> None:
    assert lantern("retrain", "--dataset", "playground", *wrong) == 2


def test_an_unknown_program_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert lantern("logs", "none") == 1
    assert "airflow-scheduler" in capsys.readouterr().err


def test_logs_are_the_last_lines_shown_literally(
    here: OpsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    here.make_folders()
    (here.logs / "api.log").write_text("one\n[red]two[/red]\nthree\n")
    assert lantern("logs", "api", "--lines", "2") == 0
    assert capsys.readouterr().out == "[red]two[/red]\nthree\n"
    assert lantern("logs", "app") == 0


def test_what_nobody_foresaw_ends_without_a_trace_and_keeps_it(
    here: OpsSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> bool:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Supervisord, "is_running", broken)
    assert lantern("status") == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError: by zero" in said
    assert "Traceback" not in said
    assert "Traceback" in (here.logs / "lantern.log").read_text()


def test_an_interruption_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Supervisord, "is_running", interrupted)
    assert lantern("status") == 130
    said = capsys.readouterr().err
    assert "Interrupted. Run the same command to continue" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_a_signal_ends_cleans_up(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned_up: list[int] = []

    def ended(_: object) -> bool:
        try:
            os.kill(os.getpid(), number)
            time.sleep(10)
        finally:
            cleaned_up.append(number)
        return False

    monkeypatch.setattr(Supervisord, "is_running", ended)
    assert lantern("status") == 128 + number
    assert cleaned_up == [number]
    assert signal.getsignal(number) is signal.SIG_DFL


def test_an_ignored_signal_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[object] = []

    def noted(_: object) -> bool:
        handlers.append(signal.getsignal(signal.SIGHUP))
        return False

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(Supervisord, "is_running", noted)
        lantern("status")
        assert {*handlers} == {signal.SIG_IGN}
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("port", ["abc", "99999", "-1"])
def test_a_port_that_is_none_is_refused_by_the_name_of_its_variable(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()  # the fixture's settings
    monkeypatch.setenv("OPS_APP_PORT", port)
    assert lantern("status") == 1
    assert f"OPS_APP_PORT={port}: Input should be" in capsys.readouterr().err


def test_down_on_nothing_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("down") == 0
    assert "Down." in capsys.readouterr().out


def test_the_data_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("datasets", "list") == 0
    assert re.search(r"playground +Playground +inbox", capsys.readouterr().out)


def test_a_missing_manifest_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("datasets", "check", "none.toml") == 1
    assert "none.toml" in capsys.readouterr().err


def test_a_manifest_is_proposed_for_files_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"u{n % 7},i{n * 3 % 5},{n % 5 + 1}" for n in range(40)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating", *lines]))
    monkeypatch.chdir(tmp_path)
    assert lantern("datasets", "propose", "ratings.csv", "--out", "shop.toml") == 0
    assert "[ratings]" in (tmp_path / "shop.toml").read_text()


def test_a_file_that_crashes_the_program_is_said_to_be_damaged_or_too_large(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    crashed = subprocess.CompletedProcess([], -signal.SIGABRT, "", "")
    monkeypatch.setattr(environment, "run_job", lambda *_: crashed)

    assert lantern("datasets", "propose", "ratings.parquet") == 1
    assert "crashed: a file is damaged, or needs too much memory" in capsys.readouterr().out


def test_a_demo_without_its_archive_says_which_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("demo", "--archive", "/nowhere/ml-1m.zip") == 1
    assert "/nowhere/ml-1m.zip" in capsys.readouterr().err


def test_a_restore_of_no_backup_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader" * 100)

    assert lantern("restore", str(file)) == 1
    assert "is damaged or no backup" in capsys.readouterr().err


def test_a_playground_is_written_into_its_inbox(
    here: OpsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern("playground", "--kind", "shop", "--size", "20000", "--seed", "3") == 0

    said = capsys.readouterr().out
    assert "playground_shop of 20,000 events" in said
    assert "lantern demo --dataset playground_shop" in said
    names = {path.name for path in (here.inbox / "playground_shop").iterdir()}
    assert names == {"events", "products", "customers", "truth"}


def test_there_are_two_kinds_of_playgrounds() -> None:
    assert lantern("playground", "--kind", "bank") == 2
