"""The declarative base: constraint names, 64-bit integers and timestamps with a time zone."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    MetaData,
    Text,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table: 64-bit integers, timestamps with a zone, named constraints."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
        list[float]: ARRAY(REAL),
        list[datetime]: ARRAY(DateTime(timezone=True)),
    }


class SingleRow:
    """The key of a table with at most one row."""

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=true(), sort_order=-1)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[CheckConstraint, ...]:  # noqa: N805 # SQLAlchemy's own
        return (CheckConstraint("only_row", name="one_row"),)


class CursorOfChanges(SingleRow):
    """How far `collect` has read a table of changes. The lake's own log decides; this is a copy."""

    until: Mapped[int] = mapped_column(comment="Transactions below this id are in the lake.")
    n_changes: Mapped[int] = mapped_column(comment="Changes collected so far.")
    collected_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OfRelease:
    """The first key column of tables with one release's rows."""

    release_id: Mapped[int] = mapped_column(
        ForeignKey("releases.release_id"), primary_key=True, sort_order=-1
    )


def list_constraints(*columns: str) -> tuple[CheckConstraint, ...]:
    """Return the constraints of rows with `item_ids` and parallel arrays in `columns`."""
    lengths = " and ".join(f"cardinality(item_ids) = cardinality({column})" for column in columns)
    return (
        CheckConstraint(lengths, name="same_length"),
        CheckConstraint("cardinality(item_ids) > 0", name="not_empty"),
    )
