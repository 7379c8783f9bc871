"""What a proposed manifest is called, where it is written, and the commands that come next."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from jobs.runtime.errors import JobError
from warehouse import datasets


class TargetError(JobError):
    """The manifest cannot have this name, or be written to this file. Choose another."""


def name_of(name: str | None, out: Path | None, files: Path) -> str:
    """Return the name of the data set: `name`, else that of the file to write, else of its files.

    Raises:
        TargetError: no data set can have this name, or the two names differ.
    """
    if out is not None and out.suffix != ".toml":
        raise TargetError(f"--out {out}: a manifest ends in .toml. Write `--out {out}.toml`")
    if name is not None and out is not None and out.stem != name:
        raise TargetError(
            f"--out {out}: the file must have the name of the data set. Write `--out "
            f"{out.with_name(f'{name}.toml')}`, or leave `--name` out"
        )
    chosen = plain(files.name) if out is None else out.stem
    chosen = chosen if name is None else name
    if problem := datasets.problem_of_name(chosen):
        usable = plain(chosen)
        if datasets.problem_of_name(usable):
            usable = f"data_{usable}"[:31].rstrip("_")
        option = f"--name {usable}"
        if out is not None:
            option = f"--out {out.with_name(f'{usable}.toml')}"
        raise TargetError(f"{problem}. Choose another one, such as `{option}`")
    return chosen


def plain(name: str) -> str:
    """Return the beginning of a file's name as a name of a data set."""
    stem = re.sub(r"[^a-z0-9]+", "_", name.split(".", maxsplit=1)[0].lower()).strip("_")
    return (stem if re.match("[a-z]", stem) else f"data_{stem}")[:31].rstrip("_")


def require_writable(out: Path) -> None:
    """Raise an error if the manifest cannot be written there.

    Raises:
        TargetError: the folder is missing, or it or the file may not be written.
    """
    folder = out.parent
    if not folder.is_dir():
        step = f"`mkdir -p {shlex.quote(str(folder))}`"
        raise TargetError(f"--out {out}: there is no folder {folder}. Create it: {step}")
    if out.is_dir():
        raise TargetError(f"--out {out}: this is a folder. Name a file in it")
    if not os.access(out if out.exists() else folder, os.W_OK):
        raise TargetError(
            f"--out {out}: may not be written. Choose another folder, or run `chmod u+w "
            f"{shlex.quote(str(out if out.exists() else folder))}`"
        )


def write(text: str, out: Path) -> None:
    """Write the manifest.

    Raises:
        TargetError: the file cannot be written.
    """
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TargetError(f"--out {out}: {error.strerror}. Choose another file") from error


def next_commands(
    name: str, paths: Sequence[Path], root: Path, out: Path | None, inbox: Path
) -> list[str]:
    """Return the next commands: copy the files into the inbox, write the manifest, or check it.

    All paths are absolute. `root` is the folder of the files, `inbox` that of all data sets. The
    manifest is written if there is no `out`, and checked otherwise.
    """
    target = inbox.resolve() / name
    commands = []
    if root.resolve() != target:
        commands.append(f"mkdir -p {_quoted(target)} && {_copy(paths, root, target)}")
    if out is None:
        files = " ".join(map(_quoted, paths))
        return [*commands, f"lantern datasets propose {files} --out datasets/{name}.toml"]
    return [*commands, f"lantern datasets check {_quoted(out.resolve())}"]


def _copy(paths: Sequence[Path], root: Path, target: Path) -> str:
    """Return the command that copies the files so that their names are those in the manifest."""
    if list(paths) == [root]:
        return f"cp -r {_quoted(root)}/. {_quoted(target)}/"
    if all(path.parent == root for path in paths):
        return f"cp -r {' '.join(map(_quoted, paths))} {_quoted(target)}/"
    names = " ".join(_quoted(path.relative_to(root)) for path in paths)
    return f"tar cf - -C {_quoted(root)} -- {names} | tar xf - -C {_quoted(target)}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
