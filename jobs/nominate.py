"""Record the recipes that a retrain starts with: the challenger's and the live release's. No Spark.

Run: python -m jobs.nominate --dataset movielens_1m --recipe default --reason "New weights"
"""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.engine import recipes
from jobs.runtime import entrypoint
from serving.errors import ServingError
from serving.publishing import releases
from serving.storage import database
from serving.tables.releases import Release
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_NOMINATIONS

log = logging.getLogger(__name__)


def run(
    root: str, dataset: Dataset, engine: Engine, *, recipe: str, reason: str, run_key: RunKey
) -> None:
    """Write the nomination. A second run changes nothing.

    Raises:
        RecipeError: `recipe` is not empty, not a recipe's name and not a recipe as JSON.
    """
    with Session(engine) as session:
        live = releases.live(session)
    nominate(root, dataset, live, recipe=recipe, reason=reason, run_key=run_key)


def nominate(
    root: str,
    dataset: Dataset,
    live: Release | None,
    *,
    recipe: str,
    reason: str,
    run_key: RunKey,
) -> None:
    """Write the nomination against the live release. A second run changes nothing.

    Raises:
        RecipeError: `recipe` is not empty, not a recipe's name and not a recipe as JSON.
    """
    challenger = recipes.resolve(recipe, dataset)
    champion = None if live is None else recipes.parse(json.dumps(live.recipe_json))
    row = {
        "retrain_id": run_key.retrain_id,
        "challenger": challenger.model_dump_json(),
        "champion": None if champion is None else champion.model_dump_json(),
        "champion_release_id": None if live is None else live.release_id,
        "reason": reason,
        "nominated_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_NOMINATIONS, [row], run_key=run_key)
    opponent = "no champion, as nothing is live" if champion is None else champion.name
    log.info("%s: nominated %s against %s", dataset.name, challenger.name, opponent)


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> None:
    """Parse the command line, run."""
    parser = entrypoint.parser("nominate", __doc__)
    parser.add_argument(
        "--recipe", default="", help="name or JSON of the challenger; empty: the default"
    )
    parser.add_argument("--reason", default="By hand", help="why the retrain was started")
    args = parser.parse_args(argv)
    job = entrypoint.job(args)
    options = {"recipe": args.recipe, "reason": args.reason, "run_key": job.run_key}
    run(job.root, job.dataset, engine or database.engine(job.dataset.name), **options)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
