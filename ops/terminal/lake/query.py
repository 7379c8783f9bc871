"""The command `lantern query`: read-only SQL over the tables of a data set, without Spark."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal, get_args

import typer
from rich.markup import escape
from rich.table import Table

from ops import settings
from ops.errors import OpsError
from ops.steps import SafeConsole, console, printable
from warehouse import datasets as manifests

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import ReadableBuffer

ShownFormat = Literal["table", "csv", "json", "parquet"]
FORMATS: tuple[ShownFormat, ...] = get_args(ShownFormat)
TABLE_ROWS = 100  # shown by default
MAX_CELL = 80  # characters
NUMBERS = ("int", "uint", "float", "double", "decimal")


class Shown(io.BytesIO):
    """Standard output as a terminal that a query writes text to: rows cannot move its cursor."""

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write whole characters, with control characters escaped."""
        return sys.stdout.buffer.write(printable(bytes(content).decode()).encode())


def query(
    sql: Annotated[str, typer.Argument(help="one SELECT; `-` reads it from standard input")],
    dataset: Annotated[
        str | None,
        typer.Option(help="name of a manifest; not needed if the lake has one data set"),
    ] = None,
    shown_as: Annotated[
        ShownFormat | None,
        typer.Option("--format", help="default: by the name of the --output file, else `table`"),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="file to write the rows to")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"maximum number of rows; default {TABLE_ROWS} for a table"),
    ] = None,
    *,
    seconds: Annotated[float, typer.Option(min=0.1, help="time limit")] = 60,
    memory_mb: Annotated[int, typer.Option(min=64, help="memory limit of DuckDB")] = 2048,
    escape_formulas: Annotated[
        bool,
        typer.Option(
            "--escape-formulas",
            help="in CSV files for spreadsheets: put an apostrophe before text that begins with "
            "`=`, `+`, `-` or `@`, which a spreadsheet would run as a formula",
        ),
    ] = False,
) -> None:
    """Query the tables of a data set in SQL (DuckDB). Nothing is changed; `show tables` lists them.

    Example: lantern query "select kind, count(*) from silver.events group by kind"
    """
    from warehouse.query import Lake  # these take 0.5 s
    from warehouse.sql import formats
    from warehouse.sql.engine import Limits, opened

    kind = _format(shown_as, output)
    root = f"{_lake().rstrip('/')}/{_dataset(dataset)}"
    text = sys.stdin.read() if sql == "-" else sql
    n_rows = limit or (TABLE_ROWS if kind == "table" else None)
    limits = Limits(seconds=seconds, memory_mb=memory_mb, n_rows=n_rows)
    with opened(Lake(root), text, limits) as rows:
        if kind == "table":
            _print(rows.read_all())
        else:
            with _opened(output) as out:
                n_written = formats.write(rows, out, kind, escape_formulas=escape_formulas)
            if output:
                console.print(f"{n_written:,} rows are in {output}.", markup=False)
        if rows.is_cut:
            advice = "" if limit else ": --limit raises the number, --output FILE writes all"
            _note(f"There are more than {n_rows:,} rows{advice}.")


def _format(shown_as: ShownFormat | None, output: Path | None) -> ShownFormat:
    if output is None:
        if shown_as == "parquet" and sys.stdout.isatty():
            raise OpsError("parquet is not for a terminal: name a file with --output")
        return shown_as or "table"
    by_name = next((kind for kind in FORMATS if output.suffix.lower() == f".{kind}"), None)
    chosen = shown_as or by_name
    if chosen is None or chosen == "table":
        raise OpsError(f"{output}: choose --format csv, json or parquet for a file")
    return chosen


def _lake() -> str:
    chosen = settings.read()  # loads .env
    return os.environ.get("LAKE_ROOT", str(chosen.lake))


def _dataset(name: str | None) -> str:
    if name is not None:
        return manifests.load_named(name).name
    root = Path(_lake())
    filled = [each.name for each in manifests.installed() if (root / each.name).is_dir()]
    if len(filled) != 1:
        names = ", ".join(filled or (each.name for each in manifests.installed()))
        raise OpsError(f"choose a data set with --dataset: {names}")
    return filled[0]


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """Open the file, which gets its name once it is complete; or standard output."""
    if output is None:
        try:
            yield Shown() if sys.stdout.isatty() else sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # the program that reads them, such as `head`, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _print(rows: "pa.Table") -> None:
    from warehouse.sql.formats import text

    table = Table(box=None)
    for field in rows.schema:
        is_number = str(field.type).startswith(NUMBERS)
        table.add_column(escape(field.name), justify="right" if is_number else "left")
    columns = [column.to_pylist(maps_as_pydicts="lossy") for column in rows.columns]
    for row in zip(*columns, strict=True):
        table.add_row(*(escape(_short(text(value))) for value in row))
    console.print(table)


def _short(cell: str) -> str:
    """Return at most `MAX_CELL` characters on one line."""
    line = " ".join(cell.split())
    return line if len(line) <= MAX_CELL else f"{line[: MAX_CELL - 1]}…"


def _note(message: str) -> None:
    """Print to standard error, so that standard output has the rows alone."""
    SafeConsole(stderr=True, highlight=False, soft_wrap=True).print(escape(message))
