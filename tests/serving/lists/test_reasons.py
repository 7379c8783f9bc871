import numpy as np
import pytest

from serving.lists.reasons import decisive_terms, rating_text


@pytest.mark.parametrize(
    ("terms", "decisive"),
    [
        ([0.3, 0.2, 0.4], 0),  # together the two ratings weigh more than the prior
        ([0.2, 0.3, 0.5], 1),
        ([0.1, 0.2, 0.4], 2),
        ([-0.1, -0.2, 0.1], 2),
        ([0.9, -0.8, 0.2], 0),  # the largest of all
        ([-0.9, -0.8, -0.2], -1),
    ],
)
def test_a_rating_is_the_reason_if_all_ratings_together_weigh_as_much_as_any_prior(
    terms: list[float], decisive: int
) -> None:
    rows = [[0.1, 0.2, 0.3], terms, [0.0, 0.0, 1.0]]
    assert decisive_terms(np.array(rows), 2).tolist()[1] == decisive


def test_ratings_are_shown_in_the_units_of_their_scale() -> None:
    assert [rating_text(1, 5), rating_text(4.5, 5), rating_text(7, 10)] == [
        "1 star",
        "4.5 stars",
        "7 of 10",
    ]
