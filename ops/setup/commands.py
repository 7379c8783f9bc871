"""Run the commands of the set-up: output in a log without passwords, causes in one sentence.

Only the standard library is imported: set-up uses this module before packages are installed.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO

from edge.loopback import direct

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "var" / "logs" / "setup.log"
HEARTBEAT_SECONDS = 15
LAST_LINES = 12
OUR_ERROR = "lantern: "  # begins the last message of our own programs
PASSWORD = re.compile(r"""://[^/\s'"]*@""")  # user and password in a URL
CERTIFICATE = re.compile(r"(?i)certificate verify failed|invalid peer certificate|unknownissuer")
NETWORK = re.compile(
    r"(?i)cannot connect to proxy|tunnel connection failed: [\w ]+|proxy authentication required|"
    r"failed to establish a new connection|connection (?:refused|reset|timed out)|"
    r"(?:temporary failure in )?name resolution|network is unreachable|no route to host|"
    r"(?:read|connect) timed out|error sending request|dns error|could not (?:connect|resolve)|"
    r"failed to fetch"
)
DISK = re.compile(r"No space left on device")
REFUSED = re.compile(r"(?:Permission denied|Read-only file system)[^\n]*")


class SetupError(Exception):
    """A step failed. The message says why and what to do."""


class UnreachableError(SetupError):
    """The package index does not answer. Another installer would not help."""


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> None:
    """Run a command with its output in the log, and print a heartbeat while it runs.

    Raises:
        UnreachableError: The command failed because the network does not answer.
        SetupError: The command failed otherwise. The message contains its last lines.
    """
    log, line = log or LOG, [str(part) for part in command]
    variables = {**os.environ, **direct(), **(environment or {})}
    lines: list[str] = []
    with log.open("a", encoding="utf-8") as output:
        output.write(without_passwords(f"\n$ {' '.join(line)}\n"))
        output.flush()
        begun = time.monotonic()
        with subprocess.Popen(  # noqa: S603
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, text=True,
            encoding="utf-8", errors="replace", env=variables,
        ) as process:  # fmt: skip
            copier = Thread(target=_copy, args=(process.stdout, output, lines))
            copier.start()
            while _wait(process) is None:
                say(f"    still running ({time.monotonic() - begun:.0f} s)")
            copier.join()
    if process.returncode != 0:
        raise failure(line, lines, log)


def failure(command: Sequence[str], lines: Sequence[str], log: Path) -> SetupError:
    """Return the error for a command that failed with these lines of output."""
    own = next((n for n, line in enumerate(lines) if line.startswith(OUR_ERROR)), None)
    if own is not None:
        return SetupError("\n".join(lines[own:]).removeprefix(OUR_ERROR))
    text, rest = "\n".join(lines), f"then run `make setup` again. Full log: {log}"
    if found := CERTIFICATE.search(text):
        return UnreachableError(
            f"the certificate of the package index is not trusted ({found[0]}): set PIP_CERT and "
            f"SSL_CERT_FILE to the file with your organisation's certificates, {rest}"
        )
    if found := DISK.search(text):
        return SetupError(f"the disk is full ({found[0]}): free about 3 GiB, {rest}")
    if found := NETWORK.search(text):
        return UnreachableError(
            f"the package index cannot be reached ({found[0]}): check the network, HTTPS_PROXY and "
            f"the index that pip is configured with, {rest}"
        )
    if found := REFUSED.search(text):
        return SetupError(f"a file cannot be written ({found[0]}): make it writable, {rest}")
    last = "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
    shown = without_passwords(" ".join(command[:4]))
    return SetupError(f"`{shown} …` failed:\n{last}\nFull log: {log}")


def without_passwords(text: str) -> str:
    """Return the text without user names and passwords in addresses of proxies and indexes."""
    return PASSWORD.sub("://***@", text)


def say(line: str) -> None:
    """Print one line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _copy(source: Iterable[str], log: IO[str], lines: list[str]) -> None:
    for line in map(without_passwords, source):
        log.write(line)
        log.flush()
        lines.append(line.rstrip())


def _wait(process: "subprocess.Popen[str]") -> int | None:
    """Return the exit code, or None when a heartbeat is due."""
    try:
        return process.wait(HEARTBEAT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
