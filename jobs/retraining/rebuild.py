"""Make a fit again from what the ledger says, and prove that it gives the same lists.

The recorded versions of the tables are read, the recorded recipe is fitted, and each person's list
is compared with the one that was kept. Nothing is written.

Exit code 1 where the lists differ, or can no longer be made.

Run: python -m jobs.retraining.rebuild --dataset movielens_1m --retrain RETRAIN_ID
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import fit
from jobs.engine.errors import EngineError
from jobs.retraining.frozen_tables import Frozen
from jobs.retraining.handover import Fit
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError, NotRebuiltError
from warehouse import retention
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.tables import GOLD_RECOMMENDATIONS, TABLES

log = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of a score, or of its share where scores are counts


@dataclass(frozen=True, slots=True)
class Proof:
    """How the lists made again compare with those kept. `difference` is the largest of a score."""

    n_kept: int
    n_same: int
    n_new: int  # made now, never kept
    difference: float

    @property
    def holds(self) -> bool:
        """Whether every list is the same."""
        return self.n_same == self.n_kept > 0 and self.n_new == 0


def run(warehouse: Warehouse, dataset: Dataset, retrain_id: str) -> Proof:
    """Return the proof for one fit.

    Raises:
        TaskMissingError: the ledger has no such fit.
        VersionGoneError: what it read is no longer what it was: vacuumed, or people were erased.
    """
    ledger = Fit.read(warehouse.root, retrain_id)
    for table in TABLES:
        if table.full_name in ledger.versions:
            retention.require_complete(warehouse.root, table, ledger.versions[table.full_name])
    rows = Frozen(warehouse, ledger.versions)
    learned = fit.learn(rows, dataset, ledger.recipe)
    made = fit.own_lists(rows, learned.model.lists(learned.users, fit.LIST_LENGTH))
    kept = warehouse.read(GOLD_RECOMMENDATIONS).where(F.col("retrain_id") == retrain_id)
    same = F.col("kept") & (F.col("difference") <= TOLERANCE)
    found = differences(kept, made).agg(
        F.count_if("kept"), F.count_if(same), F.count_if(~F.col("kept")), F.max("difference")
    )
    return Proof(*found.collect()[0])


def differences(kept: DataFrame, made: DataFrame) -> DataFrame:
    """Return (user_id, kept, difference) of lists (user_id, item_ids, scores).

    `difference` is the largest of a score, by place and by item, infinite where a list is missing
    or longer than the other. Items may change places, or the last place, where their scores agree.
    """
    theirs = made.select(
        "user_id", F.col("item_ids").alias("made_ids"), F.col("scores").alias("made_scores")
    )
    last = F.element_at("made_scores", -1)
    score_of = F.map_from_arrays("made_ids", "made_scores")
    by_item = F.transform("item_ids", lambda item: F.coalesce(F.element_at(score_of, item), last))
    largest = F.greatest(_largest("scores", "made_scores"), _largest("scores", by_item))
    comparable = F.size("item_ids") == F.size("made_ids")
    both = kept.select("user_id", "item_ids", "scores").join(theirs, "user_id", "full")
    return both.select(
        "user_id",
        F.col("item_ids").isNotNull().alias("kept"),
        F.when(comparable, largest).otherwise(F.lit(float("inf"))).alias("difference"),
    )


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, start Spark, run.

    Raises:
        NotRebuiltError: the lists are not the same.
    """
    parser = entrypoint.parser("rebuild", __doc__)
    parser.add_argument("--retrain", required=True, help="retrain_id of gold.fits")
    args = parser.parse_args(argv)
    job = entrypoint.job(args, **overrides)
    proof = run(job.warehouse(), job.dataset, args.retrain)
    said = (
        f"{proof.n_same} of {proof.n_kept} lists are the same, {proof.n_new} are new; the largest "
        f"difference of a score is {proof.difference:.1e} ({TOLERANCE:.0e} is allowed)"
    )
    if not proof.holds:
        raise NotRebuiltError(f"{args.retrain}: {said}. The code or the lake has changed")
    log.info("%s: %s", args.retrain, said)
    return 0


def _largest(ours: str, theirs: str | Column) -> Column:
    """Return the largest difference of two arrays of scores, relative above one."""
    apart = F.zip_with(
        ours, theirs, lambda a, b: F.abs(a - b) / F.greatest(F.lit(1.0), F.abs(a).cast("double"))
    )
    return F.array_max(apart)


if __name__ == "__main__":
    entrypoint.run(main, EngineError, JobError, WarehouseError)
