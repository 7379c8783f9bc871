"""Seconds to parse each DAG file, without importing Airflow.

Run: python -m benchmarks.dag_parse

Each file is parsed in a process of its own, as in the DAG processor. The figure includes the Spark
provider, pydantic and the manifests, but not `airflow.sdk` and Airflow's DagBag. The target is in
CPU seconds, which depend less on other programs on the machine.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

DAGS = Path(__file__).parents[1] / "dags"
TARGET_SECONDS = 0.3
ROUNDS = 5
PARSE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
started = time.process_time()
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
imported, parse_started = time.process_time(), time.perf_counter()
bag = DagBag(sys.argv[1])
parsed, ended = time.process_time(), time.perf_counter()
assert not bag.import_errors, bag.import_errors
print(json.dumps([len(bag.dags), imported - started, parsed - imported, ended - parse_started]))
"""


@dataclass(frozen=True)
class Figures:
    """One parse of a file: number of DAGs, and seconds."""

    n_dags: int
    importing: float
    parsing: float
    parsing_wall: float


def parse(path: Path, home: str) -> Figures:
    """Parse a file in a new process, and return the durations."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    airflow = {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", PARSE, str(path)]
    done = subprocess.run(  # noqa: S603 # our own code
        command, env=clean | airflow, check=True, capture_output=True, text=True
    )
    return Figures(*json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Print one line per file; return 1 if one is above the target."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as home:
        parse(DAGS / "ingest.py", home)  # writes airflow.cfg and byte code
        for name in ("ingest.py", "retrain.py"):
            rounds = [parse(DAGS / name, home) for _ in range(ROUNDS)]
            parsing = median(round_.parsing for round_ in rounds)
            worst = max(worst, parsing)
            wall = median(round_.parsing_wall for round_ in rounds)
            importing = median(round_.importing for round_ in rounds)
            print(f"{name}: {rounds[0].n_dags} DAGs; medians of {ROUNDS}:")
            print(f"  CPU {parsing:.3f} s (target {TARGET_SECONDS} s), wall {wall:.3f} s", end="; ")
            print(f"importing Airflow, CPU {importing:.2f} s")
    return int(worst > TARGET_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
