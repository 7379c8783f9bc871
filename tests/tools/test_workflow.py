"""The workflow of the continuous integration against its schema and against the project."""

import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from ops.settings import ROOT

WORKFLOW = ROOT / ".github/workflows/ci.yml"


def test_the_workflow_follows_its_schema() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [str(checker), "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stdout


def test_the_workflow_runs_on_every_supported_python() -> None:
    job = yaml.safe_load(WORKFLOW.read_text())["jobs"]["check-and-test"]
    versions = job["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest, newest = versions[0], versions[-1]
    after_newest = f"3.{int(newest.partition('.')[2]) + 1}"
    assert project["requires-python"] == f">={oldest},<{after_newest}"
    assert job["steps"][-1] == {"run": "bash .ci/run"}
