"""Items taken together, against a plain count of baskets and the definition of G²."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine import interactions, together
from jobs.engine.catalogue import Catalogue
from jobs.engine.interactions import KindMeaning, Meanings
from jobs.engine.learning import neighbours
from jobs.engine.learning.neighbours import Nearest
from tests.support.jobs.pairs import expected_pairs
from warehouse.tables.vocabulary import KINDS_TYPE

START = datetime(2026, 3, 1, tzinfo=UTC)
N_ITEMS = 6
Taken = tuple[int, int, datetime]  # user, item, time

# A few sorts of baskets, each of them many times, so that pairs become significant.
sorts = st.lists(
    st.tuples(st.sets(st.integers(0, N_ITEMS - 1), min_size=1), st.integers(1, 30)), max_size=8
)


def pairs_of(nearest: Nearest) -> dict[int, list[tuple[float, int, int]]]:
    """Return (ratio, other item, number of baskets) by item, in the order of the rows."""
    weights, counts = nearest.weights, nearest.counts
    assert (weights.indices == counts.indices).all()
    ends = pairwise(weights.indptr.tolist())
    rows = {item: slice(start, end) for item, (start, end) in enumerate(ends)}
    columns = (weights.data, weights.indices, counts.data.astype(int))
    return {
        item: list(zip(*(column[row].tolist() for column in columns), strict=True))
        for item, row in rows.items()
        if row.start < row.stop
    }


def matrix(baskets: list[set[int]], n_items: int = N_ITEMS) -> sparse.csr_array:
    cells = [(row, item) for row, basket in enumerate(baskets) for item in basket]
    rows, items = zip(*cells, strict=True) if cells else ((), ())
    ones = np.ones(len(cells), np.float32)
    return sparse.csr_array((ones, (rows, items)), (len(baskets), n_items))


def nearest(baskets: list[set[int]], n_items: int = N_ITEMS, n: int = 20) -> Nearest:
    weigh = partial(together.ratio_if_significant, least=together.least_ratio(n_items))
    return neighbours.nearest_by(matrix(baskets, n_items), weigh, n)


@given(sorts)
def test_kept_pairs_counts_and_ratios_are_those_of_a_plain_count(
    sorts: list[tuple[set[int], int]],
) -> None:
    baskets = [items for items, n in sorts for _ in range(n)]

    kept = pairs_of(nearest(baskets))

    expected = expected_pairs(baskets, N_ITEMS)
    assert {item: {row[1:] for row in rows} for item, rows in kept.items()} == {
        item: {row[1:] for row in rows} for item, rows in expected.items()
    }
    for item, rows in kept.items():
        ratios = {other: ratio for ratio, other, _ in expected[item]}
        assert [ratio for ratio, *_ in rows] == pytest.approx(
            [ratios[other] for _, other, _ in rows], rel=1e-5
        )
        assert rows == sorted(rows, key=lambda row: (-row[0], row[1]))


def test_of_equal_ratios_the_lower_position_is_kept() -> None:
    baskets = [{0, 1, 2, 3}] * 20 + [{4}] * 50

    kept = pairs_of(nearest(baskets, n=2))

    assert {item: [other for _, other, _ in rows] for item, rows in kept.items()} == {
        0: [1, 2], 1: [0, 2], 2: [0, 1], 3: [0, 1],
    }  # fmt: skip


def test_a_planted_pair_of_rare_items_is_kept_and_independent_popular_ones_are_not() -> None:
    n_items, rare, rng = 62, (60, 61), np.random.default_rng(5)
    popular = rng.random((3000, 60)) < np.linspace(0.02, 0.5, 60)
    baskets = [{*np.flatnonzero(row).tolist()} for row in popular]
    for row in range(8):
        baskets[row * 100] |= {*rare}
    n_both = sum(basket >= {58, 59} for basket in baskets)
    assert n_both > 500  # by chance

    kept = pairs_of(nearest(baskets, n_items))

    others = {item: [other for _, other, _ in rows] for item, rows in kept.items()}
    assert (others.pop(60), others.pop(61)) == ([61], [60])
    assert not others


def test_few_baskets_keep_no_pair() -> None:
    apart = [{5}] * 1000
    together_4 = pairs_of(nearest([{0, 1}] * (together.MIN_BASKETS - 1) + apart))
    together_5 = pairs_of(nearest([{0, 1}] * together.MIN_BASKETS + apart))

    assert not together_4
    assert [row[1:] for row in together_5[0]] == [(1, together.MIN_BASKETS)]
    assert not pairs_of(nearest([]))


def test_the_level_is_divided_by_the_number_of_items() -> None:
    assert together.least_ratio(1) == pytest.approx(6.635, abs=1e-3)  # of χ², 1 degree, at 1 %
    assert together.least_ratio(100) == pytest.approx(15.137, abs=1e-3)  # at 0.01 %
    assert together.least_ratio(0) == together.least_ratio(1)


SIZE = 12  # items of the worlds in Spark
PAIRS = (
    f"user int, item int, rating double, rated_at timestamp, positive boolean, kinds {KINDS_TYPE}"
)


def catalogue() -> Catalogue:
    ids = np.array([f"{item:02d}" for item in range(SIZE)], object)
    return Catalogue(ids, np.arange(SIZE, dtype=np.int32), sparse.csr_array((SIZE, 0), dtype=float))


def evenings() -> list[Taken]:
    """Return what 200 users took: items two by two, with gaps around a day between them."""
    rng, taken = np.random.default_rng(11), []
    for user in range(200):
        at = START + timedelta(hours=user)
        for pair in rng.permutation(SIZE // 2)[: rng.integers(1, 6)].tolist():
            for item in (2 * pair, 2 * pair + 1):
                taken.append((user, item, at))
                at += timedelta(hours=float(rng.choice([0, 1, 23.99, 24, 30])))
    return taken


def plain_baskets(taken: Iterable[Taken]) -> list[list[int]]:
    """Return what each user took with at most 24 hours between one item and the next."""
    baskets, by_user = [], defaultdict(list)
    for user, item, at in taken:
        by_user[user].append((at, item))
    for of_user in by_user.values():
        last = None
        for at, item in sorted(of_user):
            if last is None or at - last > timedelta(hours=24):
                baskets.append(list[int]())
            baskets[-1].append(item)
            last = at
    return baskets


def frame(spark: SparkSession, taken: Iterable[Taken]) -> DataFrame:
    """Return positive pairs, and as many that are not positive at the same times."""
    positive = [(user, item, 5.0, at, True, None) for user, item, at in taken]
    others = [(user, SIZE - 1, 1.0, at, False, None) for user, _, at in taken]
    return spark.createDataFrame([*positive, *others], PAIRS)


def test_spark_counts_the_baskets_of_positive_items_by_gaps(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = frame(spark, evenings()).cache()
    expected = expected_pairs(plain_baskets(evenings()), SIZE)
    assert len(expected) > SIZE // 2

    on_driver = together.taken_together(pairs, Meanings(4.0), catalogue(), 3)
    monkeypatch.setattr(together, "MAX_DRIVER_PAIRS", 0)
    by_spark = together.taken_together(pairs, Meanings(4.0), catalogue(), 3)

    rows = pairs_of(on_driver)
    assert {item: [row[1:] for row in of_item] for item, of_item in rows.items()} == {
        item: [row[1:] for row in of_item[:3]] for item, of_item in expected.items()
    }
    assert pairs_of(by_spark) == rows


def test_of_a_large_basket_the_same_sample_is_counted_each_time(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MAX_PER_BASKET", 3)
    taken = [(user, item, START) for user in range(3) for item in range(user * 3 + 1)]
    rows = spark.createDataFrame(taken, "user int, item int, taken_at timestamp")

    by_basket = defaultdict(set)
    for basket, item in together.baskets(rows).collect():
        by_basket[basket].add(item)
    again = {tuple(row) for row in together.baskets(rows.repartition(3, "item")).collect()}

    assert sorted(map(len, by_basket.values())) == [1, 3, 3]
    assert {item for _, item in again} == {i for items in by_basket.values() for i in items}


def test_an_item_is_taken_at_the_newest_event_of_a_positive_kind(spark: SparkSession) -> None:
    def at(hours: int) -> datetime:
        return START + timedelta(hours=hours)

    kinds = {
        "buy": {"n": 1, "amount": 1.0, "last_at": at(1)},
        "like": {"n": 1, "amount": 1.0, "last_at": at(2)},
        "view": {"n": 9, "amount": 9.0, "last_at": at(9)},
    }
    rows = [
        (0, 0, None, at(9), True, kinds),
        (1, 0, None, at(9), True, {"view": kinds["view"], "buy": kinds["buy"]}),
        (2, 0, 5.0, at(9), True, {"view": kinds["view"]}),
        (3, 0, 5.0, at(3), True, None),
    ]
    meant = (KindMeaning("buy", positive_from=0), KindMeaning("like", positive_from=0))
    meanings = Meanings(4.0, (*meant, KindMeaning("view")))

    timeless = Meanings(4.0, meanings.kinds, has_times=False)

    def hours(of: Meanings) -> list[int]:
        micros = F.unix_micros(interactions.taken_at(of)).alias("micros")
        taken = spark.createDataFrame(rows, PAIRS).select("user", micros).orderBy("user")
        start = int(START.timestamp()) * 1_000_000
        return [(row.micros - start) // 3_600_000_000 for row in taken.collect()]

    assert hours(meanings) == [2, 1, 9, 3]
    assert hours(timeless) == [9, 9, 9, 3]  # their `rated_at` is the same everywhere
