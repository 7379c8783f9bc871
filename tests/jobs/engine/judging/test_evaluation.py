"""The choice of example users."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine.judging import evaluation
from jobs.engine.judging.evaluation import EvaluationUsers


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
