"""The disk takes no more bytes while the lake is written."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from ops.settings import ROOT
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_USER_INDEX

N_ROWS = 100_000
APPENDS = """
import resource, sys
from tests.faults.test_disk import append_rows
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # bytes: a write beyond them fails
append_rows(sys.argv[1], 100_000, "2")
"""


def append_rows(root: str, n: int, run: str) -> None:
    """Append `n` rows with the key of a run."""
    rows = pa.table({"user_id": [f"user {i}" for i in range(n)], "user_index": range(n)})
    append(root, SILVER_USER_INDEX, rows, run_key=RunKey("dag", run, "task"))


def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    root = str(tmp_path / "lake")
    append_rows(root, 3, "1")

    failed = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-c", APPENDS, root], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert failed.returncode == 1
    cause = failed.stderr.strip().splitlines()[-1]
    assert "silver/user_index cannot be written" in cause
    assert "Make room" in cause
    assert Lake(root).n_rows(SILVER_USER_INDEX) == 3
    append_rows(root, N_ROWS, "2")
    assert Lake(root).n_rows(SILVER_USER_INDEX) == 3 + N_ROWS
