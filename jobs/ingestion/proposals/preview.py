"""The first rows of each section, with the values that the platform reads from them."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.log_lines import one_line
from jobs.ingestion.checks import sent_rows
from jobs.ingestion.interpreting import conditions, values
from jobs.ingestion.reading import open_file
from jobs.runtime.errors import UnreadableFileError
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Categories, Events, Files, Items, Ratings, Users

N_ROWS = 10
_LONGEST = 60


def show(dataset: Dataset, root: Path, console: Console) -> None:
    """Print the first ten rows of the first file of each section, as they are read.

    A file that cannot be read is left out: `check` says why.
    """
    single = [dataset.ratings, *dataset.events, dataset.items, dataset.categories, dataset.users]
    for section in single:
        path = None if section is None else next(iter(sorted(root.glob(section.file))), None)
        if section is None or path is None:
            continue
        with suppress(UnreadableFileError):
            _show(section, path, console)


def _show(section: Files, path: Path, console: Console) -> None:
    columns = _columns(section)
    named = [name for names in columns.values() for name in names]
    reader = open_file(path, section, name=section.file)
    shown_columns = [*dict.fromkeys((*named, *conditions.columns(section)))]
    batch = next(reader.batches(shown_columns, limit=N_ROWS), None)
    if batch is not None:
        texts = dict(zip(shown_columns, batch.columns[2:], strict=True))
        console.print(_table(section, columns, texts, batch.num_rows))


def _table(
    section: Files,
    columns: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, pa.Array],
    n_rows: int,
) -> Table:
    read = {field: _read(field, names, texts, section) for field, names in columns.items()}
    if isinstance(section, Events):
        column = section.kind_column
        kinds = pa.nulls(n_rows, pa.string()) if column is None else texts[column]
        read["kind"] = values.kinds(kinds, section)
    kept = conditions.kept(texts, section, n_rows)
    table = Table(*read, title=escape(one_line(section.file)), title_justify="left", box=None)
    for number, row in enumerate(zip(*(array.to_pylist() for array in read.values()), strict=True)):
        cells = [escape(one_line(_shown(value))) for value in row]
        table.add_row(*cells, style=None if kept[number].as_py() else "dim strike")
    return table


def _columns(section: Files) -> dict[str, tuple[str, ...]]:
    """Return the columns of the file by the manifest's field."""
    match section:
        case Ratings() | Events():
            fields: dict[str, tuple[str, ...]] = {"user": (section.user,), "item": (section.item,)}
            if isinstance(section, Events) and section.kind_column is not None:
                fields["kind"] = (section.kind_column,)
            if section.value is not None:
                fields["value"] = (section.value,)
            return {**fields, "time": section.time_columns} if section.time else fields
        case Items():
            named = {name: getattr(section, name) for name in ("item", "title", "categories")}
            named |= {name: getattr(section, name) for name in ("vendor", "released")}
            attributes = {name: (name,) for name in section.attributes}
            return {**{field: (name,) for field, name in named.items() if name}, **attributes}
        case Categories():
            return {"item": (section.item,), "category": (section.category,)}
        case Users():
            return {"user": (section.user,), **{name: (name,) for name in section.attributes}}
    return {}


def _read(
    field: str, names: tuple[str, ...], texts: Mapping[str, pa.Array], section: Files
) -> pa.Array:
    if isinstance(section, Ratings | Events):
        if field == "value":
            return values.numbers(texts[names[0]], section)
        if field == "time":
            return values.times(sent_rows.joined(texts[name] for name in names), section)
    return texts[names[0]]


def _shown(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value).removesuffix("+00:00")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
