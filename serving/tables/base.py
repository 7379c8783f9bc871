"""What all models share: names of constraints, 64-bit counts, times with a zone."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every model: 64-bit counts, times with a zone, predictable constraint names."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {
        int: BigInteger,
        str: Text,
        bool: Boolean,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
        list[float]: ARRAY(REAL),
        list[datetime]: ARRAY(DateTime(timezone=True)),
    }


class OfRelease:
    """What a row of one release begins with."""

    release_id: Mapped[int] = mapped_column(
        ForeignKey("releases.release_id"), primary_key=True, sort_order=-1
    )


def a_list(*others: str) -> tuple[CheckConstraint, ...]:
    """Return the constraints of rows whose `item_ids` and other arrays belong together."""
    lengths = " and ".join(f"cardinality(item_ids) = cardinality({other})" for other in others)
    return (
        CheckConstraint(lengths, name="same_length"),
        CheckConstraint("cardinality(item_ids) > 0", name="not_empty"),
    )
