"""Duration and memory of `make demo` in a clean clone.

Run: python -m benchmarks.clean_clone path/to/ml-1m.zip

Clones the checkout's HEAD into a temporary folder and runs `make demo` there twice. Prints the
seconds of both, the wall time of ingest and retrain in Airflow with Spark's share, and the memory
(proportional set size: shared pages count once) of the idle programs and at the peak.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS_UNTIL_IDLE = 30
GIB = 2**20  # of kB


class Sampler(threading.Thread):
    """Adds up the memory of all processes of a checkout, once per second."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = str(folder).encode()
        self.peak = self.newest = 0.0
        self.ending = threading.Event()

    def run(self) -> None:
        """Sample until `ending` is set."""
        while not self.ending.wait(1):
            self.newest = sum(self._kilobytes(process) for process in Path("/proc").glob("[0-9]*"))
            self.peak = max(self.peak, self.newest)

    def _kilobytes(self, process: Path) -> int:
        try:
            origin = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if self.folder not in origin:
                return 0
            proportional = re.search(
                r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.MULTILINE
            )
        except OSError:  # the process has ended
            return 0
        return int(proportional[1]) if proportional else 0


def main(archive: str) -> None:
    """Measure, print, clean up."""
    with tempfile.TemporaryDirectory(prefix="lantern-bench-") as parent:
        clone = Path(parent, "clone")
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)  # noqa: S603, S607
        sampler = Sampler(clone)
        sampler.start()
        try:
            first, output = demo(clone, str(Path(archive).resolve()))
            peak = sampler.peak
            second, _ = demo(clone, str(Path(archive).resolve()))
            time.sleep(SECONDS_UNTIL_IDLE)
            print(f"make demo, clean clone            {first:8.1f} s   (target 480)")
            print(f"make demo again, stack up         {second:8.1f} s   (target 20)")
            for line in output.splitlines():
                if line.startswith("Airflow worked"):
                    print(f"{line}   (target 4 min)")
            print(f"memory, idle stack                {sampler.newest / GIB:8.2f} GiB (target 4)")
            print(f"memory, peak of ingest + retrain  {peak / GIB:8.2f} GiB (target 9)")
        finally:
            sampler.ending.set()
            subprocess.run(["make", "-s", "down"], cwd=clone, check=False)  # noqa: S607


def demo(clone: Path, archive: str) -> tuple[float, str]:
    """Run `make demo`; return its seconds and its output."""
    started = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPS_", "VIRTUAL_ENV"))}
    completed = subprocess.run(  # noqa: S603
        ["make", "-s", "demo", f"ARCHIVE={archive}"],  # noqa: S607
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if completed.returncode != 0:
        sys.exit(f"make demo failed:\n{completed.stdout}")
    return time.monotonic() - started, completed.stdout


if __name__ == "__main__":
    main(sys.argv[1])
