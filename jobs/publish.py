"""Load a fit's lists from the lake into Postgres and make them live, in one transaction. No Spark.

Exit code 99 while publishing is paused.

Run: python -m jobs.publish --dataset movielens_1m
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.retraining.handover import Fit, Freeze, Nomination, Verdict
from jobs.runtime import entrypoint
from jobs.runtime.errors import NotApprovedError
from serving.errors import PublishingPausedError, ServingError
from serving.publishing import approvals
from serving.publishing.publish import Candidate, publish
from serving.storage import database
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_CONTENT_WEIGHTS,
    GOLD_ERASED_ROWS,
    GOLD_FALLBACK_LISTS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    SILVER_ITEMS,
    Table,
)
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

LISTS = (
    GOLD_RECOMMENDATIONS, GOLD_PROFILES, GOLD_ITEM_FACTORS, GOLD_CONTENT_WEIGHTS,
    GOLD_SIMILAR_ITEMS, GOLD_TAKEN_TOGETHER, GOLD_FALLBACK_LISTS,
)  # fmt: skip


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey) -> int:
    """Publish the retrain's fit and return the release. A second run changes nothing.

    Raises:
        TaskMissingError: an earlier task of the retrain has not run.
        NothingChosenError: the gate lets nothing be published.
        NotApprovedError: the manifest requires the approval of an account that did not start the
            retrain, and none is recorded.
        LiveReleaseChangedError: another release went live since the nomination.
        PublishingPausedError: an operator paused publishing.
    """
    lake, retrain_id = Lake(root), run_key.retrain_id
    _, verdict = Verdict.to_publish(root, retrain_id)
    if dataset.schedule.approval_by_another:
        _must_be_approved(engine, retrain_id)
    fit = Fit.read(root, retrain_id)
    tables = {table.name: _batches(lake, table, retrain_id) for table in LISTS}
    tables["items"] = lake.batches(SILVER_ITEMS, version=fit.versions[SILVER_ITEMS.full_name])
    release = publish(
        engine,
        candidate(
            dataset,
            retrain_id,
            verdict,
            fit,
            n_erased=_n_erased(lake, fit),
            freeze=Freeze.read(root, retrain_id),
        ),
        tables,
        actor=str(run_key),
        reason=verdict.reason,
        instead_of=Nomination.read(root, retrain_id).champion_release_id,
    )
    log.info("%s: release %d is live. %s", dataset.name, release, verdict.reason)
    return release


def candidate(
    dataset: Dataset,
    retrain_id: str,
    verdict: Verdict,
    fit: Fit,
    *,
    n_erased: int = 0,
    freeze: Freeze | None = None,
) -> Candidate:
    """Return the description of the release; `n_erased` users were erased since the fit.

    The freeze says up to which transactions the fit has learned what the API got.
    """
    return Candidate(
        retrain_id=retrain_id,
        verdict=verdict.verdict,
        recipe=fit.recipe.name,
        recipe_json=fit.recipe.model_dump(mode="json"),
        constants=dict(fit.constants),
        about={"dataset": dataset.name, "kinds": kinds(dataset)}
        | dataset.model_dump(include={"title", "item_noun", "licence"})
        | dataset.scale.model_dump(include={"lowest", "highest", "step"})
        | {"attributes": dict(dataset.items.attributes) if dataset.items else {}}
        | {"user_attributes": dataset.users.attributes if dataset.users else ()}
        | {"display": display(dataset)},
        counts={"recommendations": fit.n_users},
        n_erased=n_erased,
        withdraws=dataset.source.delivery == "snapshots",
        outbox_until=freeze.outbox_until if freeze else None,
        users_until=freeze.users_until if freeze else None,
    )


def kinds(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Return by name what the manifest's kinds mean, as `serving.schemas.KindMeaning`."""
    positive, blocking, pasts = dataset.positive_kinds, dataset.blocking_kinds, dataset.pasts
    return {
        name: {
            "weight": kind.weight,
            "value": kind.value,
            "positive_from": kind.positive_from if name in positive else None,
            "repeatable": name not in blocking,
            "past": pasts[name],
        }
        for name, kind in sorted(dataset.kinds.items())
    }


def display(dataset: Dataset) -> dict[str, Any]:
    """Return which attributes the app shows, as `serving.schemas.Display`."""
    return dataset.display.model_dump(exclude={"picture_hosts"})


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("publish", __doc__).parse_args(argv))
    try:
        engine = engine or database.engine(job.dataset.name)
        run(job.root, job.dataset, engine, run_key=job.run_key)
    except PublishingPausedError as paused:
        log.warning("%s", paused)
        return NOTHING_TO_DO
    return 0


def _must_be_approved(engine: Engine, retrain_id: str) -> None:
    with Session(engine) as session:
        if not approvals.is_recorded(session, retrain_id):
            raise NotApprovedError(
                f"{retrain_id}: the manifest has `approval_by_another`, and no other account than "
                "the one that started this retrain approved it: nothing was published. Clear the "
                "task `approve`: it asks again"
            )


def _n_erased(lake: Lake, fit: Fit) -> int:
    """Return the number of users whose lists were deleted from the lake since the fit."""
    columns, equals = ["user_digest", "erased_at"], {"table_name": GOLD_RECOMMENDATIONS.full_name}
    rows = lake.rows(GOLD_ERASED_ROWS, columns=columns, equals=equals)
    return len({row["user_digest"] for row in rows if row["erased_at"] >= fit.fitted_at})


def _batches(lake: Lake, table: Table, retrain_id: str) -> Iterator[pa.RecordBatch]:
    """Return the retrain's rows; none if the code that fitted did not know the table."""
    if not lake.exists(table):
        return iter(())
    columns = [name for name in table.names if name != "retrain_id"]
    return lake.batches(table, columns=columns, equals={"retrain_id": retrain_id})


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
