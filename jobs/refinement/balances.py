"""Counts of rows by landing and by failed check, before anything is written.

Rows in = accepted + duplicates + quarantined + dropped + erased, for each landing. Rows of erased
users are in the quarantine as well, but no limit counts them.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.ingestion.checks.event_checks import KIND_UNKNOWN
from jobs.ingestion.checks.row_checks import are_too_many
from jobs.refinement.checking.checks import UNREAD, UNREAD_SEPARATOR
from jobs.refinement.checking.erased_users import USER_ERASED
from jobs.refinement.pending import REFUSED
from jobs.runtime.errors import QuarantineError
from warehouse.datasets import Dataset

log = logging.getLogger(__name__)

_N_NAMED = 3


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts of one target: rows by landing, failures by check, and each check's first failure.

    A first failure is (file, line, kind); the kind is empty for targets without kinds. `n_unread`
    counts the values of accepted items that are left out, by column of the file.
    """

    n_rows: Counter[str] = field(default_factory=Counter)
    n_quarantined: Counter[str] = field(default_factory=Counter)
    n_dropped: Counter[str] = field(default_factory=Counter)
    n_erased: Counter[str] = field(default_factory=Counter)
    n_failures: Counter[str] = field(default_factory=Counter)
    n_unread: Counter[str] = field(default_factory=Counter)
    first_lines: dict[str, tuple[str, int, str]] = field(default_factory=dict)


def balances_of(checked: Mapping[str, DataFrame]) -> dict[str, Balance]:
    """Return the balance of each target's rows, which have `failed_checks` and `dropped`."""
    names = ("landing_id", "failed_checks", "dropped", "source_file", "source_line")
    rows = [
        frame.select(
            F.lit(target).alias("target"),
            *names,
            *[_text_column(frame, name) for name in ("kind", UNREAD)],
        )
        for target, frame in checked.items()
    ]
    first = F.min(F.struct("source_file", "source_line", F.coalesce("kind", F.lit(""))))
    keys = ("target", "landing_id", "failed_checks", "dropped", UNREAD)
    counts = reduce(DataFrame.union, rows).groupBy(*keys).agg(F.count("*").alias("n"), first)
    balances = {target: Balance() for target in checked}
    for row in counts.collect():  # a row per landing and set of failed checks
        target, landing_id, failed_checks, is_dropped, unread, n, line = row
        balance = balances[target]
        balance.n_rows[landing_id] += n
        if USER_ERASED in failed_checks:
            balance.n_erased[landing_id] += n
            continue
        balance.n_quarantined[landing_id] += n if failed_checks else 0
        balance.n_dropped[landing_id] += n if is_dropped else 0
        columns = unread.split(UNREAD_SEPARATOR) if unread and not failed_checks else []
        for counter, listed in ((balance.n_failures, failed_checks), (balance.n_unread, columns)):
            for name in listed:
                counter[name] += n
                balance.first_lines[name] = min(balance.first_lines.get(name, line), tuple(line))
    return balances


def count_by_landing(accepted: Sequence[DataFrame]) -> dict[str, tuple[int, int]]:
    """Return, by landing, the number of accepted rows and of those with an unknown item."""
    if not accepted:
        return {}
    not_unknown = F.expr("false").alias("unknown")
    flags = [
        frame.select("landing_id", "unknown" if "unknown" in frame.columns else not_unknown)
        for frame in accepted
    ]
    counts = (F.count("*").alias("n"), F.count_if("unknown").alias("n_unknown"))
    rows = reduce(DataFrame.union, flags).groupBy("landing_id").agg(*counts).collect()
    return {row["landing_id"]: (row["n"], row["n_unknown"]) for row in rows}


def require_quality(
    dataset: Dataset, balances: Mapping[str, Balance], refused: Sequence[str]
) -> None:
    """Stop the run if too large a share of a target's rows failed a check.

    Feedback has no limit: the API checked each event, no file can be corrected, and one event off
    a changed scale must not hold up the others.

    Raises:
        QuarantineError: the share is above the manifest's floor, or no row is left.
    """
    for target, balance in balances.items():
        landing_ids = [key for key in balance.n_rows if key not in refused]
        if target == "feedback" or not landing_ids:
            continue
        n_quarantined = sum(balance.n_quarantined[key] for key in landing_ids)
        n_kept = sum(
            balance.n_rows[key] - balance.n_dropped[key] - balance.n_erased[key]
            for key in landing_ids
        )
        if not n_kept and balance.n_dropped.total():
            log.warning("%s: the condition `keep_if` keeps no row of %s", dataset.name, target)
        if not are_too_many(n_quarantined, n_kept, dataset):
            continue
        raise QuarantineError(
            f"{dataset.name}: {n_quarantined / n_kept:.1%} of the rows of {target} fail a check, "
            f"{dataset.floors.max_quarantine_share:.1%} are allowed; silver is unchanged. Checks: "
            f"{_named(balance)}. Next: correct the manifest, raise its `max_quarantine_share`, or "
            "send a corrected file and quarantine this one: `python -m jobs.refine --dataset "
            f"{dataset.name} --refuse {' '.join(landing_ids)}`"
        )


def warn_of_unread(dataset: Dataset, balances: Mapping[str, Balance]) -> None:
    """Log a warning for each column of items with values that cannot be read."""
    for target, balance in balances.items():
        for column, n in balance.n_unread.items():
            file, line, _ = balance.first_lines[column]
            log.warning(
                "%s: %d values of `%s` in %s cannot be read and are left out (first: %s:%d). "
                "Correct the type in the manifest, or the file",
                *(dataset.name, n, column, target, file, line),
            )


def _named(balance: Balance) -> str:
    """Return the most frequent failures, each with the first line that has it."""
    checks = [
        f"{check} {count} (first: {_first(check, *balance.first_lines[check])})"
        for check, count in balance.n_failures.most_common()
        if check != REFUSED
    ]
    return ", ".join(checks[:_N_NAMED])


def _first(check: str, file: str, line: int, kind: str) -> str:
    named = f", {kind!r}" if check == KIND_UNKNOWN else ""
    return f"{file}:{line}{named}"


def _text_column(frame: DataFrame, name: str) -> Column:
    """Return the frame's column of this name, or empty texts if there is no such column."""
    return (F.col(name) if name in frame.columns else F.lit("")).alias(name)
