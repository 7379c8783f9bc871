"""Let the gate decide what is released, and say why in one sentence. No Spark.

Exit code 99 where nothing follows: a `hold`, or publishing is paused.

Run: python -m jobs.decide --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Unpack

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.engine import recipes
from jobs.engine.errors import EngineError
from jobs.engine.judging import gate
from jobs.engine.judging.verdicts import Decision
from jobs.retraining.evidence import Metrics, evidence, metrics
from jobs.retraining.handover import challenger, nomination, of_retrain, row_of
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.publishing import releases
from serving.publishing.evidence import record
from serving.rules import window_lists
from serving.schemas import Verdict
from serving.storage import database
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_VERDICTS, GOLD_WINDOW_LISTS
from warehouse.tables.vocabulary import HEADLINE, NOTHING_TO_DO, WARM

log = logging.getLogger(__name__)

_SAID = {True: "yes", False: "no", None: "-"}


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey) -> bool:
    """Judge, write the verdict to the lake, its summary to Postgres; return whether to go on.

    With it go the window's lists of the chosen recipe, for rules to be tried on. A second run
    changes nothing and returns what the first one did.
    """
    row = row_of(root, GOLD_VERDICTS, run_key.retrain_id)
    if row is None:
        row = _decided(root, dataset, engine, run_key)
        append(root, GOLD_VERDICTS, [row], run_key=run_key)
    verdict, lists = Verdict.model_validate(row), _lists(root, row["recipe"], run_key)
    with Session(engine) as writing, writing.begin():
        record(writing, verdict)
        window_lists.replace(writing, verdict, lists)
    log.info(event("verdict", verdict=row["verdict"], reason=row["reason"]))
    return bool(row["publishes"])


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("decide", __doc__).parse_args(argv), **overrides)
    goes_on = run(job.root, job.dataset, database.engine(job.dataset.name), run_key=job.run_key)
    return 0 if goes_on else NOTHING_TO_DO


def _decided(root: str, dataset: Dataset, engine: Engine, run_key: RunKey) -> dict[str, Any]:
    with Session(engine) as reading:
        live = releases.live(reading)
    found = metrics(root, run_key)
    publishing_paused_by = None if live is None else live.publishing_paused_by
    shown = evidence(
        root, dataset, found, publishing_paused_by=publishing_paused_by, run_key=run_key
    )
    decision = gate.decide(shown, dataset.floors)
    for each in decision.criteria:
        log.info("%-3s %s %s", _SAID[each.passed], each.criterion, each.detail)
    chosen = None
    if decision.recipe is not None:
        known = [challenger(root, run_key), nomination(root, run_key)["champion"]]
        known += [
            one.model_dump_json()
            for one in recipes.popularities(dataset.scale, dataset.windows.half_life_days)
        ]
        by_name = {recipes.parse(text).name: text for text in known if text is not None}
        chosen = by_name[decision.recipe]
    return _row(decision, chosen, found, run_key)


def _lists(root: str, recipe: str | None, run_key: RunKey) -> list[dict[str, Any]]:
    """Return the recipe's lists; none where it is none, or `evaluate` came before their table."""
    lake = Lake(root)
    if recipe is None or not lake.exists(GOLD_WINDOW_LISTS):
        return []
    columns = ["user_id", "item_ids", "scores", "relevant"]
    equals = of_retrain(run_key) | {"recipe": recipe}
    rows: list[dict[str, Any]] = lake.read(
        GOLD_WINDOW_LISTS, columns=columns, equals=equals
    ).to_pylist()
    return rows


def _row(
    decision: Decision, recipe_json: str | None, found: Metrics, run_key: RunKey
) -> dict[str, Any]:
    return {
        "retrain_id": run_key.retrain_id,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "recipe": decision.recipe,
        "recipe_json": recipe_json,
        "publishes": decision.publishes,
        "criteria": [asdict(each) for each in decision.criteria],
        "comparisons": _compared(decision) + found.others(decision),
        "decided_at": datetime.now(UTC),
        "run_key": str(run_key),
    }


def _compared(decision: Decision) -> list[dict[str, Any]]:
    return [
        {
            "recipe": one.recipe,
            "role": one.role,
            "slice": WARM,
            "metric": HEADLINE,
            "value": one.value,
            "n_users": one.n_users,
            "difference": None if one.lead is None else one.lead.mean,
            "low": None if one.lead is None else one.lead.low,
            "high": None if one.lead is None else one.lead.high,
        }
        for one in decision.comparisons
    ]


if __name__ == "__main__":
    entrypoint.run(main, EngineError, JobError, ServingError, WarehouseError)
