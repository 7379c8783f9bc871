"""What a sent row must be to enter silver: rules by name, and the types that rows get.

Names are stable: analysts group by them. A row that breaks a rule is quarantined with the names of
all rules that it breaks, in the order given here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.datasets import Dataset, Ratings, Scale

MALFORMED = "line_malformed"
REFUSED = "landing_refused"
KINDS = ("rate", "unrate", "hide", "not_interested")
_HAIR = 1e-9
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}"


def judged(
    target: str, sent: DataFrame, dataset: Dataset, *, now: datetime, refused: Sequence[str] = ()
) -> DataFrame:
    """Return the target's rows with the names of the rules they break in `broken_rules`.

    Every row of a `refused` landing breaks one more rule.
    """
    match target:
        case "ratings":
            rows = judged_ratings(sent, dataset, now)
        case "feedback":
            rows = judged_feedback(sent, dataset, now)
        case "items":
            rows = judged_items(sent)
        case _:
            rows = judged_users(sent)
    if not refused:
        return rows
    more = F.array_append("broken_rules", F.lit(REFUSED))
    is_refused = F.col("landing_id").isin(list(refused))
    return rows.withColumn(
        "broken_rules", F.when(is_refused, more).otherwise(F.col("broken_rules"))
    )


def judged_ratings(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the rows with `event_id`, `kind`, typed columns, `occurred_at`, `broken_rules`."""
    part = dataset.ratings
    typed = sent.withColumns(
        {
            "kind": F.lit("rate"),
            "typed_rating": F.expr("try_cast(trim(rating) AS double)"),
            "occurred_at": _instant(part),
            "typed_user": F.trim("user_id"),
            "typed_item": F.trim("item_id"),
        }
    )
    rules = {
        **_id_rules(),
        **_rating_rules(dataset.scale),
        "time_not_readable": F.col("occurred_at").isNull(),
        "time_in_future": _in_future(dataset, now),
    }
    identity = [
        F.lit("rate"),
        F.col("typed_user"),
        F.col("typed_item"),
        F.col("typed_rating").cast("string"),
        F.unix_micros("occurred_at").cast("string"),
    ]
    return _judged(typed, rules).withColumn("event_id", F.md5(F.concat_ws("\x1f", *identity)))


def judged_feedback(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the events with typed columns and `broken_rules`; ids are the outbox's, trimmed never.

    The API asked the same when it took them; the scale may have changed since.
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
    of_rates = {name: is_rate & rule for name, rule in _rating_rules(dataset.scale).items()}
    rules = {
        "kind_unknown": ~F.coalesce(F.col("kind").isin(*KINDS), F.expr("false")),
        **_id_rules(),
        **of_rates,
        "rating_without_a_rate": ~is_rate & F.col("rating").isNotNull(),
        "time_in_future": _in_future(dataset, now),
    }
    return _judged(typed, rules)


def judged_items(sent: DataFrame) -> DataFrame:
    """Return the rows with `broken_rules`."""
    rules = {
        "item_missing": _blank("item_id"),
        "title_missing": _blank("title"),
        "id_not_text": _no_text("item_id", "title"),
    }
    return _judged(sent, rules)


def judged_users(sent: DataFrame) -> DataFrame:
    """Return the rows with `broken_rules`."""
    return _judged(sent, {"user_missing": _blank("user_id"), "id_not_text": _no_text("user_id")})


def _judged(rows: DataFrame, rules: dict[str, Column]) -> DataFrame:
    """Return the rows with `broken_rules`. Names are joined and split: Spark compiles just that."""
    names = [F.when(condition, F.lit(name)) for name, condition in rules.items()]
    joined = F.when(F.col("raw").isNotNull(), F.lit(MALFORMED)).otherwise(F.concat_ws(",", *names))
    none = F.expr("CAST(array() AS array<string>)")
    broken = F.when(F.col("joined") == "", none).otherwise(F.split("joined", ","))
    return rows.withColumn("joined", joined).withColumn("broken_rules", broken).drop("joined")


def _id_rules() -> dict[str, Column]:
    return {
        "user_missing": _blank("user_id"),
        "item_missing": _blank("item_id"),
        "id_not_text": _no_text("user_id", "item_id"),
    }


def _in_future(dataset: Dataset, now: datetime) -> Column:
    latest = now + timedelta(hours=dataset.floors.future_tolerance_hours)
    return F.col("occurred_at") > F.lit(latest)


def _rating_rules(scale: Scale) -> dict[str, Column]:
    rating = F.col("typed_rating")
    is_number = rating.isNotNull() & ~F.isnan(rating)
    steps = (rating - scale.lowest) / scale.step
    off_step = F.abs(steps - F.rint(steps)) > _HAIR
    return {
        "rating_not_a_number": ~is_number,
        "rating_off_scale": is_number & (~rating.between(scale.lowest, scale.highest) | off_step),
    }


def _instant(part: Ratings) -> Column:
    """Return when it happened, UTC; null where that cannot be read or is outside the calendar."""
    if part.time is None:
        return F.timestamp_seconds("source_line")
    if part.time_format == "iso":
        readable = F.col("rated_at").rlike(_ISO_DAY)
        return F.when(readable, F.expr("try_cast(trim(rated_at) AS timestamp)"))
    divisor = 1000 if part.time_format == "milliseconds" else 1
    seconds = F.expr("try_cast(trim(rated_at) AS double)") / divisor
    return F.when(F.abs(seconds) <= _LAST_SECOND, F.timestamp_seconds(seconds))


def _blank(column: str) -> Column:
    return F.coalesce(F.trim(column), F.lit("")) == ""


def _no_text(*columns: str) -> Column:
    """Whether one of them holds a NUL byte, which no database takes as text."""
    return F.coalesce(F.contains(F.concat_ws("", *columns), F.lit("\0")), F.expr("false"))
