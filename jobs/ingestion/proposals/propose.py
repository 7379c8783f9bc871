"""Propose a manifest from files, for an operator to correct. No Spark; no file is copied.

Run: python -m jobs.ingestion.proposals.propose FOLDER_OR_FILES… --name shop --out shop.toml
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from edge.log_lines import one_line
from jobs.ingestion import check
from jobs.ingestion.proposals import drafts, manifests, preview, targets
from jobs.ingestion.proposals.files import tables
from jobs.ingestion.reading import memory
from jobs.runtime.errors import JobError, NothingSentError
from warehouse import datasets
from warehouse.errors import ManifestError

_GUESSED = "# A proposal: correct the lines with `# guess`. Lantern reads manifests in datasets/."


def proposal(
    paths: Sequence[Path], name: str | None = None, out: Path | None = None
) -> tuple[str, str, Path]:
    """Return the name, the text of the manifest, and the folder that its files are relative to.

    Raises:
        NothingSentError: there is no file, or none with rows that can be read.
        NoEventsError: no file has a user and an item in each row.
        TargetError: no data set can have the name; see `targets.name_of`.
    """
    paths = [path.resolve() for path in paths]
    missing = [str(path) for path in paths if not path.exists()]
    files = tables.files_of(paths)
    if missing or not files:
        gone = ", ".join(missing or map(str, paths))
        raise NothingSentError(f"no file {gone}. Name the files to look at, or their folder")
    root = _root(paths, files)
    source = root if len(files) > 1 or paths[0].is_dir() else files[0]
    chosen = targets.name_of(name, out, source)
    title = (name or targets.plain(source.name)).replace("_", " ").capitalize()
    draft = drafts.draft(tables.sampled(files, root), title)
    return chosen, f"{_GUESSED}\n{manifests.written(draft, title)}", root


def main(argv: Sequence[str] | None = None) -> int:
    """Print or write the manifest, the first rows as it reads them, and the findings of `check`."""
    args = _arguments(argv)
    try:
        with memory.bounded():
            return _run(args)
    except MemoryError:
        sys.stderr.write(f"{memory.TOO_LARGE}\n")
        return 1


def _run(args: argparse.Namespace) -> int:
    try:
        if args.out is not None:
            targets.require_writable(args.out)
        name, text, root = proposal(args.paths, args.name, args.out)
        if args.out is not None:
            targets.write(text, args.out)
    except JobError as error:
        sys.stderr.write(f"{_printable(str(error))}\n")
        return 1
    if args.out is None:
        sys.stdout.write(_printable(text))
    else:
        sys.stderr.write(f"wrote {one_line(str(args.out))}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.toml")
        path.write_text(text, encoding="utf-8")
        with suppress(ManifestError):  # `grade` says so
            preview.show(datasets.load(path), root, Console(stderr=True))
        for finding in check.grade(path, root):
            sys.stderr.write(f"{finding.line}\n")
    paths = [path.resolve() for path in args.paths]
    for command in targets.next_commands(name, paths, root, args.out, args.inbox):
        sys.stderr.write(f"next: {one_line(command)}\n")
    return 0


def _printable(text: str) -> str:
    """Return the text with control characters escaped, except line feeds."""
    return "\n".join(map(one_line, text.split("\n")))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lantern datasets propose", description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+", metavar="FILES")
    parser.add_argument("--name", help="name of the data set: small letters, digits, _")
    parser.add_argument(
        "--out", type=Path, help="file to write; by default the manifest is printed"
    )
    parser.add_argument(
        "--inbox", type=Path, default=Path("var/inbox"), help="folder of the inboxes of data sets"
    )
    return parser.parse_args(argv)


def _root(paths: Sequence[Path], files: Sequence[Path]) -> Path:
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0]
    return Path(os.path.commonpath([path.parent for path in files]))


if __name__ == "__main__":
    sys.exit(main())
