"""Look at files, and write a manifest that can be corrected. No Spark, nothing is copied.

Run: python -m jobs.ingestion.proposals.propose FOLDER_OR_FILES… --name shop --out shop.toml
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from jobs.ingestion import check
from jobs.ingestion.proposals import drafts, manifests, preview
from jobs.ingestion.proposals.files import tables
from jobs.runtime.errors import JobError, NothingSentError
from warehouse import datasets

_GUESSED = "# A proposal: correct the lines with `# guess`, then copy the file into datasets/."


def proposal(paths: Sequence[Path], name: str | None = None) -> tuple[str, str, Path]:
    """Return the name, the text of the manifest, and the folder that its files are relative to.

    Raises:
        NothingSentError: there is no file.
        NoEventsError: no file has a user and an item in each row.
        UnreadableFileError: a file cannot be read.
    """
    missing = [str(path) for path in paths if not path.exists()]
    files = tables.files_of(paths)
    if missing or not files:
        gone = ", ".join(missing or map(str, paths))
        raise NothingSentError(f"no file {gone}. Name the files to look at, or their folder")
    root = _root(paths, files)
    chosen = name or _name(root if len(files) > 1 or paths[0].is_dir() else files[0])
    title = chosen.replace("_", " ").capitalize()
    found = drafts.draft(tables.sampled(files, root), title)
    return chosen, f"{_GUESSED}\n{manifests.written(found, title)}", root


def main(argv: Sequence[str] | None = None) -> int:
    """Print or write the manifest, the first rows as it reads them, and the findings of `check`."""
    parser = argparse.ArgumentParser(prog="lantern datasets propose", description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+", metavar="FILES")
    parser.add_argument("--name", help="name of the data set: small letters, digits, _")
    parser.add_argument(
        "--out", type=Path, help="file to write; by default the manifest is printed"
    )
    args = parser.parse_args(argv)
    try:
        name, text, root = proposal(args.paths, args.name)
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if args.out is None:
        sys.stdout.write(text)
    else:
        args.out.write_text(text, encoding="utf-8")
        sys.stderr.write(f"wrote {args.out}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.toml")
        path.write_text(text, encoding="utf-8")
        preview.show(datasets.load(path), root, Console(stderr=True))
        for finding in check.grade(path, root):
            sys.stderr.write(f"{finding.level:<8} {finding.about:<10} {finding.text}\n")
    return 0


def _root(paths: Sequence[Path], files: Sequence[Path]) -> Path:
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0]
    return Path(os.path.commonpath([path.parent for path in files]))


def _name(path: Path) -> str:
    stem = path.resolve().name.split(".")[0].lower()
    plain = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")
    return (plain if re.match("[a-z]", plain) else f"data_{plain}").rstrip("_")[:31]


if __name__ == "__main__":
    sys.exit(main())
