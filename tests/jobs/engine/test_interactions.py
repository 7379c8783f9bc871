"""What a user did with an item, from all events of the pair."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, Row, SparkSession
from pyspark.sql import functions as F

from jobs.engine import interactions
from jobs.engine.interactions import KindMeaning, Meanings
from warehouse.datasets import Dataset
from warehouse.manifests.kinds import Kind
from warehouse.manifests.sources import Events, Source

START = datetime(2024, 1, 1, tzinfo=UTC)
EVENTS = "kind string, rating double, value double, occurred_at timestamp, event_id string"
SHOP = Meanings(
    relevant_from=None,
    kinds=(
        KindMeaning("buy", positive_from=2, blocks=True),
        KindMeaning("read", value="share", positive_from=0.5),
        KindMeaning("view"),
    ),
)
Event = tuple[str, float | None, int]  # kind, rating or value, day


def aggregated(
    spark: SparkSession, events: list[Event], meanings: Meanings, among: Column | None = None
) -> Row:
    rows = [
        (
            kind,
            number if kind == "rate" else None,
            None if kind == "rate" else number,
            START + timedelta(days=day),
            f"{at:03d}",
        )
        for at, (kind, number, day) in enumerate(events)
    ]
    frame = spark.createDataFrame(rows, EVENTS).agg(
        interactions.interaction(meanings, among).alias("pair")
    )
    pair = frame.select("pair.*").select(
        "*",
        interactions.is_positive(meanings).alias("positive"),
        interactions.is_seen(meanings).alias("seen"),
    )
    return pair.collect()[0]


def test_the_rules_are_those_of_the_manifest() -> None:
    shop = Dataset(
        title="Shop",
        licence="none",
        source=Source(kind="inbox"),
        events=(Events(file="a.csv", kind="view"), Events(file="b.csv", kind="buy", value="n")),
        kinds={"view": Kind(), "buy": Kind(weight=5, positive_from=2)},
    )

    assert Meanings.of(shop) == Meanings(
        None, (KindMeaning("buy", positive_from=2, blocks=True), KindMeaning("view"))
    )


def test_ratings_alone_give_the_newest_rating_and_need_no_values(spark: SparkSession) -> None:
    meanings = Meanings(relevant_from=4)

    row = aggregated(spark, [("rate", 5.0, 2), ("rate", 2.0, 3), ("hide", None, 4)], meanings)

    assert (row["rating"], row["kinds"], row["positive"], row["seen"]) == (2, None, False, True)
    assert row["event_id"] == "001"
    assert aggregated(spark, [("rate", 5.0, 2)], meanings)["positive"]
    assert aggregated(spark, [("rate", 5.0, 2), ("unrate", None, 3)], meanings)["rating"] is None
    assert not aggregated(spark, [("hide", None, 1)], meanings)["seen"]


def test_a_kind_is_positive_from_an_amount_and_a_view_neither_blocks_nor_counts(
    spark: SparkSession,
) -> None:
    view = aggregated(spark, [("view", None, 0), ("view", 9.0, 1)], SHOP)
    once, twice = (aggregated(spark, [("buy", None, 0)] * n, SHOP) for n in (1, 2))
    read = aggregated(spark, [("read", 0.25, 0), ("read", 0.5, 2), ("read", 0.3, 3)], SHOP)

    assert (view["positive"], view["seen"], view["kinds"]["view"]["amount"]) == (False, False, 10)
    assert (once["positive"], twice["positive"], once["seen"]) == (False, True, True)
    assert (read["positive"], read["seen"], read["kinds"]["read"]["amount"]) == (True, False, 0.5)


def test_an_amount_is_cut_to_the_bound_and_never_infinite(spark: SparkSession) -> None:
    row = aggregated(spark, [("view", 1e308, 0), ("view", 1e308, 1), ("read", 1e308, 0)], SHOP)

    assert [row["kinds"][kind]["amount"] for kind in ("view", "read")] == [1e9, 1e9]
    returned = aggregated(spark, [("view", 1e308, 0), ("view", -1e308, 1)], SHOP)
    assert returned["kinds"]["view"]["amount"] == 0


def test_a_rating_and_kinds_are_one_interaction(spark: SparkSession) -> None:
    meanings = Meanings(relevant_from=4, kinds=SHOP.kinds)

    row = aggregated(spark, [("rate", 5.0, 2), ("view", None, 3), ("hide", None, 4)], meanings)

    assert (row["rating"], row["event_id"], row["positive"]) == (5, "001", True)


numbers = st.none() | st.integers(1, 4).map(float)
histories = st.lists(
    st.tuples(st.sampled_from(["buy", "read", "view", "hide", "other"]), numbers, st.integers(0, 3))
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=histories)
def test_any_history_is_counted_as_in_plain_python(
    spark: SparkSession, events: list[Event]
) -> None:
    row = aggregated(spark, events, SHOP, among=F.col("occurred_at") <= START + timedelta(days=2))

    expected: dict[str, Any] = defaultdict(lambda: [0, [], START])
    for kind, value, day in events:
        if kind in ("buy", "read", "view") and day <= 2:
            expected[kind][0] += 1
            expected[kind][1].append(1 if value is None else value)
            expected[kind][2] = max(expected[kind][2], START + timedelta(days=day))
    assert {
        kind: (fields["n"], fields["amount"], fields["last_at"].replace(tzinfo=UTC))
        for kind, fields in (row["kinds"] or {}).items()
    } == {
        kind: (n, max(values) if kind == "read" else sum(values), last_at)
        for kind, (n, values, last_at) in expected.items()
    }
