import sys
from pathlib import Path

import pytest

from ops.setup import install
from ops.setup.install import SetupError

LOCK = """a2wsgi==1.0 \\
    --hash=sha256:aa
    # via airflow
pip==26.3 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
pipeline==1.0 \\
    --hash=sha256:dd
uv==0.13.9 \\
    --hash=sha256:ee
"""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(install, "LOG", tmp_path / "setup.log")
    return tmp_path / "setup.log"


def test_an_unsupported_python_is_refused_with_the_package_to_install() -> None:
    with pytest.raises(SetupError, match=r"Python 3.10 found.*apt install python3.11"):
        install.check_python((3, 10))


def test_a_missing_venv_names_debians_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"apt install python3.12-venv"):
        install.check_python((3, 12))


def test_the_lock_gives_complete_entries_of_exactly_these_packages() -> None:
    entries = install.locked(LOCK, ("pip", "uv"))
    assert [entry.splitlines()[0] for entry in entries] == ["pip==26.3 \\", "uv==0.13.9 \\"]
    assert "--hash=sha256:cc" in entries[0]


def test_the_real_lock_holds_every_installer() -> None:
    entries = install.locked(install.LOCK.read_text(), install.TOOLS)
    assert len(entries) == len(install.TOOLS)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_uv_gets_the_mirrors_of_pip() -> None:
    pip_config = (
        "global.index-url='http://127.0.0.1:1/simple'\n:env:.find-links='/a\\n/b'\nglobal.x='1'"
    )
    assert install.translated(pip_config, {}) == {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple",
        "UV_FIND_LINKS": "/a /b",
    }


def test_the_variables_of_uv_win() -> None:
    assert not install.translated("global.index-url='x'", {"UV_DEFAULT_INDEX": "y"})


def test_a_failed_command_ends_with_its_last_lines(log: Path) -> None:
    command = [sys.executable, "-c", "print('the cause'); raise SystemExit(3)"]
    with pytest.raises(SetupError, match="the cause"):
        install.run(command)
    assert "the cause" in log.read_text()


def test_a_long_command_says_that_it_lives(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "HEARTBEAT_SECONDS", 0.01)
    install.run([sys.executable, "-c", "pass"])
    assert "still running" in capsys.readouterr().out
    assert log.exists()


def test_a_broken_uv_leaves_the_work_to_pip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], *, environment: object = None) -> None:
        commands.append([str(part) for part in command])
        if environment is not None:
            raise SetupError("uv is broken")

    monkeypatch.setattr(install, "run", run)
    install.install_packages()
    assert "uv failed (uv is broken)" in capsys.readouterr().out
    assert {"--require-hashes", "--no-deps"} <= set(commands[1])


def test_a_new_lock_makes_set_up_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: Path
) -> None:
    lock, stamp = tmp_path / "requirements.lock", tmp_path / "ready"
    lock.write_text("a==1")
    monkeypatch.setattr(install, "LOCK", lock)
    monkeypatch.setattr(install, "STAMP", stamp)
    times: list[str] = []

    def set_up() -> None:
        times.append("once")
        stamp.write_text(install.fingerprint())

    monkeypatch.setattr(install, "set_up", set_up)
    assert (install.main(), install.main(), len(times)) == (0, 0, 1)
    lock.write_text("a==2")
    assert (install.main(), len(times)) == (0, 2)
    assert not log.exists()


def test_an_error_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    assert install.main() == 1
    assert capsys.readouterr().out.startswith("error: Python 3.9 found")


def test_an_interruption_says_that_it_can_go_on(
    monkeypatch: pytest.MonkeyPatch, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "is_ready", interrupted)
    assert install.main() == 130
    assert "run it again" in capsys.readouterr().out
    assert log.parent.exists()
