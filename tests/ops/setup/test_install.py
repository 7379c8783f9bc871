import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ops.settings import ROOT
from ops.setup import caches, commands, install
from ops.setup.commands import SetupError, UnreachableError

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
    monkeypatch.setattr(commands, "LOG", tmp_path / "setup.log")
    return tmp_path / "setup.log"


class Installers:
    """Stands for pip and uv: each command is recorded, and fails if it has one of the words."""

    def __init__(self, *failing: str, error: SetupError) -> None:
        self.failing = failing
        self.error = error
        self.commands: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []

    def run(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self.commands.append([str(part) for part in command])
        self.environments.append(environment or {})
        if set(self.failing) & set(self.commands[-1]):
            raise self.error


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "folder", lambda _: None)


def test_an_unsupported_python_is_refused_with_the_package_to_install() -> None:
    with pytest.raises(SetupError, match=r"Python 3.10 found.*apt install python3.11"):
        install.check_python((3, 10))


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_names_debians_package(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == module else real(name)
    )
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


def test_packages_in_the_cache_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    installers = Installers(error=SetupError())
    monkeypatch.setattr(install, "run", installers.run)
    install.install_packages()
    (command,) = installers.commands
    assert {"--offline", "--require-hashes"} <= set(command)


def test_a_broken_uv_leaves_the_work_to_pip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installers = Installers("sync", error=SetupError("uv is broken"))
    monkeypatch.setattr(install, "run", installers.run)
    install.install_packages()
    assert "uv failed (uv is broken)" in capsys.readouterr().out
    assert {"--require-hashes", "--no-deps"} <= set(installers.commands[-1])


def test_without_a_network_pip_is_not_tried_after_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    installers = Installers("sync", error=UnreachableError("no network"))
    monkeypatch.setattr(install, "run", installers.run)
    with pytest.raises(UnreachableError):
        install.install_packages()
    assert len(installers.commands) == 2


@pytest.mark.usefixtures("no_cache")
def test_a_home_that_cannot_be_written_needs_no_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installers = Installers(error=SetupError())
    monkeypatch.setattr(install, "run", installers.run)
    monkeypatch.setattr(install, "VENV", tmp_path)
    install.install_packages()
    install.install_project()
    assert [variables["UV_NO_CACHE"] for variables in installers.environments] == ["1", "1"]
    assert install.kept_wheels().parent == tmp_path


def test_the_installers_are_downloaded_once_for_all_checkouts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installers = Installers(error=SetupError())
    monkeypatch.setattr(install, "run", installers.run)
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    install.install_tools()
    (install.kept_wheels() / "pip-26.3-py3-none-any.whl").touch()
    install.install_tools()
    downloads = ["download" in command for command in installers.commands]
    assert downloads == [True, False, False]
    assert all("--no-index" in command for command in installers.commands[1:])


@pytest.mark.parametrize("character", [":", "\n"])
def test_a_path_in_which_no_environment_can_be_made_is_refused(
    tmp_path: Path, character: str
) -> None:
    with pytest.raises(SetupError, match=r"which Python's environments do not allow: rename"):
        install.check_folder(tmp_path / f"a{character}b")


def test_a_disk_that_is_nearly_full_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "STAMP", tmp_path / "none")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 << 30))
    install.check_folder(tmp_path)
    said = capsys.readouterr().out
    assert said == (f"warning: 2.0 GiB are free on the disk of {tmp_path}; set-up needs 3 GiB\n")


def test_a_checkout_that_cannot_be_written_is_an_error_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> bool:
        raise PermissionError(13, "Permission denied", str(log))

    monkeypatch.setattr(install, "is_ready", refused)
    monkeypatch.setattr(install, "FREE_GIB", 0)
    assert install.main() == 1
    said = capsys.readouterr().out
    assert said.startswith("error: [Errno 13] Permission denied")
    assert "must be writable" in said


def test_set_up_runs_without_packages_and_prints_in_any_locale(tmp_path: Path) -> None:
    """As the Makefile runs it, in a copy that lacks the lock."""
    for folder in ("ops", "edge"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "pyproject.toml").touch()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(tmp_path / "ops/setup/install.py")],
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stdout.startswith(b"error: ") or b"error: " in done.stdout


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
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_set_up_needs_the_standard_library_only() -> None:
    bare = [sys.executable, "-S", "-c", "import ops.setup.install"]  # without installed packages
    done = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
