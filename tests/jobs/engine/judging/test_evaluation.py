"""Whose lists are shown to a person: three, of those whom the window knows."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine.judging import evaluation
from jobs.engine.judging.evaluation import EvaluationUsers


def users_of(spark: SparkSession, terciles: list[str], n_wanted: int = 5) -> EvaluationUsers:
    """Return who wants so many items each; the last is cold."""
    wanted = [f"i{n}" for n in range(n_wanted)]
    rows = [(at, wanted, ["warm", name, "newest_third"]) for at, name in enumerate(terciles)]
    rows.append((len(rows), wanted, ["cold"]))
    frame: DataFrame = spark.createDataFrame(
        rows, "user int, wanted array<string>, slices array<string>"
    )
    return EvaluationUsers(inputs=frame, wanted=frame)


def shown(found: EvaluationUsers, seed: int = 1) -> list[tuple[int, str]]:
    rows = evaluation.examples(found, seed=seed).collect()
    return sorted((row["user"], row["slices"][1]) for row in rows)


def test_one_of_each_tercile_is_shown_and_always_the_same(spark: SparkSession) -> None:
    found = users_of(spark, ["active_low", "active_mid", "active_high"] * 20)

    first, same, other = shown(found), shown(found), shown(found, seed=2)

    assert {name for _, name in first} == {"active_low", "active_mid", "active_high"}
    assert first == same != other


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (2, 2), (9, 3)])
def test_where_all_are_alike_three_of_them_are_shown(
    spark: SparkSession, n: int, expected: int
) -> None:
    assert len(shown(users_of(spark, ["active_low"] * n))) == expected


def test_who_wants_more_than_one_thing_is_preferred(spark: SparkSession) -> None:
    little = users_of(spark, ["active_low"] * 30, n_wanted=1).wanted
    much = users_of(spark, ["active_low"] * 3).wanted.selectExpr(
        "user + 100 AS user", "wanted", "slices"
    )
    both = little.union(much)

    found = shown(EvaluationUsers(inputs=both, wanted=both))

    assert [user for user, _ in found] == [100, 101, 102]
