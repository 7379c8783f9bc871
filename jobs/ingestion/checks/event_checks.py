"""The checks of events: of their kinds, ratings, values and times."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.checks import text_checks
from jobs.ingestion.checks.text_checks import false_if_null
from jobs.ingestion.interpreting import values
from ranking.strengths import MAX_VALUE
from warehouse.datasets import Dataset
from warehouse.manifests.kinds import RATE, RESERVED, UNDO
from warehouse.manifests.sections import Scale
from warehouse.manifests.sources import Events, Ratings

Masks = Mapping[str, pa.BooleanArray]

KIND_UNKNOWN: Final = "kind_unknown"
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Numbers:
    """The number in each row, null where there is none.

    `are_unreadable`: rows whose text is not a number; `are_absent`: rows whose text is in
    `no_value`.
    """

    values: pa.DoubleArray
    are_unreadable: pa.BooleanArray
    are_absent: pa.BooleanArray


def numbers_of(texts: pa.StringArray | None, section: Ratings | Events, n_rows: int) -> Numbers:
    """Return the numbers in the column of values; `texts` is None if there is no such column."""
    none = pa.repeat(pa.scalar(False), n_rows)  # noqa: FBT003  # the value of each row
    if texts is None:
        return Numbers(pa.nulls(n_rows, pa.float64()), none, none)
    numbers = values.numbers(texts, section)
    absent = false_if_null(values.stands_for_no_value(texts, section)) if section.no_value else none
    if numbers.null_count == texts.null_count:
        return Numbers(numbers, none, absent)
    is_no_number = pc.and_(pc.is_null(numbers), pc.is_valid(values.filled(texts)))
    return Numbers(numbers, pc.and_not(is_no_number, absent), absent)


def is_kind(kinds: pa.StringArray, of: Collection[str]) -> pa.BooleanArray:
    """Return which rows are of one of the kinds."""
    return pc.is_in(kinds, value_set=pa.array([*of], pa.string()))


def of_feedback(
    columns: Mapping[str, pa.Array], dataset: Dataset, latest: datetime
) -> dict[str, pa.BooleanArray]:
    """Return the masks of the events of the product that fail each check.

    The API made the same checks on receipt; the manifest's scale and kinds may have changed since.
    """
    kinds, ratings, sent = columns["kind"], columns["rating"], columns["value"]
    none = pa.repeat(pa.scalar(False), len(kinds))  # noqa: FBT003  # the value of each row
    is_rate = is_kind(kinds, (RATE,))
    is_other = pc.and_not(pc.is_valid(kinds), is_rate)
    return {
        KIND_UNKNOWN: pc.invert(is_kind(kinds, (RATE, *RESERVED, *dataset.kinds))),
        **text_checks.of_ids(user=columns["user_id"], item=columns["item_id"]),
        **of_ratings(ratings, is_rate, dataset.scale),
        **of_values(Numbers(sent, none, none), kinds, dataset),
        "rating_without_a_rate": pc.and_(is_other, pc.is_valid(ratings)),
        "undo_without_an_event": pc.and_(is_kind(kinds, (UNDO,)), pc.is_null(columns["undoes"])),
        "time_in_future": _is_after(columns["occurred_at"], latest),
    }


def of_kinds(kinds: pa.StringArray, dataset: Dataset) -> dict[str, pa.BooleanArray]:
    """Return the mask of the rows whose kind the manifest does not name."""
    valid = (*dataset.kinds, *((RATE,) if dataset.has_scale else ()))
    return {KIND_UNKNOWN: pc.invert(is_kind(kinds, valid))}


def of_ratings(
    numbers: pa.DoubleArray, is_rate: pa.BooleanArray, scale: Scale
) -> dict[str, pa.BooleanArray]:
    """Return the masks of the ratings that fail each check."""
    is_number = false_if_null(pc.is_finite(numbers))
    steps = pc.divide(pc.subtract(numbers, scale.lowest), scale.step)
    is_between_steps = pc.greater(pc.abs(pc.subtract(steps, pc.round(steps))), _EPSILON)
    is_outside = pc.or_(pc.less(numbers, scale.lowest), pc.greater(numbers, scale.highest))
    is_off = pc.and_(is_number, false_if_null(pc.or_(is_outside, is_between_steps)))
    return {
        "rating_not_a_number": pc.and_not(is_rate, is_number),
        "rating_off_scale": pc.and_(is_rate, is_off),
    }


def of_values(
    numbers: Numbers, kinds: pa.StringArray, dataset: Dataset
) -> dict[str, pa.BooleanArray]:
    """Return the masks of events of other kinds that fail each check; a missing value is valid."""
    is_other = pc.and_not(pc.is_valid(kinds), is_kind(kinds, (RATE,)))
    shares = [name for name, kind in dataset.kinds.items() if kind.value == "share"]
    return {
        "value_not_a_number": pc.and_(is_other, numbers.are_unreadable),
        "value_negative": pc.and_(is_other, false_if_null(pc.less(numbers.values, 0))),
        "value_too_large": pc.and_(is_other, false_if_null(pc.greater(numbers.values, MAX_VALUE))),
        "value_not_a_share": pc.and_(
            is_kind(kinds, shares), false_if_null(pc.greater(numbers.values, 1))
        ),
    }


def of_times(times: pa.TimestampArray, latest: datetime) -> dict[str, pa.BooleanArray]:
    """Return the masks of the times that fail each check."""
    return {"time_not_readable": pc.is_null(times), "time_in_future": _is_after(times, latest)}


def _is_after(times: pa.TimestampArray, latest: datetime) -> pa.BooleanArray:
    return false_if_null(pc.greater(times, pa.scalar(latest, times.type)))
