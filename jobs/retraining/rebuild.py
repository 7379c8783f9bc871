"""Repeat a fit from its row in the ledger, and prove that it gives the same lists.

Reads the recorded table versions, fits the recorded recipe, and compares each user's list with the
stored one. Writes nothing.

Exit code 1 if the lists differ, or if the fit can no longer be repeated.

Run: python -m jobs.retraining.rebuild --dataset movielens_1m --retrain RETRAIN_ID
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import fit
from jobs.retraining.frozen_tables import Frozen
from jobs.retraining.handover import Fit, Verdict
from jobs.runtime import entrypoint
from jobs.runtime.errors import NotRebuiltError
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.maintenance import retention
from warehouse.tables import GOLD_RECOMMENDATIONS, TABLES

log = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of a score; relative above 1, where scores are counts


@dataclass(frozen=True, slots=True)
class Proof:
    """Comparison of the repeated lists with the stored ones.

    `n_new` lists were not stored before; `difference` is the largest of any score.
    """

    n_stored: int
    n_same: int
    n_new: int
    difference: float

    @property
    def all_same(self) -> bool:
        """Whether there are lists, and all are the same."""
        return self.n_same == self.n_stored > 0 and self.n_new == 0


def run(warehouse: Warehouse, dataset: Dataset, retrain_id: str) -> Proof:
    """Return the proof for one fit.

    Raises:
        TaskMissingError: the ledger has no such fit.
        VersionGoneError: a table version that it read was vacuumed, or users were erased since.
    """
    ledger = Fit.read(warehouse.root, retrain_id)
    for table in TABLES:
        if table.full_name in ledger.versions:
            retention.require_complete(warehouse.root, table, ledger.versions[table.full_name])
    rows = Frozen(warehouse, ledger.versions, dataset)
    verdict = Verdict.read(warehouse.root, retrain_id)
    learned = fit.learn(rows, dataset, ledger.recipe, with_new_items=bool(verdict.new_items))
    repeated = fit.own_lists(rows, learned.model.lists(learned.users, fit.LIST_LENGTH))
    stored = warehouse.read(GOLD_RECOMMENDATIONS).where(F.col("retrain_id") == retrain_id)
    same = F.col("stored") & (F.col("difference") <= TOLERANCE)
    counts = differences(stored, repeated).agg(
        F.count_if("stored"), F.count_if(same), F.count_if(~F.col("stored")), F.max("difference")
    )
    return Proof(*counts.collect()[0])


def differences(stored: DataFrame, repeated: DataFrame) -> DataFrame:
    """Return (user_id, stored, difference) of lists (user_id, item_ids, scores).

    `stored` is whether the user had a list before. `difference` is the largest of a score, by rank
    and by item; infinite if a list is missing or has another length. Items with equal scores may
    swap ranks, also with an item that just missed the list.
    """
    new = repeated.select(
        "user_id", F.col("item_ids").alias("new_ids"), F.col("scores").alias("new_scores")
    )
    last = F.element_at("new_scores", -1)
    score_of = F.map_from_arrays("new_ids", "new_scores")
    by_item = F.transform("item_ids", lambda item: F.coalesce(F.element_at(score_of, item), last))
    largest = F.greatest(_largest("scores", "new_scores"), _largest("scores", by_item))
    comparable = F.size("item_ids") == F.size("new_ids")
    both = stored.select("user_id", "item_ids", "scores").join(new, "user_id", "full")
    return both.select(
        "user_id",
        F.col("item_ids").isNotNull().alias("stored"),
        F.when(comparable, largest).otherwise(F.lit(float("inf"))).alias("difference"),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, start Spark, run.

    Raises:
        NotRebuiltError: the lists are not the same.
    """
    parser = entrypoint.parser("rebuild", __doc__)
    parser.add_argument("--retrain", required=True, help="retrain_id of gold.fits")
    args = parser.parse_args(argv)
    job = entrypoint.job(args)
    proof = run(job.warehouse(), job.dataset, args.retrain)
    result = (
        f"{proof.n_same} of {proof.n_stored} lists are the same, {proof.n_new} are new; the "
        f"largest difference of a score is {proof.difference:.1e} ({TOLERANCE:.0e} is allowed)"
    )
    if not proof.all_same:
        raise NotRebuiltError(f"{args.retrain}: {result}. The code or the lake has changed")
    log.info("%s: %s", args.retrain, result)


def _largest(old: str, new: str | Column) -> Column:
    """Return the largest difference of two arrays of scores, relative above 1."""
    differences = F.zip_with(
        old, new, lambda a, b: F.abs(a - b) / F.greatest(F.lit(1.0), F.abs(a).cast("double"))
    )
    return F.array_max(differences)


if __name__ == "__main__":
    entrypoint.run(main)
