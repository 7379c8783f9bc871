"""Rows in quarantine, and what operators decided on them. No Spark.

A decision is on the rows of one check: of one landing, or of all landings up to a time. Of the
decisions on the same check and landing the newest counts. A row is released once all its failed
checks are; it is rejected if one of its other checks is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.landings import Landing
from warehouse.query import Equals, Lake
from warehouse.tables import BRONZE_QUARANTINE_DECISIONS, SILVER_QUARANTINE

Decided = Literal["release", "reject"]
State = Literal["open", "released", "rejected"]

# checks whose rows need no decision: the operator refused the landing, or the user is erased
SETTLED: Final = frozenset({"landing_refused", "user_erased"})
_BETWEEN: Final = "\x1f"  # names of checks, in one text
_SAMPLED_LANDINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decided on the rows of one check. Times are in UTC.

    `landing_id` is None for all landings that landed up to `landed_until`.
    """

    target: str
    check: str
    landing_id: str | None
    landed_until: datetime
    decision: Decided
    decided_at: datetime

    def concerns(self, landing: Landing) -> bool:
        """Whether the decision is on rows of this landing."""
        if self.target != landing.target:
            return False
        if self.landing_id is not None:
            return self.landing_id == landing.landing_id
        return landing.landed_at is not None and landing.landed_at <= self.landed_until


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one landing that fail the same checks, and their number."""

    target: str
    landing_id: str
    failed_checks: tuple[str, ...]
    n_rows: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as it was sent, with the checks that it fails."""

    landing_id: str
    source_file: str
    source_line: int
    sent: str
    failed_checks: tuple[str, ...]


def recorded(lake: Lake) -> list[Decision]:
    """Return the decisions that are in the lake, in no particular order."""
    return [
        Decision(
            row["target"],
            row["check_name"],
            row["landing_id"],
            row["landed_until"],
            row["decision"],
            row["decided_at"],
        )
        for row in lake.rows(BRONZE_QUARANTINE_DECISIONS)
    ]


def decided(decisions: Iterable[Decision], landing: Landing) -> dict[str, Decided]:
    """Return the newest decision on the landing's rows, by check."""
    oldest_first = sorted(decisions, key=lambda decision: decision.decided_at)
    return {each.check: each.decision for each in oldest_first if each.concerns(landing)}


def state(failed_checks: Iterable[str], decisions: Mapping[str, Decided]) -> State:
    """Return what was decided on rows that fail these checks.

    Rows of a refused landing and of erased users count as rejected.
    """
    remaining = {check for check in failed_checks if decisions.get(check) != "release"}
    if not remaining:
        return "released"
    is_rejected = any(decisions.get(check) == "reject" for check in remaining)
    return "rejected" if is_rejected or remaining & SETTLED else "open"


def groups(lake: Lake) -> list[Group]:
    """Return the rows in quarantine, grouped; none before the first one."""
    if not lake.exists(SILVER_QUARANTINE):
        return []
    n_rows: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    keys = ["target", "landing_id", "checks"]
    for batch in lake.batches(SILVER_QUARANTINE, columns=[*keys[:2], "failed_checks"]):
        columns = [batch["target"], batch["landing_id"], _joined(batch["failed_checks"])]
        counted = pa.table(columns, names=keys).group_by(keys).aggregate([([], "count_all")])
        for row in counted.to_pylist():
            checks = tuple(sorted(row["checks"].split(_BETWEEN)))
            n_rows[row["target"], row["landing_id"], checks] += row["count_all"]
    return [Group(*key, n_rows=n) for key, n in sorted(n_rows.items())]


def rejected(lake: Lake, landings: Iterable[Landing]) -> Counter[str]:
    """Return the number of rows that operators rejected, by landing.

    Only decisions that are in the lake count. Without any, the quarantine is not read.
    """
    decisions, counts = recorded(lake), Counter[str]()
    by_id = {landing.landing_id: landing for landing in landings}
    for group in groups(lake) if decisions else ():
        landing = by_id.get(group.landing_id)
        if landing is None or not SETTLED.isdisjoint(group.failed_checks):
            continue
        if state(group.failed_checks, decided(decisions, landing)) == "rejected":
            counts[group.landing_id] += group.n_rows
    return counts


def samples(
    lake: Lake, target: str, check: str, *, landing_ids: Sequence[str], limit: int
) -> list[Sample]:
    """Return some rows of these landings that fail the check, in order of landing and line."""
    rows: list[Sample] = []
    if not lake.exists(SILVER_QUARANTINE):
        return []
    columns = ["landing_id", "source_file", "source_line", "sent", "failed_checks"]
    equals: Equals = {"target": target, "landing_id": landing_ids[:_SAMPLED_LANDINGS]}
    for batch in lake.batches(SILVER_QUARANTINE, columns=columns, equals=equals):
        fails = pc.match_substring(_joined(batch["failed_checks"], ends=True), _between(check))
        rows += [
            Sample(**(row | {"failed_checks": tuple(row["failed_checks"])}))
            for row in batch.filter(fails).slice(0, limit).to_pylist()
        ]
        if len(rows) >= limit:
            break
    order = {landing_id: position for position, landing_id in enumerate(landing_ids)}
    rows.sort(key=lambda x: (order[x.landing_id], x.source_file, x.source_line))
    return rows[:limit]


def _joined(names: pa.ListArray, *, ends: bool = False) -> pa.StringArray:
    """Return the names of each row as one text, with separators at its ends if `ends`."""
    joined = pc.binary_join(names, _BETWEEN)
    return pc.binary_join_element_wise(_BETWEEN, joined, _BETWEEN, "") if ends else joined


def _between(name: str) -> str:
    return f"{_BETWEEN}{name}{_BETWEEN}"
