"""Set-up of a bare checkout: environment, locked packages, Delta jars, Java.

Run as `python3 -I ops/setup/install.py` (the Makefile does) by any Python 3.11 or 3.12. It needs
the standard library only, does each step once, and goes on where it was interrupted.
"""

import ast
import fcntl
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
LOG = ROOT / "var" / "logs" / "setup.log"
STAMP = VENV / "ready"
PIP_INSTALL = (PYTHON, "-m", "pip", "install", "--no-deps")
TOOLS = ("pip", "setuptools", "uv", "wheel")
SUPPORTED = ((3, 11), (3, 12))
HEARTBEAT_SECONDS = 15
# Options of pip, and the variables with the same meaning for uv.
MIRRORS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def other_python(found: str) -> str:
    """Return the message for an unsupported Python."""
    return (
        f"Python {found} found, 3.11 or 3.12 needed. On Debian 12: `apt install python3.11 "
        "python3.11-venv`; on Ubuntu 24.04: `apt install python3.12 python3.12-venv`; "
        "or choose one: `make PYTHON=/path/to/python3.11 …`"
    )


if sys.version_info < (3, 11):  # noqa: UP036 # older ones cannot parse the rest
    sys.exit("error: " + other_python("%d.%d" % sys.version_info[:2]))  # noqa: UP031


class SetupError(Exception):
    """A step failed. The message says why and what to do."""


def main() -> int:
    """Run the missing steps and print the duration of each."""
    begun = time.monotonic()
    try:
        check_python(sys.version_info[:2])
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with exclusive():
            if not is_ready():
                set_up()
                say(f"ready after {time.monotonic() - begun:.0f} s")
            STAMP.touch()
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted: run it again to continue")
        return 130
    return 0


def check_python(version: tuple[int, ...]) -> None:
    """Raise SetupError unless this Python is supported."""
    found = ".".join(map(str, version))
    if version not in SUPPORTED:
        raise SetupError(other_python(found))
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"Python {found} lacks the module `{module}`: `apt install python{found}-venv`"
            )


def is_ready() -> bool:
    """Return whether set-up has completed with this lock in this folder."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """Return a digest of what the environment depends on: lock, project file, jars, folder."""
    parts = [LOCK, ROOT / "pyproject.toml", ROOT / "ops/setup/jars.py"]
    content = b"\0".join(part.read_bytes() for part in parts)
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def set_up() -> None:
    """Set up the environment. Each step keeps what exists."""
    step("environment", make_environment)
    step("installer (pip, uv)", install_tools)
    step("packages (about 200; 1.8 GB on a first run)", install_packages)
    step("this project", install_project)
    step("Delta jars", lambda: run([PYTHON, "-m", "ops.setup.jars"]))
    step("Java", find_java)
    STAMP.write_text(fingerprint())


def step(name: str, action: Callable[[], object]) -> None:
    """Run one step and print its duration."""
    say(f"set-up: {name} …")
    begun = time.monotonic()
    action()
    say(f"set-up: {name}: {time.monotonic() - begun:.1f} s")


def make_environment() -> None:
    """Create .venv; create it again if it is broken or has an unsupported Python."""
    probe = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    if PYTHON.exists():
        found = subprocess.run([PYTHON, "-c", probe], capture_output=True, text=True, check=False)  # noqa: S603
        if found.stdout.strip() in {".".join(map(str, version)) for version in SUPPORTED}:
            return
    run([sys.executable, "-m", "venv", "--clear", VENV])


def install_tools() -> None:
    """Install the locked pip, setuptools, uv and wheel with the pip of the new environment."""
    tools = VENV / "tools.lock"
    tools.write_text("\n".join(locked(LOCK.read_text(), TOOLS)) + "\n")
    run([*PIP_INSTALL, "--quiet", "--require-hashes", "-r", tools])


def install_packages() -> None:
    """Install the locked packages with uv, or with pip if uv fails."""
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip", "sync", "--python", PYTHON]
    try:
        run([*uv, "--require-hashes", "--no-build-isolation", LOCK], environment=uv_mirrors())
    except SetupError as error:
        cause = str(error).splitlines()[-2:][0].strip()  # the last line before the path of the log
        say(f"set-up: uv failed ({cause}); trying pip, which takes longer")
        run([*PIP_INSTALL, "--require-hashes", "--no-build-isolation", "-r", LOCK])


def install_project() -> None:
    """Install the checkout, so that every process can import it."""
    run([*PIP_INSTALL, "--quiet", "--no-build-isolation", "--no-index", "--editable", ROOT])


def find_java() -> None:
    """Find a Java, or write the wrapper of the bundled one."""
    code = "from ops.setup import java; found = java.find(); print(found.version, found.home)"
    run([PYTHON, "-c", code])


def locked(lock: str, names: Sequence[str]) -> list[str]:
    """Return the lock's entries of these packages, with their hashes."""
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    wanted = re.compile(rf"(?:{'|'.join(map(re.escape, names))})==")
    return [entry for entry in entries if wanted.match(entry)]


def uv_mirrors() -> dict[str, str]:
    """Return the variables with which uv uses pip's mirrors. Existing variables win."""
    result = subprocess.run(  # noqa: S603
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return translated(result.stdout)


def translated(pip_config: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return uv's variables for the output of `pip config list`. Existing variables win."""
    variables: dict[str, str] = {}
    for line in pip_config.splitlines():
        name, _, value = line.partition("=")
        variable = MIRRORS.get(name.rpartition(".")[2])
        if variable and variable not in environment:
            variables[variable] = " ".join(str(ast.literal_eval(value)).split())
    return variables


def run(command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> None:
    """Run a command with its output in the log, and print a heartbeat while it runs.

    Raises:
        SetupError: The command failed. The message contains its last lines.
    """
    line = [str(part) for part in command]
    with LOG.open("a") as output:
        output.write(f"\n$ {' '.join(line)}\n")
        output.flush()
        begun, start = time.monotonic(), output.tell()
        with subprocess.Popen(  # noqa: S603
            line, stdout=output, stderr=output, cwd=ROOT, env={**os.environ, **(environment or {})}
        ) as process:
            while wait(process) is None:
                say(f"    still running ({time.monotonic() - begun:.0f} s)")
    if process.returncode != 0:
        raise SetupError(f"`{' '.join(line[:4])} …` failed:\n{tail(start)}\nFull log: {LOG}")


def wait(process: subprocess.Popen[bytes]) -> int | None:
    """Return the exit code, or None when a heartbeat is due."""
    try:
        return process.wait(HEARTBEAT_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def tail(start: int) -> str:
    """Return the last lines of a step's output."""
    with LOG.open(errors="replace") as written:
        written.seek(start)
        return "\n".join(f"    {line}" for line in written.read().splitlines()[-12:])


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold a lock of this checkout: two set-ups at once would interfere."""
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: waiting for another set-up to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    """Print one line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
