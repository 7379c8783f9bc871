"""The TypeScript client, compiled and packed, and programs of Node.js that use it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from tools import typescript

PACKAGE = typescript.FOLDER / "lantern-client-0.1.0.tgz"
MODULES = typescript.FOLDER / "node_modules"
SECONDS = 300  # the machine may be busy
N_PASSED = re.compile(r"^# pass (\d+)$", re.MULTILINE)


@cache
def install() -> None:
    """Install the locked packages of npm; skip the test where that is not possible."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            _not_tested(f"{program} is not installed")
    try:
        typescript.install()
    except subprocess.CalledProcessError:
        _not_tested("npm cannot install the packages of clients/typescript")


@cache
def build() -> Path:
    """Compile and pack the client; return the folder of the compiled code."""
    install()
    shutil.rmtree(typescript.FOLDER / "dist", ignore_errors=True)
    typescript.pack()
    return typescript.FOLDER / "dist"


def passed_by_node(file: Path, variables: Mapping[str, str]) -> int:
    """Run a file of tests with Node's test runner; return how many passed."""
    output = run(["node", "--test", "--test-reporter=tap", str(file)], file.parent, variables)
    passed = N_PASSED.search(output)
    assert passed, output
    return int(passed[1])


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    """Return the output of a command that must succeed."""
    ended = subprocess.run(  # noqa: S603 # our own programs
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def as_variables(**live: str) -> dict[str, str]:
    """Return the environment from which the tests of the client read the address and the keys."""
    return {"LANTERN": json.dumps(live)}


def _not_tested(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}: the TypeScript client is not tested")
    pytest.skip(f"{reason}: NOT TESTED")
