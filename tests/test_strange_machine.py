"""From a clone to lists where nothing is as usual: path, locale, time zone, home, Java, proxies."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ops.machine import processes
from ops.settings import ROOT, OpsSettings

NAME = "a (b) [c] 'd' ä %s $x \"e"
NOWHERE = "http://bob:s3cret@127.0.0.1:9"  # nothing listens: neither a proxy nor a network
STRANGE = {
    "LC_ALL": "POSIX",
    "TZ": "Asia/Kathmandu",
    "JAVA_HOME": "/nonexistent",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE),
}


@pytest.fixture
def clone() -> Iterator[Path]:
    """A clone with a strange name, in a folder that Postgres' user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-strange-"))
    folder.chmod(0o711)
    clone = folder / NAME
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)  # noqa: S603, S607
    clone.chmod(0o755)
    settings = OpsSettings(var=clone / "var")
    try:
        yield clone
    finally:
        processes.end(processes.of(settings.folder))
        shutil.rmtree(settings.lake.parent, ignore_errors=True)  # elsewhere, due to the brackets
        shutil.rmtree(folder)


def run(clone: Path, *command: str) -> tuple[int, str]:
    """Run a command in the clone; return its exit code and what it printed."""
    kept: Mapping[str, str] = {
        name: os.environ[name] for name in ("PATH", "HOME", "UV_CACHE_DIR") if name in os.environ
    }
    done = subprocess.run(  # noqa: S603 # our own arguments
        command,
        cwd=clone,
        env={**kept, **STRANGE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_demo_runs_in_a_strange_path_locale_time_zone_and_proxy(clone: Path) -> None:
    code, said = run(clone, "make", "demo", "ARGS=--dataset playground --size 30000")
    assert code == 0, said
    assert "Done in" in said
    code, said = run(clone, "make", "doctor")
    assert "s3cret" not in said
    assert "Traceback" not in said
    assert code == 0, said
    logs = [path for path in (clone / "var").rglob("*.log") if path.is_file()]
    assert logs
    assert [path for path in logs if "s3cret" in path.read_text(errors="replace")] == []
    assert run(clone, "make", "down")[0] == 0
    assert processes.of((clone / "var").resolve()) == []
