"""Set-up of a bare checkout: environment, locked packages, Delta jars, Java.

Run as `python3 -I ops/setup/install.py` (the Makefile does) by any Python 3.11 or 3.12. It needs
the standard library only, does each step once, and goes on where it was interrupted. Packages that
are in the caches of this user are taken from there without a network.
"""

import ast
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = ((3, 11), (3, 12))


def other_python(version: str) -> str:
    """Return the message for an unsupported Python."""
    return (
        f"Python {version} found, 3.11 or 3.12 needed. On Debian 12: `apt install python3.11 "
        "python3.11-venv`; on Ubuntu 24.04: `apt install python3.12 python3.12-venv`; "
        "or choose one: `make PYTHON=/path/to/python3.11 …`"
    )


if sys.version_info < (3, 11):  # noqa: UP036 # older ones cannot parse the rest
    sys.exit("error: " + other_python("%d.%d" % sys.version_info[:2]))  # noqa: UP031

sys.path.insert(0, str(ROOT))  # `python -I` leaves it out

from ops.setup import caches, commands  # noqa: E402
from ops.setup.commands import SetupError, UnreachableError, run, say  # noqa: E402

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "ready"
PIP_INSTALL: tuple[str | Path, ...] = (PYTHON, "-m", "pip", "install", "--no-deps")
UV: tuple[str | Path, ...] = (VENV / "bin" / "uv", "pip")
TOOLS = ("pip", "setuptools", "uv", "wheel")
FREE_GIB = 3  # for the environment and the caches
# Options of pip, and the variables with the same meaning for uv.
MIRRORS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def main() -> int:
    """Run the missing steps and print the duration of each."""
    begun = time.monotonic()
    try:
        check_python(sys.version_info[:2])
        check_folder(ROOT)
        commands.LOG.parent.mkdir(parents=True, exist_ok=True)
        commands.LOG.parent.chmod(0o700)  # as `lantern up` makes it
        with exclusive():
            if not is_ready():
                set_up()
                say(f"ready after {time.monotonic() - begun:.0f} s")
            STAMP.touch()
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {error}. {ROOT} must be writable for this user, with {FREE_GIB} GiB free.")
        return 1
    except KeyboardInterrupt:
        say("interrupted: run it again to continue")
        return 130
    return 0


def check_python(version: tuple[int, ...]) -> None:
    """Raise SetupError unless this Python is supported."""
    text = ".".join(map(str, version))
    if version not in SUPPORTED:
        raise SetupError(other_python(text))
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"Python {text} lacks the module `{module}`: `apt install python{text}-venv`"
            )


def check_folder(root: Path) -> None:
    """Raise SetupError if no environment can be made here; warn if the disk is nearly full."""
    if unusable := {"\n", ":"} & set(str(root)):
        raise SetupError(
            f"the path {str(root)!r} has {', '.join(map(repr, sorted(unusable)))}, which Python's "
            "environments do not allow: rename the folder"
        )
    free = shutil.disk_usage(root).free / (1 << 30)
    if free < FREE_GIB and not is_ready():
        say(f"warning: {free:.1f} GiB are free on the disk of {root}; set-up needs {FREE_GIB} GiB")


def is_ready() -> bool:
    """Return whether set-up has completed with this lock in this folder."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """Return a digest of what the environment depends on: lock, project file, jars, folder."""
    parts = [LOCK, ROOT / "pyproject.toml", ROOT / "ops/setup/jars.py"]
    content = b"\0".join(part.read_bytes() for part in parts)
    return hashlib.sha256(content + os.fsencode(ROOT)).hexdigest()


def set_up() -> None:
    """Set up the environment. Each step keeps what exists."""
    step("environment", make_environment)
    step("installer (pip, uv)", install_tools)
    step("packages (about 200; 1.8 GB on a first run)", install_packages)
    step("this project", install_project)
    step("Delta jars", lambda: run([PYTHON, "-m", "ops.setup.jars"]))
    step("Java", lambda: run([PYTHON, "-m", "ops.setup.java"]))
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
        probed = subprocess.run([PYTHON, "-c", probe], capture_output=True, text=True, check=False)  # noqa: S603
        if probed.stdout.strip() in {".".join(map(str, version)) for version in SUPPORTED}:
            return
    run([sys.executable, "-m", "venv", "--clear", VENV])


def install_tools() -> None:
    """Install the locked pip, setuptools, uv and wheel with the pip of the new environment.

    Their wheels are kept for the next checkout: pip itself can do nothing without a network.
    """
    tools, wheels = VENV / "tools.lock", kept_wheels()
    tools.write_text("\n".join(locked(LOCK.read_text(), TOOLS)) + "\n")
    hashed: list[str | Path] = ["--quiet", "--require-hashes", "-r", tools]
    install = [*PIP_INSTALL, *hashed, "--no-index", "--find-links", wheels]
    if any(wheels.iterdir()):
        with suppress(SetupError):  # not those of this lock
            run(install)
            return
    run([PYTHON, "-m", "pip", "download", "--no-deps", *hashed, "--dest", wheels])
    run(install)


def install_packages() -> None:
    """Install the locked packages with uv, or with pip if uv fails.

    First without the network, from uv's cache: the lock names every file by its hash.
    """
    sync = [*UV, "sync", "--python", PYTHON, "--require-hashes", "--no-build-isolation", LOCK.name]
    with suppress(SetupError):  # not all are in the cache
        run([*sync, "--offline"], environment=for_uv())
        return
    try:
        run(sync, environment=for_uv())
    except UnreachableError:
        raise
    except SetupError as error:
        cause = str(error).splitlines()[-2:][0].strip()  # the last line before the path of the log
        say(f"set-up: uv failed ({cause}); trying pip, which takes longer")
        run([*PIP_INSTALL, "--require-hashes", "--no-build-isolation", "-r", LOCK])


def install_project() -> None:
    """Install the checkout, so that every process can import it.

    By uv, whose scripts run in a folder with any name. It builds the project elsewhere: setuptools
    fails in an environment with `$` in its path. The project is `.`, since brackets have a meaning.
    """
    command = [*UV, "install", "--python", PYTHON, "--no-deps", "--editable", "."]
    run([*command, "--offline", "--find-links", kept_wheels()], environment=for_uv())


def kept_wheels() -> Path:
    """Return the folder of the installers' wheels: of the user, or of this environment."""
    folder = caches.folder("wheels") or VENV / "wheels"
    folder.mkdir(exist_ok=True)
    return folder


def for_uv() -> dict[str, str]:
    """Return the variables for uv: pip's mirrors, and no cache if none can be written."""
    return uv_mirrors() | ({} if caches.folder("") else {"UV_NO_CACHE": "1"})


def locked(lock: str, names: Sequence[str]) -> list[str]:
    """Return the lock's entries of these packages, with their hashes."""
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    is_named = re.compile(rf"(?:{'|'.join(map(re.escape, names))})==")
    return [entry for entry in entries if is_named.match(entry)]


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


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # whatever the terminal can show
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a text stream here
    sys.exit(main())
