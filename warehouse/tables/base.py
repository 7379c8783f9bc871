"""The definition of a table, and the columns that several tables have."""

from dataclasses import dataclass

# Of every table, written by Spark or by delta-rs.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",  # any reader opens the table; deleted rows are gone
    "delta.columnMapping.mode": "none",
    "delta.logRetentionDuration": "interval 520 weeks",  # a kept release needs old versions
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is a Spark SQL type name; `doc` names the unit and the range."""

    name: str
    type: str
    doc: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table. `key` identifies a row: merges match on it.

    `full_name` is the layer and the name, such as `silver.interactions`. `checks` are (name, SQL
    condition) pairs that the table itself enforces on every write. `sent` names the columns that
    hold a source's values as they were sent.
    """

    full_name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[tuple[str, str], ...] = ()
    sent: tuple[str, ...] = ()

    @property
    def layer(self) -> str:
        """`bronze`, `silver` or `gold`."""
        return self.full_name.split(".")[0]

    @property
    def name(self) -> str:
        """The name within the layer."""
        return self.full_name.split(".")[1]

    def uri(self, root: str) -> str:
        """Return the table's folder or URL, given the data set's."""
        return f"{root.rstrip('/')}/{self.layer}/{self.name}"

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, in declaration order."""
        return ", ".join(
            f"{c.name} {c.type}" + ("" if c.nullable else " NOT NULL") for c in self.columns
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in declaration order."""
        return tuple(column.name for column in self.columns)


def table(
    full_name: str,
    doc: str,
    *columns: Column,
    key: tuple[str, ...],
    checks: tuple[tuple[str, str], ...] = (),
    sent: tuple[str, ...] = (),
) -> Table:
    """Return the table with these columns."""
    return Table(full_name, doc, columns, key, checks, sent)


USER = Column("user_id", "string", "The product's id of the user.")
ITEM = Column("item_id", "string", "The product's id of the item.")
TARGET = Column(
    "target", "string", "`ratings`, `events`, `items`, `categories`, `users` or `feedback`."
)
RUN_KEY = Column(
    "run_key", "string", "`<dag id>/<run id>/<task id>` of the run that wrote the row."
)
RECIPE = Column("recipe", "string", "Short stable name of the recipe.")
RECIPE_JSON = Column("recipe_json", "string", "The recipe as JSON.")
RETRAIN = Column("retrain_id", "string", "The retrain, as `<dag id>/<run id>`.")
ITEM_IDS = Column("item_ids", "array<string>", "Best item first; never empty.")
SCORES = Column("scores", "array<float>", "One per item, descending; not comparable between lists.")
LINE = ("landing_id", "source_file", "source_line")
