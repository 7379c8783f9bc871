"""The API computes the row of a new item from its content as a retrain does."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from jobs.engine.learning import models
from jobs.engine.learning.content import Content
from jobs.engine.learning.segments import user_segments
from jobs.engine.recipes import Als, AlsWithPriors
from jobs.retraining import item_tables
from serving.catalogue_changes import attributes
from serving.catalogue_changes.content_map import ContentMap
from serving.items import CatalogueItem
from serving.lists.fold_in import Constants
from tests.jobs.engine.learning import test_priors as small
from tests.jobs.engine.learning.test_content import ITEM
from tests.support.jobs.interactions import of_ratings

TYPES = {"price": "number", "tags": "list", "colour": "text", "until": "time"}
TOLERANCE = 1e-5
NEW: list[dict[str, Any]] = [
    {"categories": ["drama", "opera"], "released": 1999, "vendor": "x"},
    {"categories": ["opera", "unheard of"], "price": "4.5", "tags": ["long", "dear"]},
    {"released": 2090, "vendor": "y", "price": "-3", "colour": "red", "until": "2026-01-01"},
    {},
]


def known(at: int) -> dict[str, Any]:
    """Return the content of a known item."""
    catalogue = small.catalogue()
    names = np.array(catalogue.names)[catalogue.categories[[at]].indices].tolist()
    year = None if catalogue.released is None else catalogue.released[at]
    released = None if year is None or np.isnan(year) else int(year)
    priced = {"price": str(at * at), "tags": ["long"] * (at % 2)}
    return {
        "categories": names,
        "released": released,
        "vendor": "xy"[at % 2],
        "colour": "red",
    } | priced


def in_lake(at: int, row: dict[str, Any]) -> tuple[object, ...]:
    texts = {
        name: row[name] if isinstance(row[name], str) else json.dumps(row[name])
        for name in TYPES
        if name in row
    }
    return at, f"{at:02d}", row.get("categories", []), row.get("released"), row.get("vendor"), texts


def in_catalogue(rows: Sequence[tuple[Any, ...]]) -> tuple[list[CatalogueItem], dict[str, Any]]:
    """Return the items as the API has them, and their attributes by id."""
    items = [CatalogueItem(i, "", tuple(c), vendor, year) for _, i, c, year, vendor, _ in rows]
    values = {
        row[1]: attributes.comparable(attributes.of_texts(row[5], TYPES), ["until"]) for row in rows
    }
    return items, values


@pytest.mark.parametrize("recipe", [small.RECIPE, small.RECIPE.als], ids=["priors", "als"])
def test_a_new_item_has_the_row_that_the_retrain_gives_it(
    spark: SparkSession, recipe: AlsWithPriors | Als
) -> None:
    columns = "user int, item int, rating double, rated_at timestamp"
    ratings = of_ratings(spark.createDataFrame(small.rows(), columns)).cache()
    members = [(user, {"sex": "fm"[user % 2]}) for user in range(small.N_USERS)]
    users = spark.createDataFrame(members, "user int, attributes map<string,string>")
    segments = user_segments(users, ("sex",))
    rows = [in_lake(at, known(at)) for at in range(small.ITEMS)]
    rows += [in_lake(small.ITEMS + at, row) for at, row in enumerate(NEW)]
    known_items = np.arange(small.ITEMS, dtype=np.int32)
    content = Content.of(spark.createDataFrame(rows, ITEM), known_items, TYPES)
    model = small.fitted(recipe, ratings, segments)

    model = models.with_new_items(model, content, ratings, segments)

    weights = [
        (
            row["kind"],
            row["feature"],
            row["centre"],
            row["deviation"],
            np.array(row["weights"], np.float32),
        )
        for row in item_tables.content_weights(model).to_pylist()
    ]
    constants = Constants.model_validate(model.constants)
    content_map = ContentMap.of_rows(weights, constants.columns, constants.newest_year)
    assert content_map is not None
    computed = content_map.rows(*in_catalogue(rows[small.ITEMS :]))
    fitted = model.item_rows[model.catalogue.positions(known_items.max() + 1 + np.arange(len(NEW)))]
    assert computed == pytest.approx(fitted, abs=TOLERANCE)
    assert len({*map(tuple, computed.tolist())}) == len(NEW)
