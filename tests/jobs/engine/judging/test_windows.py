"""Training rows and test rows of a cut."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.engine.interactions import KindMeaning, Meanings
from jobs.engine.judging import windows
from jobs.engine.judging.windows import Cut, Window
from tests.support.jobs.interactions import STARS

START = datetime(2024, 1, 1, tzinfo=UTC)
EVENTS = "user int, item int, kind string, rating double, occurred_at timestamp, event_id string"
Event = tuple[int, int, str, float | None, int]


def frame(spark: SparkSession, rows: Sequence[Event]) -> DataFrame:
    """Return the events, `day` days after START each, with ascending ids."""
    return spark.createDataFrame(
        [
            (user, item, kind, rating, START + timedelta(days=day), f"{at:03d}")
            for at, (user, item, kind, rating, day) in enumerate(rows)
        ],
        EVENTS,
    )


def cut(
    spark: SparkSession, rows: Sequence[Event], share: float = 0.8, how: Cut = "time"
) -> Window:
    events = frame(spark, rows)
    older = windows.older_side(events, STARS, share=share, cut=how)
    return windows.window(events, older, STARS)


def rows_of(frame: DataFrame, *columns: str) -> set[tuple[object, ...]]:
    return {tuple(row) for row in frame.select(*columns).collect()}


def test_one_global_time_cuts_all_users(spark: SparkSession) -> None:
    window = cut(spark, [(1, n, "rate", 4.0, n) for n in range(8)] + [(2, 0, "rate", 4.0, 8)] * 2)

    assert rows_of(window.training, "user", "item") == {(1, n) for n in range(8)}
    assert rows_of(window.test, "user", "item") == {(2, 0)}


def test_ties_at_the_cut_go_to_the_older_side(spark: SparkSession) -> None:
    days = [0, 1, 2, 3, 3, 3, 3, 3, 3, 4]
    window = cut(spark, [(1, n, "rate", 4.0, day) for n, day in enumerate(days)], share=0.5)

    assert window.training.count() == 9
    assert rows_of(window.test, "item") == {(9,)}


def test_training_rows_are_the_ratings_at_the_cut_and_a_re_rating_is_no_test_row(
    spark: SparkSession,
) -> None:
    rows: list[Event] = [
        (1, 1, "rate", 2.0, 0),
        (1, 1, "rate", 3.0, 1),
        (1, 2, "rate", 4.0, 2),
        (1, 3, "rate", 4.0, 3),
        (1, 1, "rate", 5.0, 9),
    ]
    window = cut(spark, rows)

    assert rows_of(window.training, "item", "rating") == {(1, 3.0), (2, 4.0), (3, 4.0)}
    assert window.test.isEmpty()


def test_events_of_one_time_are_ordered_by_their_id(spark: SparkSession) -> None:
    window = cut(spark, [(1, 1, "rate", 2.0, 0), (1, 1, "rate", 5.0, 0)], share=1)

    assert rows_of(window.training, "rating") == {(5.0,)}


def test_an_undone_rating_is_neither_a_training_row_nor_a_later_test_row(
    spark: SparkSession,
) -> None:
    rows: list[Event] = [
        (1, 1, "rate", 5.0, 0),
        (1, 1, "unrate", None, 1),
        (1, 2, "rate", 5.0, 2),
        (1, 1, "rate", 5.0, 3),
    ]
    window = cut(spark, rows, share=0.6)

    assert rows_of(window.training, "item") == {(2,)}
    assert window.test.isEmpty()


def test_hidden_items_are_filtered_and_never_trained_on(spark: SparkSession) -> None:
    rows: list[Event] = [
        (1, 1, "hide", None, 0),
        (1, 2, "rate", 5.0, 1),
        (1, 3, "not_interested", None, 1),
        (1, 4, "rate", 5.0, 2),
        (1, 5, "hide", None, 3),
        (1, 1, "rate", 5.0, 4),
    ]
    window = cut(spark, rows, share=0.6)

    assert rows_of(window.training, "item") == {(2,), (4,)}
    assert rows_of(window.hidden, "item") == {(1,), (3,)}
    assert window.test.isEmpty()  # the user had hidden it before


def test_an_item_is_hidden_while_the_newest_event_hides_it(spark: SparkSession) -> None:
    rows: list[Event] = [
        (1, 1, "hide", None, 0),
        (1, 1, "rate", 5.0, 1),  # shows it again
        (1, 2, "not_interested", None, 0),
        (1, 2, "unrate", None, 1),  # undoes the hide
        (1, 3, "rate", 5.0, 0),
        (1, 3, "hide", None, 1),
        (1, 4, "unrate", None, 0),
        (1, 4, "hide", None, 0),  # at one time the later id counts
        (1, 5, "rate", 5.0, 0),
        (1, 6, "hide", None, 0),
        (1, 6, "rate", 4.0, 9),
    ]

    assert rows_of(windows.hidden(frame(spark, rows)), "item") == {(3,), (4,)}
    window = cut(spark, rows, share=0.7)
    assert rows_of(window.hidden, "item") == {(3,), (4,), (6,)}
    assert rows_of(window.training, "item") == {(1,), (3,), (5,)}
    assert window.test.isEmpty()


def test_a_window_without_events_is_empty(spark: SparkSession) -> None:
    window = cut(spark, [])

    assert window.training.isEmpty()
    assert window.test.isEmpty()


@given(
    st.lists(st.integers(0, 15), min_size=1, max_size=60),
    st.sampled_from([0.01, 0.4, 0.5, 0.6, 0.8, 0.99]),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_cut_is_the_first_time_that_reaches_the_share(
    spark: SparkSession, days: list[int], share: float
) -> None:
    events = frame(spark, [(1, n, "rate", 4.0, day) for n, day in enumerate(days)])

    cut_at = windows.cut_at(events, share)

    times = [int((START + timedelta(days=day)).timestamp() * 1e6) for day in sorted(days)]
    assert cut_at == next(time for n, time in enumerate(times, 1) if n >= share * len(times))


def test_the_epoch_can_be_the_cut(spark: SparkSession) -> None:
    events = frame(spark, [(1, 1, "rate", 4.0, 0), (1, 2, "rate", 4.0, 1)])
    at_epoch = events.selectExpr("kind", "timestamp_micros(0) AS occurred_at").limit(1)

    assert windows.cut_at(at_epoch, 0.5) == 0


def test_a_random_cut_keeps_pairs_together_and_meets_the_share(spark: SparkSession) -> None:
    rows: list[Event] = [(n % 40, n, "rate", 4.0, day) for n in range(1000) for day in (0, 1)]
    window = cut(spark, rows, how="random")

    training, test = rows_of(window.training, "item"), rows_of(window.test, "item")
    assert not training & test
    assert len(training | test) == 1000
    assert len(training) == pytest.approx(800, abs=60)


def test_rolling_windows_end_before_the_gates_test_rows() -> None:
    names = [span.name for span in windows.rolling(0.8)]
    assert names == ["rolling_40", "rolling_50", "rolling_60"]
    assert [(span.share, span.until) for span in windows.rolling(0.8)] == [
        (0.4, 0.6),
        (0.5, 0.7),
        (0.6, 0.8),
    ]
    assert all(span.until <= 0.9 for span in windows.rolling(0.9))


SHOP = Meanings(
    relevant_from=None,
    kinds=(KindMeaning("buy", positive_from=2, blocks=True), KindMeaning("view")),
)


def test_a_pair_is_judged_that_becomes_positive_and_may_still_be_recommended(
    spark: SparkSession,
) -> None:
    rows: list[Event] = [
        (1, 1, "view", None, 0),
        (1, 2, "buy", None, 1),
        (1, 3, "view", None, 2),
        (1, 4, "hide", None, 2),
        (1, 5, "other", None, 2),
        *[(1, item, "buy", None, day) for item in (1, 2, 4, 5) for day in (8, 9)],
        (1, 3, "buy", None, 9),
    ]
    events = frame(spark, rows).withColumn("value", F.lit(None).cast("double"))

    window = windows.window(events, F.col("occurred_at") < START + timedelta(days=5), SHOP)

    assert rows_of(window.training, "item", "positive") == {(1, False), (2, False), (3, False)}
    assert rows_of(window.test, "item", "positive") == {(1, True), (3, False), (5, True)}
    assert rows_of(window.hidden, "item") == {(4,)}


def test_the_cut_counts_events_of_all_kinds(spark: SparkSession) -> None:
    events = frame(spark, [(1, n, "view" if n else "buy", None, n) for n in range(10)])

    older = windows.older_side(events, SHOP, share=0.5)

    assert events.where(older).count() == 5
