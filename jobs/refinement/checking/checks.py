"""Rows of bronze with the checks that they fail, and the types that their columns get.

The checks are those of `jobs.ingestion.checks.row_checks`, which `check` counts by: one Arrow UDF
makes them for all columns of a row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.ingestion.checks import event_checks, row_checks
from jobs.ingestion.checks.row_checks import MALFORMED
from jobs.ingestion.checks.sent_rows import SentRows, text_columns
from jobs.ingestion.columns import columns_of
from jobs.refinement.checking.readings import evaluated
from jobs.refinement.history import event_id, feedback_id
from jobs.refinement.pending import REFUSED
from jobs.refinement.texts import trimmed
from warehouse.datasets import Dataset
from warehouse.manifests.kinds import RATE
from warehouse.manifests.sources import Events, Files, Items, Ratings

AS_SENT: Final = {"kind": "sent_kind", "occurred_at": "sent_at"}  # of events, beside the typed ones
UNREAD: Final = "unread"  # the columns of an item's file that are left out, as one text
UNREAD_SEPARATOR: Final = "\x1f"
_TYPES: Final = {"kind": "string", "number": "double", "occurred_at": "timestamp"}
_FEEDBACK: Final = ("user_id", "item_id", "kind", "rating", "occurred_at", "undoes", "value")


def checked(
    sent: DataFrame,
    dataset: Dataset,
    section: Files | None,
    *,
    now: datetime,
    refused: Sequence[str] = (),
) -> DataFrame:
    """Return the section's rows with the names of the checks they fail in `failed_checks`.

    Rows of files that are `dropped` fail none; events have `event_id`, typed columns, and
    `occurred_at`. Feedback has no section. Every row of a `refused` landing fails one more check.
    """
    if section is None:
        rows = _of_feedback(sent, dataset, now)
    else:
        rows = _of_file(sent, dataset, section, now)
    if isinstance(section, Ratings | Events):
        rows = _typed_events(rows, section)
    rows = rows.drop("outcome")
    if not refused:
        return rows
    is_refused = F.col("landing_id").isin(list(refused))
    with_refused = F.array_append("failed_checks", F.lit(REFUSED))
    return rows.withColumns(
        {
            "failed_checks": F.when(is_refused, with_refused).otherwise(F.col("failed_checks")),
            "dropped": F.col("dropped") & ~is_refused,
        }
    )


def _of_file(sent: DataFrame, dataset: Dataset, section: Files, now: datetime) -> DataFrame:
    """Return the rows with what the checks say: `outcome`, `failed_checks`, `dropped`, `unread`."""
    columns, texts = columns_of(section), text_columns(section)
    fields = [
        *(F.col(name) for name in texts),
        *(F.col("attributes")[name] for name in columns.attributes),
        *(F.col("extra")[name] for name in columns.extra),
    ]
    typed = _typed_columns(section)

    def read(rows: pa.StructArray) -> pa.StructArray:
        arrays = iter(rows.flatten())
        sent_rows = SentRows(
            len(rows),
            *(
                {name: next(arrays) for name in of}
                for of in (texts, columns.attributes, columns.extra)
            ),
        )
        outcome = row_checks.checked(sent_rows, dataset, section, now)
        arrays = {
            **{name: outcome.typed[name] for name in typed},
            "failed": row_checks.names(outcome.failed, len(rows), separator=","),
            "unread": row_checks.names(outcome.unread, len(rows), separator=UNREAD_SEPARATOR),
            "dropped": outcome.is_dropped,
        }
        return pa.StructArray.from_arrays([*arrays.values()], [*arrays])

    types = {**typed, "failed": "string", "unread": "string", "dropped": "boolean"}
    outcome = evaluated(read, _struct(types), _numbered(fields))
    rows = sent.withColumn("outcome", outcome)
    is_malformed = F.col("raw").isNotNull()
    failed = F.when(is_malformed, F.lit(MALFORMED)).otherwise(F.col("outcome.failed"))
    rows = rows.withColumns(
        {"failed_checks": _listed(failed), "dropped": ~is_malformed & F.col("outcome.dropped")}
    )
    is_item = isinstance(section, Items)
    return rows.withColumn(UNREAD, F.col("outcome.unread")) if is_item else rows


def _of_feedback(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the events with typed columns and `failed_checks`. Ids are not trimmed."""
    latest = row_checks.latest(dataset, now)

    def read(rows: pa.StructArray) -> pa.StringArray:
        columns = dict(zip(_FEEDBACK, rows.flatten(), strict=True))
        failed = event_checks.of_feedback(columns, dataset, latest)
        return row_checks.names(failed, len(rows), separator=",")

    outcome = evaluated(read, "string", _numbered([F.col(name) for name in _FEEDBACK]))
    return sent.withColumns(
        {
            "failed_checks": _listed(outcome),
            "dropped": F.expr("false"),
            "typed_rating": F.col("rating"),
            "typed_value": F.col("value"),
            "silver_id": feedback_id(dataset.kinds),
            "typed_user": F.col("user_id"),
            "typed_item": F.col("item_id"),
            "source_file": F.lit("outbox"),
        }
    )


def _typed_columns(section: Files) -> dict[str, str]:
    """Return the columns of events that the checks type, with their types in Spark."""
    if not isinstance(section, Ratings | Events):
        return {}
    has_kinds = isinstance(section, Events) and section.kind_column is not None
    absent = {"kind": not has_kinds, "occurred_at": section.time is False}
    return {name: of for name, of in _TYPES.items() if not absent.get(name, False)}


def _typed_events(rows: DataFrame, section: Ratings | Events) -> DataFrame:
    typed = _typed_columns(section)
    kind = RATE if isinstance(section, Ratings) else section.kind
    named = rows.withColumnsRenamed(AS_SENT) if isinstance(section, Events) else rows
    is_rate, number = F.col("kind") == RATE, F.col("outcome.number")
    has_time = "occurred_at" in typed
    named = named.withColumns(
        {
            "kind": F.col("outcome.kind") if "kind" in typed else F.lit(kind),
            "occurred_at": F.col("outcome.occurred_at")
            if has_time
            else F.timestamp_seconds("source_line"),
            "typed_user": trimmed("user_id"),
            "typed_item": trimmed("item_id"),
            "list_id": F.lit(None).cast("string"),
        }
    )
    numbers = {"typed_rating": F.when(is_rate, number), "typed_value": F.when(~is_rate, number)}
    return named.withColumns(numbers).withColumn("event_id", event_id(section))


def _listed(names: Column) -> Column:
    """Return the names of a text, which commas separate, as an array."""
    return F.when(names == "", F.expr("CAST(array() AS array<string>)")).otherwise(
        F.split(names, ",")
    )


def _numbered(fields: Sequence[Column]) -> Column:
    return F.struct(*[field.alias(f"c{position}") for position, field in enumerate(fields)])


def _struct(types: dict[str, str]) -> str:
    return f"struct<{', '.join(f'{name}: {of}' for name, of in types.items())}>"
