"""Metrics against cases with known answers, against trec_eval and against numpy."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import pytrec_eval
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.judging import metrics
from ranking import metrics as ranking

LISTS = "recipe string, user int, item_ids array<string>, diversity double"
TREC = {"ndcg": "ndcg_cut", "recall": "recall", "map": "map_cut", "hit_rate": "success"}
Case = tuple[Sequence[str], Sequence[str]]

ITEMS = [f"i{n:02d}" for n in range(60)]
CASES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(ITEMS), max_size=60, unique=True),
        st.lists(st.sampled_from(ITEMS), min_size=1, max_size=60, unique=True),
    ),
    min_size=60,
    max_size=60,
)


def metrics_of(spark: SparkSession, cases: Sequence[Case]) -> list[dict[str, float]]:
    """Return the metrics of each case (shown, relevant), all in one pass."""
    lists, relevant = frames(spark, cases)
    rows = metrics.per_user(lists, relevant).orderBy("user").collect()
    return [{name: row[name] for name in metrics.PER_USER} for row in rows]


def frames(spark: SparkSession, cases: Sequence[Case]) -> tuple[DataFrame, DataFrame]:
    lists = [("r", at, list(shown), 0.5) for at, (shown, _) in enumerate(cases)]
    relevant = [(at, list(relevant)) for at, (_, relevant) in enumerate(cases)]
    return (
        spark.createDataFrame(lists, LISTS),
        spark.createDataFrame(relevant, "user int, relevant array<string>"),
    )


def by_trec(cases: Sequence[Case]) -> list[dict[str, float]]:
    """Return the same metrics from trec_eval, the reference implementation.

    It divides recall and average precision by the number of relevant items, we by min(k, n).
    """
    relevant = {str(at): dict.fromkeys(relevant, 1) for at, (_, relevant) in enumerate(cases)}
    shown = {
        str(at): {item: float(-rank) for rank, item in enumerate(shown)}
        for at, (shown, _) in enumerate(cases)
    }
    names = {f"{name}.{','.join(map(str, metrics.KS))}" for name in TREC.values()}
    by_user = pytrec_eval.RelevanceEvaluator(relevant, names).evaluate(shown)
    rows = []
    for at, (listed, liked) in enumerate(cases):
        of_user = by_user.get(str(at)) if listed else None  # trec_eval leaves out empty lists
        rows.append(
            {
                f"{ours}@{k}": (of_user[f"{theirs}_{k}"] if of_user else 0.0)
                * (len(liked) / min(k, len(liked)) if ours in {"recall", "map"} else 1)
                for ours, theirs in TREC.items()
                for k in metrics.KS
            }
        )
    return rows


def test_metrics_of_known_cases(spark: SparkSession) -> None:
    below = [f"x{n}" for n in range(10)]
    cases: dict[str, tuple[Case, dict[str, float]]] = {
        "all right": (("ab", "ab"), dict.fromkeys(metrics.PER_USER, 1.0)),
        "none right": (("xy", "ab"), dict.fromkeys(metrics.PER_USER, 0.0)),
        "nothing shown": (("", "a"), dict.fromkeys(metrics.PER_USER, 0.0)),
        "second rank": (("xa", "a"), {"ndcg@10": 1 / math.log2(3), "map@10": 0.5}),
        "short list": (("a", "abc"), {"recall@10": 1 / 3, "map@10": 1 / 3, "hit_rate@10": 1.0}),
        "eleventh": (([*below, "a"], "a"), {"ndcg@10": 0.0, "recall@10": 0.0, "recall@50": 1.0}),
        "more relevant": (
            (ITEMS[:10], ITEMS[:12]),
            {"recall@10": 1.0, "ndcg@10": 1.0},
        ),
        "order among hits": (("ba", "ab"), {"ndcg@10": 1.0}),
    }

    rows = metrics_of(spark, [case for case, _ in cases.values()])

    for (name, (_, expected)), row in zip(cases.items(), rows, strict=True):
        assert row | expected == pytest.approx(row), name


def test_users_without_relevant_items_are_left_out(spark: SparkSession) -> None:
    lists, relevant = frames(spark, [("a", ""), ("a", "a")])

    [row] = metrics.per_user(lists, relevant).collect()

    assert (row["recipe"], row["user"], row["ndcg@10"], row["diversity@10"]) == ("r", 1, 1.0, 0.5)


@given(CASES)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_metrics_agree_with_trec_eval(spark: SparkSession, cases: list[Case]) -> None:
    for row, expected in zip(metrics_of(spark, cases), by_trec(cases), strict=True):
        assert row == pytest.approx(expected, abs=1e-9)


@given(CASES)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_spark_and_numpy_compute_the_same_ndcg_and_recall(
    spark: SparkSession, cases: list[Case]
) -> None:
    hits = np.zeros((len(cases), metrics.K))
    for row, (item_ids, relevant) in zip(hits, cases, strict=True):
        flags = [item_id in relevant for item_id in item_ids[: metrics.K]]
        row[: len(flags)] = flags
    n_relevant = np.array([len(relevant) for _, relevant in cases])

    rows = metrics_of(spark, cases)

    ndcg, recall = ranking.ndcg(hits, n_relevant), ranking.recall(hits, n_relevant)
    assert [row["ndcg@10"] for row in rows] == pytest.approx(ndcg.tolist(), abs=1e-12)
    assert [row["recall@10"] for row in rows] == pytest.approx(recall.tolist(), abs=1e-12)


def test_metrics_of_all_lists_together(spark: SparkSession) -> None:
    catalogue = Catalogue(
        ids=np.array(["a", "b", "c", "d"], object),
        index=np.arange(4, dtype=np.int32),
        categories=sparse.csr_array((4, 0), dtype=np.float32),
    )
    lists, _ = frames(spark, [("ab", "a"), ("ac", "a"), ("", "a")])

    figures = metrics.of_catalogue(lists, catalogue, np.array([0.5, 0.25, 0.25, 1.0]))

    assert figures["r"] == pytest.approx(
        {
            "empty_lists": 1,
            **dict.fromkeys(("coverage@10", "coverage@50"), 3 / 4),
            **dict.fromkeys(("gini@10", "gini@50"), 0.375),  # of (0, 1, 1, 2)
            **dict.fromkeys(("novelty@10", "novelty@50"), (1 + 1 + 2 + 2) / 4),
        }
    )


def test_metrics_of_all_lists_are_cut_at_ten_and_fifty(
    spark: SparkSession,
) -> None:
    catalogue = Catalogue(
        ids=np.array(ITEMS, object),
        index=np.arange(60, dtype=np.int32),
        categories=sparse.csr_array((60, 0), dtype=np.float32),
    )
    lists, _ = frames(spark, [(ITEMS, "a"), (ITEMS[:20], "a")])

    figures = metrics.of_catalogue(lists, catalogue, np.full(60, 0.5))["r"]

    assert (figures["coverage@10"], figures["coverage@50"]) == (10 / 60, 50 / 60)
