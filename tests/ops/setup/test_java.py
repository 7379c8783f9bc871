import subprocess
from pathlib import Path

import pytest

from ops.setup import java


def runtime(folder: Path, version: str) -> Path:
    """A folder that looks like a Java of this version, and prints its arguments."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    (folder / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any Java of its own."""
    monkeypatch.setattr(java, "_system_homes", lambda: iter(()))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))


def test_a_supported_java_home_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = runtime(tmp_path / "jdk", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.find() == java.Java(home, 21, bundled=False)


def test_another_version_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, good = runtime(tmp_path / "8", "1.8.0"), runtime(tmp_path / "17", "17.0.2")
    monkeypatch.setattr(java, "_system_homes", lambda: iter([old, tmp_path / "none", good]))
    assert java.find().home == good


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21", "25"])
def test_a_java_of_the_shell_that_spark_cannot_use_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    home = runtime(tmp_path / "jdk", version)
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", str(home / "bin"))
    number = {"1.8.0_392": 8, "11.0.21": 11, "25": 25}[version]
    assert java.find().home != home
    assert java.passed_over() == [
        f"JAVA_HOME={home} has Java {number}",
        f"{home / 'bin' / 'java'} has Java {number}",
    ]


def test_a_java_that_does_not_run_here_has_no_version(tmp_path: Path) -> None:
    home = runtime(tmp_path / "jdk", "17")
    (home / "release").unlink()
    (home / "bin" / "java").write_bytes(b"\x7fELF of another machine")
    assert java.version_of(home) is None


def test_a_java_without_a_release_file_is_asked(tmp_path: Path) -> None:
    home = runtime(tmp_path / "jdk", "17")
    (home / "release").unlink()
    (home / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"17.0.9\" x' >&2\n")
    assert java.version_of(home) == 17


@pytest.mark.usefixtures("bare")
def test_without_a_system_java_the_bundled_one_is_found_and_runs() -> None:
    found = java.find()
    assert found.bundled
    done = subprocess.run(  # noqa: S603
        [found.home / "bin" / "java", java.UNSUPPORTED_ARGUMENT, "-version"],
        capture_output=True,
        check=True,
    )
    assert b"version" in done.stderr


def test_the_wrapper_drops_one_argument_and_keeps_the_others_whole(tmp_path: Path) -> None:
    program = runtime(tmp_path / "j (d) 'k' $x \"", "25") / "bin" / "java"
    wrapper = tmp_path / "wrapper" / "java"
    java._write_wrapper(wrapper, program)  # noqa: SLF001 # what bundled() writes
    command = [str(wrapper), "-Da=b c", java.UNSUPPORTED_ARGUMENT, "", "--add-modules=other"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "-Da=b c\n\n--add-modules=other\n"


@pytest.mark.usefixtures("bare")
def test_no_java_at_all_names_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(java.JavaMissingError, match=r"17 or 21.*make setup"):
        java.find()
