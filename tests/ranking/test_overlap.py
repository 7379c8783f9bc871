import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.overlap import rank_biased_overlap

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
PERSISTENCE = st.floats(0.05, 0.95)


def by_definition(first: list[str], second: list[str], p: float, depth: int = 3000) -> float:
    """Return the infinite sum of the paper's equation 4, for lists that never agree again."""
    overlaps = [len({*first[:d]} & {*second[:d]}) / d for d in range(1, depth + 1)]
    return float((1 - p) * sum(x * p**d for d, x in enumerate(overlaps)))


def extrapolated(first: list[str], second: list[str], p: float) -> float:
    """Return equation 32 term by term."""
    short, long = sorted((first, second), key=len)
    s, n = len(short), len(long)
    common = [len({*short[:d]} & {*long[:d]}) for d in range(n + 1)]
    total = sum(common[d] / d * p**d for d in range(1, n + 1))
    total += sum(common[s] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * total + ((common[n] - common[s]) / n + common[s] / s) * p**n


def test_equal_lists_agree_and_disjoint_ones_do_not() -> None:
    assert rank_biased_overlap("abc", "abc") == pytest.approx(1)
    assert rank_biased_overlap("abc", "def") == 0
    assert rank_biased_overlap("", "") == 1
    assert rank_biased_overlap("", "abc") == 0


def test_a_change_at_the_top_weighs_more_than_one_at_the_end() -> None:
    top = rank_biased_overlap("abcdefghij", "bacdefghij")
    end = rank_biased_overlap("abcdefghij", "abcdefghji")
    assert top < end < 1
    # only the agreement at depth 1 is lost: (1 - p) of the weight
    assert top == pytest.approx(1 - (1 - 0.9))


def test_the_first_ten_ranks_have_86_percent_of_the_weight() -> None:
    """As the paper says in its section 4.4 for p = 0.9."""
    p, d = 0.9, 10
    ranks = np.arange(1, d)
    weight = 1 - p ** (d - 1)
    weight += (1 - p) / p * d * (np.log(1 / (1 - p)) - float((p**ranks / ranks).sum()))
    assert weight == pytest.approx(0.8556, abs=1e-4)


@given(LISTS, LISTS, PERSISTENCE)
def test_it_is_symmetric_between_0_and_1_and_agrees_with_the_paper(
    first: list[str], second: list[str], p: float
) -> None:
    value = rank_biased_overlap(first, second, p)
    assert -1e-9 <= value <= 1 + 1e-9
    assert value == pytest.approx(rank_biased_overlap(second, first, p))
    if first and second:
        assert value == pytest.approx(extrapolated(first, second, p))
    # what was seen is a lower bound: the extrapolation only adds
    assert value >= by_definition(first, second, p, depth=200) - 1e-9
