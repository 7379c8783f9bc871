"""Weigh what a refinement judged: rows by landing and by broken rule, before anything is written.

Rows in = accepted + duplicates + quarantined, for each landing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.errors import QuarantineError
from jobs.rules import REFUSED
from warehouse.datasets import Dataset

_TOP_RULES = 3
_NOT_ALL = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class Balance:
    """What was found in one target's landings. Rules come with the first line that breaks them."""

    n_rows: Counter[str] = field(default_factory=Counter)
    n_quarantined: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def share(self, landings: Iterable[str]) -> float:
        """Return the refused share of these landings' rows, 0 to 1."""
        ids = list(landings)
        total = sum(self.n_rows[one] for one in ids)
        return sum(self.n_quarantined[one] for one in ids) / total if total else 0.0


def weighed(judged: DataFrame) -> Balance:
    """Return the balance of rows with `broken_rules`."""
    first = F.min(F.struct("source_file", "source_line")).alias("first")
    found = judged.groupBy("landing_id", "broken_rules").agg(F.count("*").alias("n"), first)
    balance = Balance()
    for row in found.toLocalIterator():
        balance.n_rows[row["landing_id"]] += row["n"]
        if row["broken_rules"]:
            balance.n_quarantined[row["landing_id"]] += row["n"]
        for rule in row["broken_rules"]:
            balance.rules[rule] += row["n"]
            place = f"{row['first']['source_file']}:{row['first']['source_line']}"
            balance.examples.setdefault(rule, place)
    return balance


def refuse_too_many(
    dataset: Dataset, balances: Mapping[str, Balance], refused: Sequence[str]
) -> None:
    """Stop the run if too large a share of what waits is refused.

    Raises:
        QuarantineError: the share is above the manifest's floor, or no row is left; the message
            names the rules, and what can be done.
    """
    for target, balance in balances.items():
        landings = [one for one in balance.n_rows if one not in refused]
        share = balance.share(landings)
        if not landings or share <= min(dataset.floors.max_quarantine_share, _NOT_ALL):
            continue
        top = [
            f"{rule} {count} (first: {balance.examples[rule]})"
            for rule, count in balance.rules.most_common()
            if rule != REFUSED
        ]
        raise QuarantineError(
            f"{dataset.name}: {share:.1%} of the rows of {target} are refused, "
            f"{dataset.floors.max_quarantine_share:.1%} are allowed; silver is as it was. "
            f"Rules: {', '.join(top[:_TOP_RULES])}. Next: correct the manifest, raise its "
            "`max_quarantine_share`, or send a corrected file and put this one aside: `python -m "
            f"jobs.refine --dataset {dataset.name} --refuse {' '.join(landings)}`"
        )
