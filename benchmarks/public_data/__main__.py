"""Public data sets from their files to lists, each with nothing but a manifest.

    python -m benchmarks.public_data FOLDER [--only NAME]... [--minutes 0] [--peers]

FOLDER has a folder of files for each data set, by the manifest's name: the manifests beside this
file say which files. The data are their publishers' and not part of this repository.

Runs the jobs land, refine, freeze, nominate, search, evaluate, decide and fit in one process, and
prints for each set what was read, what the gate released, and how it compares with all others. A
set that cannot be read is reported with its error, and the next one runs. With `--peers` models of
other libraries are fitted on the same rows and evaluated on the same users.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.public_data import journey, peers, report
from benchmarks.public_data.journey import EXPECTED
from jobs.runtime import session
from warehouse import datasets

MANIFESTS = Path(__file__).parent
ROOT = MANIFESTS.parents[1]


def main() -> int:
    """Run every data set whose files are there; return 1 if one of them has no lists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="one folder of files per data set")
    parser.add_argument("--only", action="append", default=[], help="names of data sets")
    parser.add_argument("--minutes", type=float, default=0, help="time to search, per data set")
    parser.add_argument("--manifests", type=Path, default=MANIFESTS, help="folder of manifests")
    parser.add_argument("--peers", action="store_true", help="compare with other libraries")
    args = parser.parse_args()
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = session.start("public_data")
    n_failed = 0
    for manifest in sorted(args.manifests.glob("*.toml")):
        inbox = args.folder.resolve() / manifest.stem
        if not inbox.is_dir() or (args.only and manifest.stem not in args.only):
            continue
        print(f"\n== {manifest.stem}", flush=True)
        try:
            with journey.from_files(spark, datasets.load(manifest), inbox, args.minutes) as arrived:
                report.show(arrived)
                if args.peers and arrived.verdict["publishes"]:
                    peers.show(spark, arrived)
                n_failed += not report.n_lists(arrived)
        except EXPECTED as error:
            n_failed += 1
            print(f"{type(error).__name__}: {error}", flush=True)
    return int(bool(n_failed))


if __name__ == "__main__":
    sys.exit(main())
