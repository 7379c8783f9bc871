"""Read the lake without Spark: rows, record batches, versions. `warehouse.sql` queries it in SQL.

Nothing here writes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

from warehouse.creation import arrow_schema
from warehouse.errors import TableMissingError, VersionGoneError
from warehouse.run_keys import RunKey
from warehouse.tables import Table

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset  # imports pandas, which takes half a second

Value = str | int
Equals = Mapping[str, Value | Collection[Value]]


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table. `at` is in UTC. Commits of other programs have no run key."""

    version: int
    at: datetime
    operation: str
    run_key: RunKey | None


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A table as it was created: its id, columns, those that are never null, its named checks."""

    id: str
    columns: frozenset[str]
    never_null: frozenset[str]
    checks: frozenset[str]


class Selection(TypedDict, total=False):
    """The rows to read: by default all rows and columns of the newest version.

    `equals` has a value by column; several values mean any of them.
    """

    columns: Sequence[str] | None
    equals: Equals | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Lake:
    """One data set's tables, read-only. `root` is the data set's folder or URL."""

    root: str

    def exists(self, table: Table) -> bool:
        """Whether the table has a commit."""
        return DeltaTable.is_deltatable(table.uri(self.root))

    def version(self, table: Table) -> int:
        """Return the table's newest version.

        Raises:
            TableMissingError: the table has no commit yet.
        """
        return self._open(table).version()

    def mark(self, table: Table, name: str) -> int | None:
        """Return the version of an application transaction in the table's log, if it is there."""
        return self.marks(table, [name]).get(name)

    def marks(self, table: Table, names: Iterable[str]) -> dict[str, int]:
        """Return the versions of those application transactions that are in the table's log."""
        if not self.exists(table):
            return {}
        delta = self._open(table)
        found = {name: delta.transaction_version(name) for name in names}
        return {name: version for name, version in found.items() if version is not None}

    def definition(self, table: Table) -> StoredDefinition:
        """Return how the table is stored, which may be older than its definition here."""
        delta, prefix = self._open(table), "delta.constraints."
        fields, properties = delta.schema().fields, delta.metadata().configuration
        return StoredDefinition(
            id=str(delta.metadata().id),
            columns=frozenset(field.name for field in fields),
            never_null=frozenset(field.name for field in fields if not field.nullable),
            checks=frozenset(n.removeprefix(prefix) for n in properties if n.startswith(prefix)),
        )

    def n_rows(self, table: Table, *, version: int | None = None) -> int:
        """Return the number of rows of a version, by default the newest, from the log alone."""
        actions = pa.table(self._open(table, version).get_add_actions(flatten=True))
        return int(sum(actions.column("num_records").to_pylist()))

    def read(self, table: Table, **selection: Unpack[Selection]) -> pa.Table:
        """Return the selected rows as one Arrow table, in no particular order.

        A nullable column is null if the table is older than it.

        Raises:
            TableMissingError: the table has no commit yet.
        """
        rows = self._scan(table, **selection).read_all()
        return rows.cast(_plain(rows.schema))

    def batches(self, table: Table, **selection: Unpack[Selection]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that `read` returns in record batches, so that memory stays bounded."""
        for batch in self._scan(table, **selection):
            if batch.num_rows:
                yield batch.cast(_plain(batch.schema))

    def rows(self, table: Table, **selection: Unpack[Selection]) -> list[dict[str, Any]]:
        """Return the rows that `read` returns as dictionaries; none before the first commit."""
        if not self.exists(table):
            return []
        return self.read(table, **selection).to_pylist(maps_as_pydicts="strict")  # type: ignore[no-any-return]

    def history(self, table: Table, *, limit: int | None = 10) -> list[Commit]:
        """Return the table's last commits, newest first; with `limit=None` all."""
        return [commit_of(entry) for entry in self._open(table).history(limit)]

    def commits_after(self, table: Table, version: int) -> list[Commit]:
        """Return the commits after a version, newest first; -1 is before the first."""
        n_newer = self.version(table) - version
        return self.history(table, limit=n_newer) if n_newer else []

    def commit(self, table: Table, version: int) -> Commit:
        """Return the commit that made a version, which costs the more the older it is."""
        delta = self._open(table)
        entries = delta.history(delta.version() - version + 1)
        return next(commit_of(entry) for entry in entries if entry["version"] == version)

    def dataset(self, table: Table, version: int | None = None) -> "Dataset":
        """Return the table as an Arrow dataset, by default its newest version.

        A nullable column is null if the table is older than it. Files are read when the dataset is.

        Raises:
            TableMissingError: the table has no commit yet.
            VersionGoneError: the table has no such version, or no longer.
        """
        newest = self._open(table)
        delta = newest if version is None else self._at(table, version, newest.version())
        local = None if "://" in self.root else fs.SubTreeFileSystem(
            table.uri(self.root), fs.LocalFileSystem()
        )  # fmt: skip
        stored = delta.to_pyarrow_dataset(filesystem=local)
        known, names = arrow_schema(table), stored.schema.names
        absent = [known.field(c.name) for c in table.columns if c.nullable and c.name not in names]
        return stored.replace_schema(pa.schema([*stored.schema, *absent])) if absent else stored

    def _scan(self, table: Table, **selection: Unpack[Selection]) -> pa.RecordBatchReader:
        names, equals = list(selection.get("columns") or table.names), selection.get("equals")
        delta = self._open(table, selection.get("version"))
        absent = {c.name for c in table.columns if c.nullable} - {
            f.name for f in delta.schema().fields
        }
        present = [name for name in names if name not in absent]
        reader = pa.RecordBatchReader.from_stream(
            delta.scan(columns=present, predicate=_predicate(equals))
        )
        if present == names:
            return reader
        fields = arrow_schema(table)
        schema = pa.schema([(fields if n in absent else reader.schema).field(n) for n in names])
        batches = (_with_nulls(batch, schema) for batch in reader)
        return pa.RecordBatchReader.from_batches(schema, batches)

    def _open(self, table: Table, version: int | None = None) -> DeltaTable:
        if not self.exists(table):
            raise TableMissingError(table.full_name, table.uri(self.root))
        return DeltaTable(table.uri(self.root), version=version)

    def _at(self, table: Table, version: int, newest: int) -> DeltaTable:
        name = table.full_name
        if version > newest:  # delta-rs would look for each version up to this one
            raise VersionGoneError(f"{name} has no version {version}: the newest one is {newest}")
        try:
            return DeltaTable(table.uri(self.root), version=version)
        except DeltaError as error:
            reason = f"version {version} of {name} can no longer be read: its log was deleted"
            raise VersionGoneError(reason) from error


def quoted(text: str, quote: str) -> str:
    """Return the text between quotes, as a literal or a name of SQL."""
    return quote + text.replace(quote, quote * 2) + quote


def commit_of(entry: Mapping[str, Any]) -> Commit:
    """Return the commit with these fields of delta-rs."""
    signature = entry.get("userMetadata")
    run_key = RunKey.of_signature(signature) if signature else None
    at = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
    return Commit(entry["version"], at, str(entry.get("operation")), run_key)


def _predicate(equals: Equals | None) -> str | None:
    """Return the conditions as SQL, or None if there are none."""
    return " AND ".join(_condition(*pair) for pair in (equals or {}).items()) or None


def _condition(column: str, value: Value | Collection[Value]) -> str:
    values = [value] if isinstance(value, str | int) else value
    literals = ", ".join(str(v) if isinstance(v, int) else quoted(v, "'") for v in values)
    name = quoted(column, '"')
    return f"{name} IN ({literals})" if literals else "false"


def _with_nulls(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch with the schema's columns: those that it lacks are null."""
    lacking = set(schema.names) - set(batch.schema.names)
    columns = [
        pa.nulls(batch.num_rows, field.type) if field.name in lacking else batch[field.name]
        for field in schema
    ]
    return pa.record_batch(columns, schema=schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema with strings instead of string views, which pyarrow cannot compare."""
    return pa.schema([field.with_type(_plain_type(field.type)) for field in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain_type(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(_plain_type(kind.key_type), _plain_type(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain_type(field.type)) for field in kind])
    return kind
