"""The choice of example users."""

from typing import TYPE_CHECKING, cast

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine.judging import evaluation
from jobs.engine.judging.evaluation import EvaluationUsers

if TYPE_CHECKING:
    from jobs.engine.learning.models import Model


def users_of(spark: SparkSession, terciles: list[str], n_relevant: int = 5) -> EvaluationUsers:
    """Return a warm user per tercile and a cold one, with `n_relevant` relevant items each."""
    relevant = [f"i{n}" for n in range(n_relevant)]
    rows = [(at, relevant, ["warm", name, "newest_third"]) for at, name in enumerate(terciles)]
    rows.append((len(rows), relevant, ["cold"]))
    frame: DataFrame = spark.createDataFrame(
        rows, "user int, relevant array<string>, slices array<string>"
    )
    return EvaluationUsers(inputs=frame, relevant=frame)


def examples(users: EvaluationUsers, seed: int = 1) -> list[tuple[int, str]]:
    rows = evaluation.examples(users, seed=seed).collect()
    return sorted((row["user"], row["slices"][1]) for row in rows)


def test_examples_are_one_of_each_tercile_and_depend_on_the_seed_only(spark: SparkSession) -> None:
    users = users_of(spark, ["active_low", "active_mid", "active_high"] * 20)

    first, same, other = examples(users), examples(users), examples(users, seed=2)

    assert {name for _, name in first} == {"active_low", "active_mid", "active_high"}
    assert first == same != other


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (2, 2), (9, 3)])
def test_if_all_are_in_one_tercile_up_to_three_of_it_are_examples(
    spark: SparkSession, n: int, expected: int
) -> None:
    assert len(examples(users_of(spark, ["active_low"] * n))) == expected


def test_users_with_several_relevant_items_are_preferred(spark: SparkSession) -> None:
    few = users_of(spark, ["active_low"] * 30, n_relevant=1).relevant
    several = users_of(spark, ["active_low"] * 3).relevant.selectExpr(
        "user + 100 AS user", "relevant", "slices"
    )
    both = few.union(several)

    drawn = examples(EvaluationUsers(inputs=both, relevant=both))

    assert [user for user, _ in drawn] == [100, 101, 102]


class OneItem:
    """A model whose lists all have the same item."""

    def lists(self, users: DataFrame, _: int) -> DataFrame:
        return users.selectExpr("user", "array('a') AS item_ids", "0D AS diversity")


@pytest.mark.parametrize("n_partitions", [5, 9])
def test_lists_are_made_by_as_many_tasks_as_the_users_have_partitions(
    spark: SparkSession, n_partitions: int
) -> None:
    users = spark.range(100).selectExpr("CAST(id AS int) AS user").repartition(n_partitions)
    models = {name: cast("Model", OneItem()) for name in ("one", "other")}

    lists = evaluation.lists_of(models, EvaluationUsers(inputs=users, relevant=users))

    assert lists.count() == 2 * 100
    assert lists.rdd.getNumPartitions() == n_partitions


def test_of_many_users_the_same_random_sample_is_evaluated(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "MAX_USERS", 100)
    users = spark.range(1000).selectExpr("CAST(id AS int) AS user")

    first, again = (evaluation.bounded(part) for part in (users, users.repartition(3)))

    drawn = {row["user"] for row in first.collect()}
    assert 60 < len(drawn) < 140
    assert drawn == {row["user"] for row in again.collect()}
    assert evaluation.bounded(users.limit(100)).count() == 100
