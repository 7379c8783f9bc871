import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.machine import processes
from ops.settings import OpsSettings
from ops.terminal import demo, surroundings
from ops.terminal.surroundings import GIB, Finding


def found(settings: OpsSettings, subject: str) -> Finding:
    """Return the line of a subject; the last one if there are several."""
    return {line.subject: line for line in surroundings.examine(settings)}[subject]


def unknown(_: int) -> pwd.struct_passwd:
    raise KeyError


def nearly_full(free: float) -> Callable[[Path], object]:
    usage = shutil.disk_usage("/")
    return lambda _: usage._replace(free=int(free * GIB))


def test_a_user_id_without_a_name_is_a_fault(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    finding = found(settings, "user")
    assert not finding.good
    assert "useradd --uid 3999999" in finding.fix


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_root_is_shown_with_the_user_of_postgres(settings: OpsSettings) -> None:
    assert found(settings, "user").found.startswith("root; Postgres runs as ")


def test_a_missing_venv_is_shown_with_its_package(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    finding = found(settings, "Python's venv")
    assert not finding.good
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert finding.fix == f"apt install python{version}-venv"


@pytest.mark.parametrize(
    ("home", "state"),
    [(None, "HOME is not set"), ("/nonexistent", "/nonexistent cannot be written")],
)
def test_a_home_that_cannot_be_used_is_shown_with_the_folder_instead(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, home: str | None, state: str
) -> None:
    monkeypatch.delenv("HOME")
    if home:
        monkeypatch.setenv("HOME", home)
    assert found(settings, "home").found == f"{state}; programs use {settings.run / 'home'}"
    assert not settings.folder.exists()


def test_a_path_with_special_characters_is_shown_and_one_that_is_too_long_a_fault(
    settings: OpsSettings,
) -> None:
    odd = OpsSettings(var=settings.folder / "a (b) [c]")
    assert found(odd, "path").found.endswith("a (b) [c] has special characters")
    long = found(OpsSettings(var=settings.folder / ("x" * 100)), "path")
    assert not long.good
    assert long.fix.startswith("set OPS_VAR")


def test_locale_and_time_zone_are_shown(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "POSIX")
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert found(settings, "locale").found == "LC_ALL=POSIX"
    assert found(settings, "time zone").found.startswith("Asia/Kathmandu")


def test_a_proxy_is_shown_without_its_password(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:s3cret@proxy:3128")
    finding = found(settings, "HTTPS_PROXY")
    assert finding.good
    assert finding.found == "http://***@proxy:3128 for downloads, not for loopback"


def test_a_proxy_that_downloads_cannot_use_is_a_fault(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    assert not found(settings, "ALL_PROXY").good


def test_another_platform_that_runs_is_shown(settings: OpsSettings, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        env=os.environ | {processes.MARK: str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        shown = [line.found for line in surroundings.examine(settings)]
        process.kill()
    assert f"runs in {tmp_path}" in shown


@pytest.mark.parametrize("free", [0.5, 3])
def test_too_little_disk_is_a_fault_and_a_warning_before_a_start(
    settings: OpsSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    free: float,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", nearly_full(free))
    assert not found(settings, "disk").good
    surroundings.warn(settings)
    said = capsys.readouterr().out
    assert f"warning: {free:.1f} GiB are free on the disk of {settings.folder.parent}" in said
    assert "OPS_VAR" in said


def test_enough_disk_is_not_mentioned(
    settings: OpsSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", nearly_full(50))
    surroundings.warn(settings)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("answers", "said"), [(True, "1M answers"), (False, "ARCHIVE=")])
def test_a_missing_network_is_shown_and_no_fault(
    monkeypatch: pytest.MonkeyPatch, *, answers: bool, said: str
) -> None:
    monkeypatch.setattr(demo, "is_reachable", lambda _: answers)
    finding = surroundings.network()
    assert finding.good
    assert said in finding.found
