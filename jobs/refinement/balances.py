"""Weigh what a refinement judged: rows by landing and by broken rule, before anything is written.

Rows in = accepted + duplicates + quarantined, for each landing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.refinement.checks import REFUSED
from jobs.runtime.errors import QuarantineError
from warehouse.datasets import Dataset

_TOP_RULES = 3
_NOT_ALL = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class Balance:
    """What was found in one target's landings. Rules come with the first line that breaks them."""

    n_rows: Counter[str] = field(default_factory=Counter)
    n_quarantined: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, int]] = field(default_factory=dict)

    def share(self, landings: Iterable[str]) -> float:
        """Return the refused share of these landings' rows, 0 to 1."""
        ids = list(landings)
        total = sum(self.n_rows[one] for one in ids)
        return sum(self.n_quarantined[one] for one in ids) / total if total else 0.0


def weighed(judged: Mapping[str, DataFrame]) -> dict[str, Balance]:
    """Return the balance of each target's rows; rows have `broken_rules`."""
    names = ("landing_id", "broken_rules", "source_file", "source_line")
    rows = [frame.select(F.lit(target).alias("target"), *names) for target, frame in judged.items()]
    first = F.min(F.struct("source_file", "source_line")).alias("first")
    keys = ("target", "landing_id", "broken_rules")
    found = reduce(DataFrame.union, rows).groupBy(*keys).agg(F.count("*").alias("n"), first)
    balances = {target: Balance() for target in judged}
    for row in found.orderBy("first").collect():  # a row per landing and set of rules
        balance = balances[row["target"]]
        balance.n_rows[row["landing_id"]] += row["n"]
        if row["broken_rules"]:
            balance.n_quarantined[row["landing_id"]] += row["n"]
        for rule in row["broken_rules"]:
            balance.rules[rule] += row["n"]
            place = (row["first"]["source_file"], row["first"]["source_line"])
            balance.examples[rule] = min(balance.examples.get(rule, place), place)
    return balances


def counted_by_landing(kept: Sequence[DataFrame]) -> dict[str, tuple[int, int]]:
    """Return, by landing, the rows kept and those of them that are flagged as `unknown`."""
    if not kept:
        return {}
    never = F.expr("false").alias("unknown")
    flags = [
        frame.select("landing_id", "unknown" if "unknown" in frame.columns else never)
        for frame in kept
    ]
    counts = (F.count("*").alias("n"), F.count_if("unknown").alias("n_unknown"))
    found = reduce(DataFrame.union, flags).groupBy("landing_id").agg(*counts)
    return {row["landing_id"]: (row["n"], row["n_unknown"]) for row in found.collect()}


def refuse_too_many(
    dataset: Dataset, balances: Mapping[str, Balance], refused: Sequence[str]
) -> None:
    """Stop the run if too large a share of what a file sent is refused.

    Of feedback any share may be: the API looked at each event, there is no file to correct, and
    one event that is off a new scale must not hold up all others.

    Raises:
        QuarantineError: the share is above the manifest's floor, or no row is left; the message
            names the rules, and what can be done.
    """
    for target, balance in balances.items():
        landings = [one for one in balance.n_rows if one not in refused]
        share = balance.share(landings)
        allowed = min(dataset.floors.max_quarantine_share, _NOT_ALL)
        if target == "feedback" or not landings or share <= allowed:
            continue
        top = [
            f"{rule} {count} (first: {balance.examples[rule][0]}:{balance.examples[rule][1]})"
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
