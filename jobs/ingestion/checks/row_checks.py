"""The checks that a row must pass to enter silver: `check` counts by them, `refine` acts on them.

Names of checks are stable, because analysts group by them. A row that fails is quarantined with the
names of all checks that it fails, in the order given here. A row is `dropped`, and fails no check,
if `keep_if` does not keep it, or if it is a rating whose text is in `no_value`. Spaces around a
text do not count. No Spark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.checks import event_checks, text_checks
from jobs.ingestion.checks.event_checks import Masks
from jobs.ingestion.checks.sent_rows import SentRows
from jobs.ingestion.checks.text_checks import any_of
from jobs.ingestion.interpreting import attribute_values, conditions, values
from warehouse.datasets import Dataset
from warehouse.manifests.kinds import RATE
from warehouse.manifests.sources import Categories, Events, Files, Items, Ratings, Users

MALFORMED: Final = "line_malformed"  # the check of lines that could not be split into fields
FEWEST_MESSAGES = 1000  # of Kafka, from which on `max_quarantine_share` holds
_NOT_ALL: Final = 1 - 1e-12  # `refine` stops if all rows fail, even with a limit of 1


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks say of rows, as one mask per reason.

    `dropped` has a mask for each field of the manifest that drops rows, `failed` for each check.
    `unread` has a mask for each column of the file: rows that pass, but whose text in the column is
    not of its type, so the value is left out. `typed` has the `kind`, the `number` and the time
    (`occurred_at`) of events.
    """

    dropped: Masks
    failed: Masks
    unread: Masks = field(default_factory=dict)
    typed: Mapping[str, pa.Array] = field(default_factory=dict)

    @property
    def is_dropped(self) -> pa.BooleanArray:
        """Which rows are dropped."""
        if self.dropped:
            return any_of(*self.dropped.values())
        return pa.repeat(pa.scalar(False), len(self.has_failed))  # noqa: FBT003  # of each row

    @property
    def has_failed(self) -> pa.BooleanArray:
        """Which rows fail a check."""
        return any_of(*self.failed.values())

    def of(self, rows: pa.BooleanArray) -> "Checked":
        """Return what the checks say of these rows alone."""
        parts = (self.dropped, self.failed, self.unread, self.typed)
        return Checked(*({k: array.filter(rows) for k, array in part.items()} for part in parts))


def checked(rows: SentRows, dataset: Dataset, section: Files, now: datetime) -> Checked:
    """Return what the checks say of a section's rows.

    Raises:
        TypeError: rows of such a section are not refined.
    """
    match section:
        case Ratings() | Events():
            return _of_events(rows, dataset, section, now)
        case Items():
            failed = _of_items(rows, section)
        case Categories():
            failed = _of_categories(rows)
        case Users():
            failed = _of_users(rows)
        case _:
            raise TypeError(type(section))
    result = _without_dropped(rows, section, failed, {})
    unread = _unread(rows, section) if isinstance(section, Items) else {}
    is_out = pc.or_(result.is_dropped, result.has_failed)
    return Checked(result.dropped, result.failed, _except(unread, is_out))


def latest(dataset: Dataset, now: datetime) -> datetime:
    """Return the latest time that is not in the future."""
    return now + timedelta(hours=dataset.floors.future_tolerance_hours)


def are_too_many(n_failed: int, n_rows: int, dataset: Dataset) -> bool:
    """Return whether `refine` stops. `n_rows` are not dropped, and `n_failed` of them fail.

    Messages come a few at a time and cannot be corrected: of a few rows, any number may fail.
    """
    if dataset.source.kind == "kafka" and n_rows < FEWEST_MESSAGES:
        return False
    share = n_failed / n_rows if n_rows else 0.0
    return share > min(dataset.floors.max_quarantine_share, _NOT_ALL)


def names(masks: Masks, n_rows: int, *, separator: str) -> pa.StringArray:
    """Return the names of the masks that are true in each row, joined; "" where none is."""
    absent = pa.scalar(None, pa.string())
    named = [pc.if_else(mask, name, absent) for name, mask in masks.items() if mask.true_count]
    empty = pa.repeat(pa.scalar(""), n_rows)
    if not named:
        return empty
    # Arrow returns no text at all for a row in which all are null: each row begins with one.
    joined = pc.binary_join_element_wise(empty, *named, separator, null_handling="skip")
    return pc.utf8_ltrim(joined, separator)


