"""How long each DAG file takes to parse, beyond importing Airflow.

By hand: `python benchmarks/dag_parse.py`. Each file is parsed in a process of its own, as the DAG
processor does it: the provider of Spark, pydantic and the manifests are in the figure,
`airflow.sdk` and Airflow's own DagBag are not. The bar is held against CPU seconds, which other
programs on the machine blur less.
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
BAR_SECONDS = 0.3
ROUNDS = 5
PARSE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
started = time.process_time()
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
imported, begun = time.process_time(), time.perf_counter()
bag = DagBag(sys.argv[1])
parsed, ended = time.process_time(), time.perf_counter()
assert not bag.import_errors, bag.import_errors
print(json.dumps([len(bag.dags), imported - started, parsed - imported, ended - begun]))
"""


@dataclass(frozen=True)
class Figures:
    """One parse of a file; seconds."""

    n_dags: int
    importing: float
    parsing: float
    parsing_wall: float


def parse(path: Path, home: str) -> Figures:
    """Return what one parse of a file took, in a new process."""
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
    """Print one line per file; exit code 1 if one is above the bar."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as home:
        parse(DAGS / "ingest.py", home)  # writes airflow.cfg and byte code
        for name in ("ingest.py", "retrain.py"):
            rounds = [parse(DAGS / name, home) for _ in range(ROUNDS)]
            parsing = median(each.parsing for each in rounds)
            worst = max(worst, parsing)
            print(
                f"{name}: {rounds[0].n_dags} DAGs, CPU {parsing:.3f} s (bar {BAR_SECONDS} s), "
                f"wall {median(each.parsing_wall for each in rounds):.3f} s; importing Airflow "
                f"CPU {median(each.importing for each in rounds):.2f} s; medians of {ROUNDS}"
            )
    return int(worst > BAR_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
