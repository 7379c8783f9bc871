"""Whether the cluster of OPS_SPARK_MASTER runs a job: its executors' versions, and its storage."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

from jobs.cluster.executors import is_local
from jobs.cluster.probe import ACCEPTED
from ops.machine import environment
from ops.settings import OpsSettings
from ops.terminal.surroundings import Finding

SECONDS = 300
_NEEDED = "runs a job of 8 tasks"
_FIX = (
    "read docs/cluster.md; check OPS_SPARK_MASTER, OPS_DRIVER_HOST, and the logs of the workers; "
    "with OPS_MAX_CORES a job leaves cores for others"
)
_SAME = "install requirements.lock of this version on every node, or set OPS_EXECUTOR_PYTHON"


def examine(settings: OpsSettings) -> Iterator[Finding]:
    """Yield the findings for a cluster; none on one machine. It may take five minutes."""
    if is_local(settings.spark_master):
        return
    subject = f"cluster {settings.spark_master}"
    answer = asked(settings)
    if isinstance(answer, str):
        yield Finding(subject, answer, _NEEDED, good=False, fix=_FIX)
        return
    executors = answer["executors"]
    yield Finding(subject, f"answers from {', '.join(sorted(executors))}", _NEEDED, good=True)
    for name, found in sorted(executors.items()):
        others = [
            f"{package} {found[package]} instead of {version}"
            for package, version in answer["driver"].items()
            if found[package] != version
        ]
        yield Finding(f"packages on {name}", "; ".join(others) or "the same", "as on this machine",
                      not others, _SAME)  # fmt: skip
    stored = "written, read and deleted" if answer["stored"] else "not readable after a write"
    yield Finding("a file in the lake, by Spark", stored, "written and read", answer["stored"],
                  "correct LAKE_ROOT: all nodes must reach it")  # fmt: skip


def asked(settings: OpsSettings) -> dict[str, Any] | str:
    """Return the answer of the probe, or the last line of its failure."""
    variables = environment.on_master(settings)
    try:
        done = environment.run_job(
            settings, ["jobs.cluster.probe"], variables=variables, capture_output=True,
            seconds=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as expired:
        if ACCEPTED not in str(expired.stdout):
            return f"no master accepted a job within {SECONDS} s"
        return (
            f"the job was accepted, and no executor answered within {SECONDS} s: other jobs have "
            "all cores, or executors cannot reach this machine"
        )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode != 0:
        return lines[-1] if lines else f"exit code {done.returncode}"
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
