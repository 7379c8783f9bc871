"""Stand-ins for the jobs: programs that record their calls and exit with a chosen code."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """#!{python}
import json, os, sys
from pathlib import Path

spark = [word for word in sys.argv if word.startswith("/") and "/jobs/" in word]
job = Path((spark or sys.argv)[-1 if spark else 0]).stem
folder = Path({folder!r})
with (folder / "notes.jsonl").open("a") as notes:
    print(json.dumps({{"job": job, "words": sys.argv[1:], "env": dict(os.environ)}}), file=notes)
print(f"INFO this is {{job}}")
sys.exit(json.loads((folder / "ends.json").read_text()).get(job, 0))
"""
_PYTHON_JOBS = (
    "announce", "collect", "erase", "nominate", "decide", "summarize", "publish",
    "vacuum", "prune", "clean_airflow", "alert", "compact", "plan", "settle", "approve",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of a job."""

    job: str
    words: list[str]
    env: dict[str, str]


@dataclass(frozen=True)
class Jobs:
    """A package `jobs` and a program `spark-submit` in a folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables that put the stand-ins first on both paths."""
        programs = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {"PYTHONPATH": str(self.folder), "PATH": programs}

    def end_with(self, **codes: int) -> None:
        """Let these jobs exit with these codes from now on, all others with 0."""
        (self.folder / "ends.json").write_text(json.dumps(codes))

    def calls(self) -> list[Call]:
        """All calls so far, in order."""
        notes = self.folder / "notes.jsonl"
        return [Call(**json.loads(line)) for line in notes.read_text().splitlines()]

    def call(self, job: str) -> Call:
        """The first call of a job."""
        return next(call for call in self.calls() if call.job == job)


def make(folder: Path) -> Jobs:
    package, programs = folder / "jobs", folder / "bin"
    package.mkdir()
    programs.mkdir()
    (package / "__init__.py").touch()
    (folder / "notes.jsonl").touch()
    text = _PROGRAM.format(python=sys.executable, folder=str(folder))
    for job in _PYTHON_JOBS:
        (package / f"{job}.py").write_text(text)
    (programs / "spark-submit").write_text(text)
    (programs / "spark-submit").chmod(0o755)
    jobs = Jobs(folder)
    jobs.end_with()
    return jobs
