"""Recipes by name, and models of other libraries, on the gate's window of a data set.

The settings of the other libraries' models are chosen on the rolling window before it.
"""

import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from benchmarks import side_by_side
from benchmarks.arrays import write_arrays
from benchmarks.public_data.journey import Arrived
from jobs.engine import recipes
from jobs.engine.errors import EngineError
from jobs.retraining.evaluation_windows import (
    PreparedWindow,
    gate_window,
    headline,
    prepare,
    rolling_windows,
)
from jobs.retraining.frozen_tables import frozen
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.run_keys import RunKey
from warehouse.tables.vocabulary import RECIPE_NAMES, RecipeName


def show(spark: SparkSession, arrived: Arrived) -> None:
    """Print NDCG@10 of each recipe and of the other libraries' models, best first."""
    dataset = arrived.dataset
    run_key = RunKey.parse(f"{arrived.verdict['retrain_id']}/peers")
    rows = frozen(Warehouse(spark, arrived.root, run_key=run_key), dataset)
    *_, (_, last) = rolling_windows(rows, dataset)
    with tempfile.TemporaryDirectory() as folder:
        write_arrays(prepare(rows, dataset, last), dataset, Path(folder, "choose.npz"))
        gate = prepare(rows, dataset, gate_window(rows, dataset))
        write_arrays(gate, dataset, Path(folder, "test.npz"))
        results = side_by_side.other_libraries(side_by_side.environment(), folder)
    results += [row for name in RECIPE_NAMES for row in _lantern(gate, name, dataset)]
    for name, value, seconds, settings in sorted(results, key=lambda row: -row[1]):
        print(f"  {value:.4f}  {name}: {settings}; fit {seconds:.1f} s", flush=True)


def _lantern(
    gate: PreparedWindow, name: RecipeName, dataset: Dataset
) -> list[tuple[str, float, float, str]]:
    """Return (name, NDCG@10, seconds of the fit, settings); nothing if it cannot be fitted."""
    recipe = recipes.by_name(dataset).get(name)
    if recipe is None:
        return []
    try:
        model = gate.fit(recipe)
    except EngineError as error:
        print(f"  {name}: {error}", flush=True)
        return []
    found = headline(gate.evaluate([model]), recipe.name)
    return [] if found is None else [(f"Lantern: {name}", found.value, model.seconds, recipe.name)]
