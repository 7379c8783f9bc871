"""Apply the gate to a retrain's evidence and record the verdict. No Spark.

Exit code 99 if nothing is to be published: after a `hold`, or while publishing is paused.

Run: python -m jobs.decide --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.engine.judging import gate, verdicts
from jobs.engine.judging.verdicts import Decision
from jobs.retraining.evidence import Metrics, evidence, metrics
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.publishing import releases
from serving.publishing.evidence import record
from serving.rules import window_lists
from serving.schemas import Comparison, Verdict
from serving.storage import database
from serving.tables.releases import Release
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_VERDICTS, GOLD_WINDOW_LISTS
from warehouse.tables.vocabulary import COLD, HEADLINE, NOTHING_TO_DO, WARM

log = logging.getLogger(__name__)

_MET = {True: "yes", False: "no", None: "-"}


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey) -> bool:
    """Decide, write the verdict to the lake and to Postgres, and return whether to publish.

    For the preview of slate rules, the chosen recipe's lists on the gate's window are copied to
    Postgres too. A second run changes nothing and returns the same.
    """
    with Session(engine) as session:
        live = releases.live(session)
    row = decide(root, dataset, live, run_key=run_key)
    verdict, lists = Verdict.model_validate(row), _lists(root, row["recipe"], run_key.retrain_id)
    with Session(engine) as session, session.begin():
        record(session, verdict)
        window_lists.replace(session, verdict, lists)
    log.info(event("verdict", verdict=verdict.verdict, reason=verdict.reason))
    return bool(row["publishes"])


def decide(root: str, dataset: Dataset, live: Release | None, *, run_key: RunKey) -> dict[str, Any]:
    """Return the row of gold.verdicts; write it, unless a run before did."""
    rows = Lake(root).rows(GOLD_VERDICTS, equals={"retrain_id": run_key.retrain_id})
    if not rows:
        rows = [_verdict(root, dataset, live, run_key)]
        append(root, GOLD_VERDICTS, rows, run_key=run_key)
    [row] = rows
    return row


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("decide", __doc__).parse_args(argv))
    engine = engine or database.engine(job.dataset.name)
    publishes = run(job.root, job.dataset, engine, run_key=job.run_key)
    return 0 if publishes else NOTHING_TO_DO


def comparisons(decision: Decision, measured: Metrics) -> list[Comparison]:
    """Return the headline metric of each compared recipe, then its other warm and cold metrics."""
    headlines = [_headline(figure) for figure in decision.comparisons]
    roles = {figure.recipe: figure.role for figure in decision.comparisons}
    return headlines + [
        Comparison.model_validate(row | {"role": roles[row["recipe"]]})
        for row in measured.gate
        if row["recipe"] in roles
        and row["slice"] in (WARM, COLD)
        and (row["slice"], row["metric"]) != (WARM, HEADLINE)
    ]


def _verdict(root: str, dataset: Dataset, live: Release | None, run_key: RunKey) -> dict[str, Any]:
    retrain_id, measured = run_key.retrain_id, metrics(root, run_key.retrain_id)
    paused_by = None if live is None else live.publishing_paused_by
    presented = evidence(root, dataset, measured, retrain_id=retrain_id, paused_by=paused_by)
    decision = gate.decide(presented, dataset.floors)
    for criterion in decision.criteria:
        log.info("%-3s %s %s", _MET[criterion.passed], criterion.criterion, criterion.detail)
    chosen = None if decision.recipe is None else measured.recipes[decision.recipe]
    return {
        "retrain_id": retrain_id,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "recipe": decision.recipe,
        "recipe_json": None if chosen is None else chosen.model_dump_json(),
        "publishes": decision.publishes,
        "new_items": decision.new_items,
        "criteria": [asdict(criterion) for criterion in decision.criteria],
        "comparisons": [figure.model_dump() for figure in comparisons(decision, measured)],
        "decided_at": datetime.now(UTC),
        "run_key": str(run_key),
    }


def _headline(figure: verdicts.Comparison) -> Comparison:
    row, lead = asdict(figure), figure.lead
    if lead is not None:
        row |= {"difference": lead.mean, "low": lead.low, "high": lead.high}
    return Comparison.model_validate(row | {"slice": WARM, "metric": HEADLINE})


def _lists(root: str, recipe: str | None, retrain_id: str) -> list[dict[str, Any]]:
    """Return the recipe's lists on the gate's window; no list for a `hold`."""
    if recipe is None:
        return []
    columns = ["user_id", "item_ids", "scores", "relevant"]
    equals = {"retrain_id": retrain_id, "recipe": recipe}
    return Lake(root).rows(GOLD_WINDOW_LISTS, columns=columns, equals=equals)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
