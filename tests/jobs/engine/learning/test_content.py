"""Content: features of items, and the ridge regression against its formula."""

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy import sparse

from jobs.engine.learning import content
from jobs.engine.learning.content import Content, ridge

ITEM = (
    "item int, item_id string, categories array<string>, released int, vendor string, "
    "attributes map<string,string>"
)
Row = tuple[int, str, list[str], int | None, None, dict[str, str] | None]
TYPES = {"price": "number", "tags": "list", "colour": "text", "until": "time"}


def items(spark: SparkSession, *rows: Row) -> Content:
    """Return the content of the rows, of which the last one is new."""
    frame = spark.createDataFrame(list(rows), ITEM)
    return Content.of(frame, np.arange(len(rows) - 1, dtype=np.int32), TYPES)


def item(at: int, category: str, price: str | None = "1", tags: str = "[]") -> Row:
    attributes = {"tags": tags, "until": "2026-01-01T00:00:00Z", "colour": f"unique {at}"}
    prices = {} if price is None else {"price": price}
    return at, f"i{at}", [category], 1990 + at, None, attributes | prices


def brute_force(x: np.ndarray, values: np.ndarray, penalty: float) -> float:
    """Return the leave-one-out error; the mean is that of all rows."""
    centred, error = values - values.mean(axis=0), 0.0
    for row in range(len(x)):
        others = np.arange(len(x)) != row
        gram = x[others].T @ x[others] + penalty * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, x[others].T @ centred[others])
        error += float(((centred[row] - x[row] @ weights) ** 2).sum())
    return error


@pytest.mark.parametrize("noise", [0.01, 1, 30])
def test_the_penalty_has_the_smallest_error_of_leaving_one_out(noise: float) -> None:
    rng = np.random.default_rng(3)
    x = (rng.random((40, 5)) < 0.5).astype(float)
    values = x @ rng.normal(size=(5, 3)) + rng.normal(size=(40, 3)) * noise
    best = min(content.PENALTIES, key=lambda penalty: brute_force(x, values, penalty))

    weights = ridge(sparse.csr_array(x), values.astype(np.float32))

    gram = x.T @ x + best * np.eye(5)
    expected = np.linalg.solve(gram, x.T @ (values - values.mean(axis=0)))
    assert weights == pytest.approx(expected, abs=1e-4)


def test_blocks_of_items_give_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x = sparse.csr_array((rng.random((30, 4)) < 0.4).astype(float))
    values = rng.normal(size=(30, 2)).astype(np.float32)
    whole = ridge(x, values)

    monkeypatch.setattr(content, "_ITEMS_PER_BLOCK", 7)

    assert ridge(x, values) == pytest.approx(whole)


def test_features_are_what_several_known_items_share(spark: SparkSession) -> None:
    rows = [item(at, "ab"[at % 2], str(at), '["x"]' if at < 4 else "[]") for at in range(6)]

    found = items(spark, *rows, item(6, "a", None, '["y"]'))

    # Categories a and b, the decade of the 1990s, the tag x, and the price; no colour is shared.
    assert found.features.shape == (7, 5)
    assert found.n_new == 1
    flags = found.features[:, :4].toarray()
    assert sorted(flags.sum(axis=0)) == [3, 4, 4, 7]
    price = found.features[:, [4]].toarray().ravel()
    assert price[6] == 0
    assert price[:6].mean() == pytest.approx(0, abs=1e-6)
    assert price[:6].std() == pytest.approx(1)


def test_a_new_item_has_factors_like_those_of_its_category(spark: SparkSession) -> None:
    found = items(spark, *(item(at, "ab"[at % 2]) for at in range(20)), item(20, "b"))
    known = np.arange(20, dtype=np.int32)
    matrix = np.array([[1, 0], [0, 1]] * 10, np.float32)

    numbers, rows = found.with_new(known, matrix, found.map_to(known, matrix))

    assert numbers.tolist() == [*range(21)]
    assert rows[:20] == pytest.approx(matrix)
    assert rows[20] == pytest.approx([0, 1], abs=0.1)


def test_without_any_shared_feature_a_new_item_has_the_mean_factors(spark: SparkSession) -> None:
    rows: list[Row] = [(at, f"i{at}", [], None, None, None) for at in range(3)]
    found = items(spark, *rows)

    known, matrix = np.arange(2, dtype=np.int32), np.eye(2, dtype=np.float32)

    _, factors = found.with_new(known, matrix, found.map_to(known, matrix))

    assert factors[2] == pytest.approx([0.5, 0.5])