def _of_events(
    rows: SentRows, dataset: Dataset, section: Ratings | Events, now: datetime
) -> Checked:
    texts, n_rows = rows.texts, rows.n_rows
    numbers = event_checks.numbers_of(texts.get("rating", texts.get("value")), section, n_rows)
    if isinstance(section, Ratings):
        kinds = pa.repeat(pa.scalar(RATE), n_rows)
    else:
        kinds = values.kinds(texts.get("kind", pa.nulls(n_rows, pa.string())), section)
    typed: dict[str, pa.Array] = {"kind": kinds, "number": numbers.values}
    failed = text_checks.of_ids(user=texts["user_id"], item=texts["item_id"])
    if isinstance(section, Events):
        failed |= event_checks.of_kinds(kinds, dataset)
    is_rate = event_checks.is_kind(kinds, (RATE,))
    failed |= event_checks.of_ratings(numbers.values, is_rate, dataset.scale)
    if isinstance(section, Events):
        failed |= event_checks.of_values(numbers, kinds, dataset)
    if section.time is not False:
        times = values.times(texts.get("rated_at", texts.get("occurred_at")), section)
        typed["occurred_at"] = times
        failed |= event_checks.of_times(times, latest(dataset, now))
    without_rating = {"no_value": pc.and_(is_rate, numbers.are_absent)} if section.no_value else {}
    result = _without_dropped(rows, section, failed, without_rating)
    return Checked(result.dropped, result.failed, typed=typed)


def _of_items(rows: SentRows, section: Items) -> Masks:
    texts = rows.texts
    shown = [texts[name] for name in ("title", "vendor") if name in texts]
    others = [texts["released"]] if "released" in texts else []
    with_nul = [text_checks.has_nul(x) for x in (*shown, *others, *rows.attributes.values())]
    too_long = [text_checks.is_long(x) for x in shown]
    if "categories" in texts:
        separator = section.categories_separator
        with_nul.append(text_checks.has_category_with_nul(texts["categories"], separator))
        too_long.append(text_checks.has_long_category(texts["categories"], separator))
    return {
        **text_checks.of_ids(item=texts["item_id"]),
        "text_with_nul": any_of(*with_nul),
        "text_too_long": any_of(*too_long),
    }


def _of_categories(rows: SentRows) -> Masks:
    category = rows.texts["category"]
    return {
        **text_checks.of_ids(item=rows.texts["item_id"]),
        "category_missing": text_checks.is_blank(category),
        "text_with_nul": text_checks.has_nul(category),
        "text_too_long": text_checks.is_long(category),
    }


def _of_users(rows: SentRows) -> Masks:
    failed = text_checks.of_ids(user=rows.texts["user_id"])
    if rows.attributes:
        texts = rows.attributes.values()
        failed["text_with_nul"] = any_of(*map(text_checks.has_nul, texts))
        failed["text_too_long"] = any_of(*map(text_checks.is_long, texts))
    return failed


def _unread(rows: SentRows, section: Items) -> dict[str, pa.BooleanArray]:
    unread = {
        name: attribute_values.unread(section, name, texts)
        for name, texts in rows.attributes.items()
    }
    if section.released is not None:
        unread[section.released] = attribute_values.no_year(rows.texts["released"])
    return unread


def _without_dropped(rows: SentRows, section: Files, failed: Masks, others: Masks) -> Checked:
    """Return the rows that `keep_if` and `others` drop, and the other rows that fail."""
    kept = conditions.kept(rows.extra, section, rows.n_rows)
    dropped = {"keep_if": pc.invert(kept)} if section.keep_if is not None else {}
    dropped |= _except(others, pc.invert(kept))
    if not dropped:
        return Checked({}, failed)
    return Checked(dropped, _except(failed, any_of(*dropped.values())))


def _except(masks: Masks, rows: pa.BooleanArray) -> dict[str, pa.BooleanArray]:
    return {name: pc.and_not(mask, rows) for name, mask in masks.items()}
