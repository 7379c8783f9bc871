"""The process in which `isolated` runs a query: `python -m warehouse.sql.worker`.

Standard input is the request as JSON. Standard output is the result as an Arrow stream, or with
exit code `REFUSED` the reason why there is none.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from warehouse.errors import QueryRefusedError, WarehouseError
from warehouse.query import Lake
from warehouse.sql.engine import Limits, Rows, opened
from warehouse.sql.isolated import IS_CUT, REFUSED, STARTING_SECONDS

OVERHEAD_MB = 1536  # memory of Python, the libraries, and Arrow, which reads files for DuckDB
NICENESS = 5  # lists for users come first


class WithoutPandas(MetaPathFinder):
    """Hides pandas: Arrow imports it if it is there, which takes longer than most queries."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 # of the protocol
        target: ModuleType | None = None,  # noqa: ARG002 # of the protocol
    ) -> None:
        """Find nothing, and end the search for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError("no pandas in this process", name=fullname)


def main() -> int:
    """Answer one request; return the exit code."""
    request = json.load(sys.stdin)
    limits = Limits(**request["limits"])
    _restrict(limits)
    try:
        with opened(Lake(request["root"]), request["text"], limits) as rows:
            table = bounded(rows, request["n_bytes"])
    except WarehouseError as error:
        sys.stdout.write(str(error))
        return REFUSED
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as out:
        out.write_table(table)
    return 0


def bounded(rows: Rows, n_bytes: int) -> pa.Table:
    """Return the rows up to a size. The schema's metadata says whether rows were left out."""
    batches: list[pa.RecordBatch] = []
    n_left, is_cut = n_bytes, False
    for batch in rows:
        n_fitting = min(int(batch.num_rows * n_left / max(batch.nbytes, 1)), batch.num_rows)
        batches += [batch.slice(0, n_fitting)] if n_fitting else []
        n_left -= batch.nbytes
        if is_cut := n_fitting < batch.num_rows:
            break
    if is_cut and not batches:
        raise QueryRefusedError(f"one row alone has more than {n_bytes / 1e6:.0f} MB")
    table = rows.as_table(batches)
    return table.replace_schema_metadata({IS_CUT: b"1"} if is_cut or rows.is_cut else None)


def _restrict(limits: Limits) -> None:
    """Bound this process, whatever a query does, and also if the program that started it dies."""
    memory = (limits.memory_mb + OVERHEAD_MB) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(round(limits.seconds + STARTING_SECONDS) + 1)
    os.nice(NICENESS)
    with suppress(OSError):  # a container may not let it
        Path("/proc/self/oom_score_adj").write_text("1000")  # without memory this ends first


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    sys.exit(main())
