"""Run all tests in three processes, of which two have a Spark session of their own.

    python tests/lanes.py [--coverage] [pytest's arguments]

A Spark session with small data plans on one core, and the other tests wait a lot: three lanes use
two cores. Lines are printed as they come, each with the name of its lane. Coverage is combined over
all lanes; it adds half to Python's time, so it has to be asked for.
"""

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Tests of retrains share the lake of one retrain. Those of Airflow are with them for balance.
RETRAINS = (
    "tests/airflow_api",
    "tests/dags",
    "tests/jobs/backtesting",
    "tests/jobs/engine",
    "tests/jobs/retraining",
    "tests/jobs/runtime",
    "tests/jobs/test_backtest.py",
    "tests/jobs/test_decide.py",
    "tests/jobs/test_decide_window_lists.py",
    "tests/jobs/test_erased_retrain.py",
    "tests/jobs/test_evaluate.py",
    "tests/jobs/test_fit.py",
    "tests/jobs/test_freeze.py",
    "tests/jobs/test_new_items.py",
    "tests/jobs/test_nominate.py",
    "tests/jobs/test_odd_data.py",
    "tests/jobs/test_publish.py",
    "tests/jobs/test_published_kinds.py",
    "tests/jobs/test_retrain_events.py",
    "tests/jobs/test_retrain_gate.py",
    "tests/jobs/test_search.py",
    "tests/jobs/test_summarize.py",
    "tests/test_readme.py",
)
LAKES = ("tests/jobs", "tests/warehouse", "tests/benchmarks")
LANES = {
    "retrains": [*RETRAINS],
    "lakes": [*LAKES, *(f"--ignore={path}" for path in RETRAINS)],
    "others": ["tests", *(f"--ignore={path}" for path in (*RETRAINS, *LAKES))],
}
CLOSING = re.compile(r"=+ .* in [0-9.]+s.*=+$")  # the last line that pytest prints
BROKEN = re.compile(r"(FAILED|ERROR) tests/")  # a line of its summary
COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?)")
WIDTH = 200  # of such a line, when it is repeated at the end
COVERAGE = "--coverage"
FLOOR = 90  # percent of lines and branches
NO_TESTS = 5  # pytest's exit code where nothing fits the arguments


def main(arguments: list[str]) -> int:
    """Run all lanes, then combine their coverage if asked; return the worst exit code."""
    for stale in ROOT.glob(".coverage*"):
        stale.unlink()
    with_coverage = COVERAGE in arguments
    arguments = [argument for argument in arguments if argument != COVERAGE]
    options = ["--cov", "--cov-report="] if with_coverage else []
    processes = {name: start(name, options + lane + arguments) for name, lane in LANES.items()}
    ends: Counter[str] = Counter()
    broken: list[str] = []
    threads = [
        threading.Thread(target=follow, args=(*pair, ends, broken)) for pair in processes.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [process.wait() for process in processes.values()]
    for line in broken:  # repeated here, where the last lines are read
        say(line[:WIDTH])
    say(", ".join(f"{ends[how]} {how}" for how in ("passed", "failed", "skipped")))
    if all(code == NO_TESTS for code in codes):
        return NO_TESTS
    worst = max(0 if code == NO_TESTS else abs(code) for code in codes)
    if worst or not with_coverage:
        return worst
    return covered(floor=0 if arguments else FLOOR)


def start(lane: str, arguments: list[str]) -> subprocess.Popen[str]:
    """Start pytest in one lane, with a coverage file of its own."""
    return subprocess.Popen(  # noqa: S603 # our own arguments
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=os.environ
        | {"COVERAGE_FILE": str(ROOT / f".coverage.{lane}"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def follow(
    lane: str, process: subprocess.Popen[str], ends: Counter[str], broken: list[str]
) -> None:
    """Print the lane's lines as they come; count how its tests ended, note which broke."""
    for line in process.stdout or ():
        say(f"{lane:8} | {line.rstrip()}")
        if BROKEN.match(line):
            broken.append(line.rstrip())
        if CLOSING.match(line):
            for n, how in COUNTS.findall(line):
                ends["failed" if how.startswith("error") else how] += int(n)


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def covered(*, floor: int) -> int:
    """Combine and print the coverage; return a positive code below the floor."""
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, check=True)  # noqa: S603
    report = [*coverage, "report", f"--fail-under={floor}"]
    return subprocess.run(report, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
