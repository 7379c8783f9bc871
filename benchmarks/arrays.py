"""An evaluation window as arrays, which models of other libraries read."""

from pathlib import Path

import numpy as np
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.interactions import is_seen
from jobs.engine.learning import preference
from jobs.engine.weightings import Centred
from jobs.retraining.evaluation_windows import PreparedWindow
from warehouse.datasets import Dataset
from warehouse.tables.vocabulary import WARM


def write_arrays(prepared: PreparedWindow, dataset: Dataset, file: Path) -> None:
    """Write a window's training rows and the relevant items of its warm users.

    Strengths are ratings minus 3/4 of the user's mean and 1/4 of the global mean, or those of the
    kinds of events by the manifest's weights. `benchmarks/peers/models.py` describes the arrays.
    """
    rows = prepared.training
    weighting = Centred() if dataset.has_scale else recipes.events(dataset)
    [mean] = rows.agg(F.avg("rating")).first() or [0]
    strengths = preference.strengths(rows, weighting, global_mean=mean or 0)
    seen = is_seen(prepared.window.meanings) if prepared.window.meanings.kinds else F.lit(1) == 1
    pairs = rows.select("user", "item", "positive", seen.alias("seen"))
    training = pairs.join(strengths, ["user", "item"], "left").toPandas()
    position_of = prepared.catalogue.positions(training["item"].to_numpy())
    training = training.assign(position=position_of, strength=training["strength"].fillna(0))
    training = training[training["position"] >= 0]
    warm = prepared.users.relevant.where(F.array_contains("slices", WARM))
    position = {item_id: at for at, item_id in enumerate(prepared.catalogue.ids)}
    relevant = [(row["user"], position[i]) for row in warm.collect() for i in row["relevant"]]
    np.savez(
        file,
        user=training["user"].to_numpy(),
        item=training["position"].to_numpy(),
        positive=training["positive"].to_numpy(bool),
        strength=training["strength"].to_numpy(np.float32),
        seen=training["seen"].to_numpy(bool),
        users=np.unique([user for user, _ in relevant]),
        relevant=np.array(relevant),
        shape=np.array([training["user"].max() + 1, len(prepared.catalogue)]),
    )
