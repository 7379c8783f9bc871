"""Grade one file before it is put into the inbox. No Spark, no network, nothing is written.

`check` grades all files of a data set with the same functions. The findings are printed as a JSON
array, worst first: the app runs this program before it takes a file that an operator uploads.

Run: python -m jobs.ingestion.check_file --dataset shop --file /tmp/upload --name clicks_1.csv
"""

import argparse
import json
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from jobs.ingestion import check, sources
from jobs.ingestion.delivery import archives
from jobs.ingestion.delivery.names import matches
from jobs.ingestion.findings.finding import Finding
from jobs.ingestion.sources import SentFile
from warehouse import datasets
from warehouse.datasets import Dataset

CPU_SECONDS = 60
OOM_SCORE = Path("/proc/self/oom_score_adj")


def grade(dataset: Dataset, path: Path, name: str) -> list[Finding]:
    """Return the findings on the file at `path`, which is to have this name in the inbox."""
    named = sources.named_sections(dataset)
    described = [x for x in named if matches(x[2].file, name)]
    if not described:
        patterns = ", ".join(dict.fromkeys(section.file for _, _, section in named))
        text = f"the manifest describes no file {name!r}, but {patterns}. Rename the file"
        return [Finding("error", "source", text)]
    sha256 = archives.digest(path)
    files = [
        SentFile(target, name, str(path), sha256, section, section_name)
        for target, section_name, section in described
    ]
    return check.worst_first(check.of_files(dataset, files, is_complete=False))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the findings; return 0 also if one of them is an error."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.ingestion.check_file", description=__doc__
    )
    parser.add_argument("--dataset", required=True, help="name of a manifest in datasets/")
    parser.add_argument("--file", type=Path, required=True, help="where the file is now")
    parser.add_argument("--name", required=True, help="the name that it is to have in the inbox")
    args = parser.parse_args(argv)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with suppress(OSError):  # a container may not let it
        OOM_SCORE.write_text("1000")  # without memory this ends first, not the app
    dataset = datasets.load_named(args.dataset)
    findings = check.in_memory(lambda: grade(dataset, args.file, args.name))
    sys.stdout.write(json.dumps([asdict(finding) for finding in findings]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
