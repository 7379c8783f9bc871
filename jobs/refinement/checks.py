"""The checks that a row must pass to enter silver, and the types that its columns get.

Names of checks are stable: analysts group by them. A row that fails is quarantined with the names
of all checks that it fails, in the order given here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.datasets import Dataset, Scale
from warehouse.sources import Ratings

MALFORMED = "line_malformed"
REFUSED = "landing_refused"
KINDS = ("rate", "unrate", "hide", "not_interested")
_EPSILON = 1e-9
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}"


def checked(
    target: str, sent: DataFrame, dataset: Dataset, *, now: datetime, refused: Sequence[str] = ()
) -> DataFrame:
    """Return the target's rows with the names of the checks they fail in `failed_checks`.

    Every row of a `refused` landing fails one more check.
    """
    match target:
        case "ratings":
            rows = checked_ratings(sent, dataset, now)
        case "feedback":
            rows = checked_feedback(sent, dataset, now)
        case "items":
            rows = checked_items(sent)
        case _:
            checks = {"user_missing": _blank("user_id"), "id_not_text": _not_text("user_id")}
            rows = _checked(sent, checks)
    if not refused:
        return rows
    with_refused = F.array_append("failed_checks", F.lit(REFUSED))
    is_refused = F.col("landing_id").isin(list(refused))
    return rows.withColumn(
        "failed_checks", F.when(is_refused, with_refused).otherwise(F.col("failed_checks"))
    )


def checked_ratings(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the rows with `event_id`, `kind`, typed columns, `occurred_at`, `failed_checks`."""
    section = dataset.ratings
    if section is None:
        raise ValueError(f"{dataset.name}: the manifest has no `[ratings]`")
    typed = sent.withColumns(
        {
            "kind": F.lit("rate"),
            "typed_rating": F.expr("try_cast(trim(rating) AS double)"),
            "occurred_at": _time(section),
            "typed_user": F.trim("user_id"),
            "typed_item": F.trim("item_id"),
        }
    )
    checks = {
        **_id_checks(),
        **_rating_checks(dataset.scale),
        "time_not_readable": F.col("occurred_at").isNull(),
        "time_in_future": _in_future(dataset, now),
    }
    key = [
        F.lit("rate"),
        F.col("typed_user"),
        F.col("typed_item"),
        F.col("typed_rating").cast("string"),
        F.unix_micros("occurred_at").cast("string"),
    ]
    return _checked(typed, checks).withColumn("event_id", F.md5(F.concat_ws("\x1f", *key)))


def checked_feedback(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the events with typed columns and `failed_checks`. Ids are not trimmed.

    The API made the same checks on receipt; the manifest's scale may have changed since.
    """
    typed = sent.withColumns(
        {
            "typed_rating": F.col("rating"),
            "typed_user": F.col("user_id"),
            "typed_item": F.col("item_id"),
            "source_file": F.lit("outbox"),
            "raw": F.lit(None).cast("string"),
        }
    )
    is_rate = F.col("kind") == "rate"
    of_rates = {name: is_rate & failed for name, failed in _rating_checks(dataset.scale).items()}
    checks = {
        "kind_unknown": ~F.coalesce(F.col("kind").isin(*KINDS), F.expr("false")),
        **_id_checks(),
        **of_rates,
        "rating_without_a_rate": ~is_rate & F.col("rating").isNotNull(),
        "time_in_future": _in_future(dataset, now),
    }
    return _checked(typed, checks)


def checked_items(sent: DataFrame) -> DataFrame:
    """Return the rows with `failed_checks`."""
    checks = {
        "item_missing": _blank("item_id"),
        "title_missing": _blank("title"),
        "id_not_text": _not_text("item_id", "title"),
    }
    return _checked(sent, checks)


def _checked(rows: DataFrame, checks: dict[str, Column]) -> DataFrame:
    """Return the rows with `failed_checks`: the names of the conditions that are true.

    Names are joined and split: Spark compiles that, but not an array from which nulls are removed.
    """
    names = [F.when(condition, F.lit(name)) for name, condition in checks.items()]
    joined = F.when(F.col("raw").isNotNull(), F.lit(MALFORMED)).otherwise(F.concat_ws(",", *names))
    none = F.expr("CAST(array() AS array<string>)")
    failed = F.when(F.col("joined") == "", none).otherwise(F.split("joined", ","))
    return rows.withColumn("joined", joined).withColumn("failed_checks", failed).drop("joined")


def _id_checks() -> dict[str, Column]:
    return {
        "user_missing": _blank("user_id"),
        "item_missing": _blank("item_id"),
        "id_not_text": _not_text("user_id", "item_id"),
    }


def _in_future(dataset: Dataset, now: datetime) -> Column:
    latest = now + timedelta(hours=dataset.floors.future_tolerance_hours)
    return F.col("occurred_at") > F.lit(latest)


def _rating_checks(scale: Scale) -> dict[str, Column]:
    rating = F.col("typed_rating")
    is_number = rating.isNotNull() & ~F.isnan(rating)
    steps = (rating - scale.lowest) / scale.step
    off_step = F.abs(steps - F.rint(steps)) > _EPSILON
    return {
        "rating_not_a_number": ~is_number,
        "rating_off_scale": is_number & (~rating.between(scale.lowest, scale.highest) | off_step),
    }


def _time(section: Ratings) -> Column:
    """Return the time of the rating, UTC; null if it is not readable or outside the calendar."""
    if section.time is False:
        return F.timestamp_seconds("source_line")
    if section.time_format == "iso":
        readable = F.col("rated_at").rlike(_ISO_DAY)
        return F.when(readable, F.expr("try_cast(trim(rated_at) AS timestamp)"))
    divisor = 1000 if section.time_format == "milliseconds" else 1
    seconds = F.expr("try_cast(trim(rated_at) AS double)") / divisor
    return F.when(F.abs(seconds) <= _LAST_SECOND, F.timestamp_seconds(seconds))


def _blank(column: str) -> Column:
    return F.coalesce(F.trim(column), F.lit("")) == ""


def _not_text(*columns: str) -> Column:
    """Whether one of the columns has a NUL byte, which no database accepts in text."""
    return F.coalesce(F.contains(F.concat_ws("", *columns), F.lit("\0")), F.expr("false"))
