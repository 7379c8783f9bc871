"""Duration and memory of the platform from a clean clone.

Run: python benchmarks/clean_clone.py path/to/ml-1m.zip

Clones the checkout's HEAD into a temporary folder, runs `make demo` there twice, and prints the
seconds of both, the wall time of ingest and retrain in Airflow with Spark's share in it, and the
memory (proportional set size, so that shared pages count once) of the idle stack and at its peak.
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
IDLE_SECONDS = 30
GIB = 2**20  # of kB


class Sampler(threading.Thread):
    """Adds up the memory of every process that belongs to a folder, once a second."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = str(folder).encode()
        self.peak = self.newest = 0.0
        self.ending = threading.Event()

    def run(self) -> None:
        """Sample until `ending` is set."""
        while not self.ending.wait(1):
            self.newest = sum(self._kb(process) for process in Path("/proc").glob("[0-9]*"))
            self.peak = max(self.peak, self.newest)

    def _kb(self, process: Path) -> int:
        try:
            owned = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if self.folder not in owned:
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
            time.sleep(IDLE_SECONDS)
            print(f"make demo, clean clone            {first:8.1f} s   (bar 480)")
            print(f"make demo again, stack up         {second:8.1f} s   (bar 20)")
            for line in output.splitlines():
                if line.startswith("Airflow worked"):
                    print(f"{line}   (bar 4 min)")
            print(f"memory, idle stack                {sampler.newest / GIB:8.2f} GiB (bar 4)")
            print(f"memory, peak of ingest + retrain  {peak / GIB:8.2f} GiB (bar 9)")
        finally:
            sampler.ending.set()
            subprocess.run(["make", "-s", "down"], cwd=clone, check=False)  # noqa: S607


def demo(clone: Path, archive: str) -> tuple[float, str]:
    """Run `make demo`; return its seconds and its output."""
    started = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPS_", "VIRTUAL_ENV"))}
    done = subprocess.run(  # noqa: S603
        ["make", "-s", "demo", f"ARCHIVE={archive}"],  # noqa: S607
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"make demo failed:\n{done.stdout}")
    return time.monotonic() - started, done.stdout


if __name__ == "__main__":
    main(sys.argv[1])
