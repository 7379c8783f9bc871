"""Make a fit's lists live: read from the lake in record batches, one transaction, no Spark.

Exit code 99 while publishing is paused.

Run: python -m jobs.publish --dataset movielens_1m
"""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Unpack

import pyarrow as pa
from sqlalchemy import Engine

from jobs.retraining.handover import fitted, nomination, verdict
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError
from serving.errors import PublishingPausedError, ServingError
from serving.publishing.publish import Candidate, publish
from serving.storage import database
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_FALLBACK_LISTS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    SILVER_ITEMS,
    Table,
)
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

LISTS = (
    GOLD_RECOMMENDATIONS,
    GOLD_PROFILES,
    GOLD_ITEM_FACTORS,
    GOLD_SIMILAR_ITEMS,
    GOLD_FALLBACK_LISTS,
)


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey) -> int:
    """Publish the retrain's fit and return the release. A second run changes nothing.

    Raises:
        NotDecidedError, NotFittedError: the retrain's earlier tasks have not run.
        LiveReleaseChangedError: another release went live since the nomination.
        PublishingPausedError: an operator paused publishing.
    """
    decided, fit = verdict(root, run_key), fitted(root, run_key.retrain_id)
    lake = Lake(root)
    tables = {table.name: _batches(lake, table, fit["retrain_id"]) for table in LISTS}
    tables["items"] = lake.batches(SILVER_ITEMS, version=dict(fit["versions"])["silver.items"])
    release = publish(
        engine,
        candidate(dataset, decided, fit),
        tables,
        actor=str(run_key),
        reason=decided["reason"],
        instead_of=nomination(root, run_key)["champion_release_id"],
    )
    log.info("%s: release %d is live. %s", dataset.name, release, decided["reason"])
    return release


def candidate(dataset: Dataset, decided: dict[str, Any], fit: dict[str, Any]) -> Candidate:
    """Return what the release will say of itself."""
    scale = dataset.scale
    return Candidate(
        retrain_id=fit["retrain_id"],
        verdict=decided["verdict"],
        recipe=fit["recipe"],
        recipe_json=json.loads(fit["recipe_json"]),
        constants=json.loads(fit["constants"]),
        about={
            "dataset": dataset.name,
            "title": dataset.title,
            "item_noun": dataset.item_noun,
            "licence": dataset.licence,
            "lowest": scale.lowest,
            "highest": scale.highest,
            "step": scale.step,
        },
        counts={"recommendations": fit["n_users"]},
    )


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("publish", __doc__).parse_args(argv), **overrides)
    try:
        run(job.root, job.dataset, database.engine(job.dataset.name), run_key=job.run_key)
    except PublishingPausedError as paused:
        log.warning("%s", paused)
        return NOTHING_TO_DO
    return 0


def _batches(lake: Lake, table: Table, retrain_id: str) -> Iterator[pa.RecordBatch]:
    columns = [name for name in table.names if name != "retrain_id"]
    return lake.batches(table, columns=columns, equals={"retrain_id": retrain_id})


if __name__ == "__main__":
    entrypoint.run(main, JobError, ServingError, WarehouseError)
