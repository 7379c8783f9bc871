"""The checks that a row must pass to enter silver, and the types that its columns get.

Names of checks are stable: analysts group by them. A row that fails is quarantined with the names
of all checks that it fails, in the order given here. A row that the manifest's `keep_if` does not
keep is `dropped`, whatever it fails.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.refinement import category_lists, readings, texts
from jobs.refinement.history import event_id
from jobs.refinement.pending import REFUSED
from warehouse.datasets import Dataset
from warehouse.manifests.kinds import RATE, RESERVED, Kind
from warehouse.manifests.sections import Scale
from warehouse.manifests.sources import Categories, Events, Files, Items, Ratings, Users

MALFORMED = "line_malformed"
KIND_UNKNOWN = "kind_unknown"
AS_SENT = {"kind": "sent_kind", "occurred_at": "sent_at"}  # of events, beside the typed ones
_EPSILON = 1e-9


def checked(
    sent: DataFrame,
    dataset: Dataset,
    section: Files | None,
    *,
    now: datetime,
    refused: Sequence[str] = (),
) -> DataFrame:
    """Return the section's rows with the names of the checks they fail in `failed_checks`.

    Feedback has no section. Every row of a `refused` landing fails one more check.
    """
    match section:
        case Ratings():
            rows = checked_ratings(sent, dataset, section, now)
        case Events():
            rows = checked_events(sent, dataset, section, now)
        case Items():
            rows = checked_items(sent, section)
        case Categories():
            rows = checked_categories(sent, section)
        case Users():
            rows = checked_users(sent, section)
        case _:
            rows = checked_feedback(sent, dataset, now)
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


def checked_ratings(
    sent: DataFrame, dataset: Dataset, section: Ratings, now: datetime
) -> DataFrame:
    """Return the rows with `event_id`, `kind`, typed columns, `occurred_at`, `failed_checks`."""
    typed = sent.withColumns(
        {
            "kind": F.lit(RATE),
            "typed_rating": readings.numbers("rating", section),
            "typed_value": F.lit(None).cast("double"),
            "occurred_at": _time("rated_at", section),
            "kept": readings.kept(section) & _is_meant("rating", section),
        }
    )
    checks = _rating_checks(dataset.scale)
    return _checked_events(typed, checks, dataset, section, now)


def checked_events(sent: DataFrame, dataset: Dataset, section: Events, now: datetime) -> DataFrame:
    """Return the rows as `checked_ratings` does; a rating of `[[events]]` is its value."""
    is_rate, number = F.col("kind") == RATE, F.col("number")
    named = sent.withColumnsRenamed(AS_SENT)
    typed = named.withColumns(
        {
            "kind": readings.kinds("sent_kind", section),
            "number": readings.numbers("value", section) if section.value else _no_number(),
            "occurred_at": _time("sent_at", section),
            "kept": readings.kept(section),
            "is_meant": _is_meant("value", section),
        }
    )
    typed = typed.withColumns(
        {
            "typed_rating": F.when(is_rate, number),
            "typed_value": F.when(~is_rate, number),
            "kept": F.col("kept") & (F.col("is_meant") | ~texts.true(is_rate)),
        }
    )
    known = (*dataset.kinds, *((RATE,) if dataset.has_scale else ()))
    of_rates = {name: is_rate & fails for name, fails in _rating_checks(dataset.scale).items()}
    checks = {
        KIND_UNKNOWN: ~texts.true(F.col("kind").isin(*known)),
        **of_rates,
        **_value_checks(dataset.kinds),
    }
    return _checked_events(typed, checks, dataset, section, now)


def checked_feedback(sent: DataFrame, dataset: Dataset, now: datetime) -> DataFrame:
    """Return the events with typed columns and `failed_checks`. Ids are not trimmed.

    The API made the same checks on receipt; the manifest's scale may have changed since.
    """
    typed = sent.withColumns(
        {
            "typed_rating": F.col("rating"),
            "typed_value": F.lit(None).cast("double"),
            "typed_user": F.col("user_id"),
            "typed_item": F.col("item_id"),
            "source_file": F.lit("outbox"),
            "raw": F.lit(None).cast("string"),
        }
    )
    is_rate = F.col("kind") == RATE
    of_rates = {name: is_rate & fails for name, fails in _rating_checks(dataset.scale).items()}
    checks = {
        KIND_UNKNOWN: ~texts.true(F.col("kind").isin(RATE, *RESERVED)),
        **texts.id_checks("user_id", "item_id"),
        **of_rates,
        "rating_without_a_rate": ~is_rate & F.col("rating").isNotNull(),
        "time_in_future": _in_future(dataset, now),
    }
    return _checked(typed, checks, F.expr("true"))


def checked_items(sent: DataFrame, section: Items) -> DataFrame:
    """Return the rows with `failed_checks`."""
    shown = ("title", "vendor")
    long_category = F.exists(category_lists.of(section), texts.is_long)
    has_long_text = F.octet_length("categories") > texts.MAX_TEXT_BYTES
    checks = {
        **texts.id_checks("item_id"),
        "text_with_nul": texts.with_nul(
            *shown, "categories", "released", texts.values("attributes")
        ),
        "text_too_long": texts.any_long(*shown) | texts.true(has_long_text & long_category),
    }
    return _checked(sent, checks, readings.kept(section))


def checked_categories(sent: DataFrame, section: Categories) -> DataFrame:
    """Return the rows with `failed_checks`."""
    checks = {
        **texts.id_checks("item_id"),
        "category_missing": texts.blank("category"),
        "text_with_nul": texts.with_nul("category"),
        "text_too_long": texts.any_long("category"),
    }
    return _checked(sent, checks, readings.kept(section))


def checked_users(sent: DataFrame, section: Users) -> DataFrame:
    """Return the rows with `failed_checks`."""
    checks = {
        **texts.id_checks("user_id"),
        "text_with_nul": texts.with_nul(texts.values("attributes")),
        "text_too_long": texts.true(F.exists(F.map_values("attributes"), texts.is_long)),
    }
    return _checked(sent, checks, readings.kept(section))


def _checked_events(
    typed: DataFrame,
    checks: dict[str, Column],
    dataset: Dataset,
    section: Ratings | Events,
    now: datetime,
) -> DataFrame:
    ids = {"typed_user": F.trim("user_id"), "typed_item": F.trim("item_id")}
    times = {
        "time_not_readable": F.col("occurred_at").isNull(),
        "time_in_future": _in_future(dataset, now),
    }
    all_checks = {**texts.id_checks("user_id", "item_id"), **checks, **times}
    rows = _checked(typed.withColumns(ids), all_checks, F.col("kept"))
    return rows.withColumn("event_id", event_id(section))


def _checked(rows: DataFrame, checks: dict[str, Column], kept: Column) -> DataFrame:
    """Return the rows with `failed_checks`, the names of the conditions that are true; `dropped`.

    Names are joined and split: Spark compiles that, but not an array from which nulls are removed.
    """
    names = [F.when(condition, F.lit(name)) for name, condition in checks.items()]
    is_malformed = F.col("raw").isNotNull()
    joined = F.when(is_malformed, F.lit(MALFORMED)).otherwise(F.concat_ws(",", *names))
    none = F.expr("CAST(array() AS array<string>)")
    with_names = rows.withColumns({"joined": joined, "dropped": ~is_malformed & ~kept})
    passes = F.col("dropped") | (F.col("joined") == "")
    failed = F.when(passes, none).otherwise(F.split("joined", ","))
    return with_names.withColumn("failed_checks", failed).drop("joined")


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


def _value_checks(kinds: dict[str, Kind]) -> dict[str, Column]:
    """Return the checks of the values of kinds other than ratings; no value is no failure."""
    value, shares = F.col("typed_value"), [k for k, kind in kinds.items() if kind.value == "share"]
    is_number = value.isNotNull() & ~F.isnan(value)
    return {
        "value_not_a_number": F.isnan(value),
        "value_negative": is_number & (value < 0),
        "value_not_a_share": is_number & (value > 1) & F.col("kind").isin(*shares, ""),
    }


def _time(text: str, section: Ratings | Events) -> Column:
    """Return the time of the event, UTC; null if it is not readable or outside the calendar."""
    if section.time is False:
        return F.timestamp_seconds("source_line")
    return readings.times(text, section)


def _is_meant(text: str, section: Ratings | Events) -> Column:
    """Return whether the row has a value that is meant, or none at all."""
    if not section.no_value or section.value is None:
        return F.expr("true")
    return ~readings.without_value(text, section)


def _no_number() -> Column:
    return F.lit(None).cast("double")
